"""A repair is computed again from the current rules; only the names of the rules are taken from the row that asked for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from controller.decide.enforce.recompute_repair import repair_now, same_repair
from controller.decide.facts import Facts
from controller.jobs.changes import Changes
from controller.jobs.job import Outcome
from controller.ledger.intent import Stop
from controller.policy.mode import Mode
from controller.policy.policy import Repair, RuleAction
from controller.policy.repair import NotRepairable
from tests.builders import ended, facts, job, policy, rule

SPOT = rule("use-spot", action=RuleAction.REPAIR)
ON_DEMAND = ended(job(spot=False, wait_s_max=None), Outcome.STOPPED)


def repaired(*rules: object, because: str = "use-spot", about: object = ON_DEMAND) -> object:
    of: Facts = facts(about, policy=policy(rules=tuple(rules)))  # type: ignore[arg-type]
    return repair_now(of, Stop(about="bert", because=because))


def test_the_rule_that_asked_decides_again_what_is_changed() -> None:
    change = repaired(SPOT)
    assert isinstance(change, dict)
    assert change["EnableManagedSpotTraining"] is True


@pytest.mark.parametrize(
    "now",
    [
        replace(SPOT, mode=Mode.WARN),
        replace(SPOT, action=RuleAction.STOP),
        replace(SPOT, name="another"),
    ],
)
def test_a_rule_that_no_longer_repairs_changes_nothing(now: object) -> None:
    assert repaired(now) == {}


def test_a_rule_is_found_among_several_that_asked() -> None:
    assert repaired(SPOT, because="first, use-spot")
    assert not repaired(SPOT, because="use-spot-too")


def test_a_job_that_meets_the_rule_by_now_is_submitted_as_it_was() -> None:
    assert repaired(SPOT, about=ended(job(), Outcome.STOPPED)) == {}


def test_tags_that_were_changed_since_they_were_read_prevent_no_repair() -> None:
    saving = rule("use-spot", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
                  repair=Repair(checkpoint="s3://acme/{team}/{job}/"))  # fmt: skip
    about = ended(job(checkpoint_uri=None, tags={"team": "../search"}), Outcome.STOPPED)
    of, stop = facts(about, policy=policy(rules=(saving,))), Stop(about="bert", because="use-spot")
    assert isinstance(repair_now(of, stop), NotRepairable)
    first = replace(about, tags={"team": "vision"})
    assert repair_now(replace(of, tagged_first=first), stop) == {"CheckpointConfig": {"S3Uri": "s3://acme/vision/bert/"}}


def stored(uri: str | None, **more: object) -> str:
    return json.dumps(Changes.of({"CheckpointConfig": {"S3Uri": uri}, **more} if uri else dict(more)).request())


WANTED = {"CheckpointConfig": {"S3Uri": "s3://acme/bert/"}}


@pytest.mark.parametrize(
    "uri", ["s3://acme/bert/", "s3://acme/bert", "s3://acme/bert-2/", "s3://acme/bert/ab12", "s3://acme/bert/ab12/"]
)
def test_a_prefix_beside_or_below_the_one_of_the_repair_is_the_same_repair(uri: str) -> None:
    assert same_repair(stored(uri), WANTED)


@pytest.mark.parametrize(
    "uri", [None, "s3://acme/bertha", "s3://acme/", "s3://other/bert/", "s3://acme/bert/../x", "s3://acme/bert/a/b"]
)
def test_any_other_prefix_is_another_repair(uri: str | None) -> None:
    assert not same_repair(stored(uri), WANTED)


def test_a_change_beside_the_prefix_makes_another_repair() -> None:
    assert not same_repair(stored("s3://acme/bert/", EnableManagedSpotTraining=True), WANTED)
    assert same_repair(stored(None, EnableManagedSpotTraining=True), {"EnableManagedSpotTraining": True})
    assert not same_repair(stored("s3://acme/bert/"), {})
