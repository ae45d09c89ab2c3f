"""A repair makes exactly the changes that the rules require, with a prefix that the policy allows, or is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.job import Job
from controller.jobs.request import RequestChange
from controller.policy.judge import Basis, judged
from controller.policy.policy import Repair, Rule, RuleAction
from controller.policy.repair import NotRepairable, repaired_request
from controller.policy.rules.kind import Evidence
from controller.policy.when import when_of
from controller.policyfile.when import compile_when
from tests.builders import job, policy, rule

TEMPLATE = Repair(checkpoint="s3://acme/{team}/{family}/")


def repairing(kind: str, repair: Repair = TEMPLATE, **options: Any) -> Rule:
    return replace(rule(kind), kind=kind, options=options, action=RuleAction.REPAIR, repair=repair)


def repaired(about: Job, *rules: Rule) -> RequestChange | NotRepairable:
    """The repair of a job, which must break all of these rules."""
    whole = policy(rules=rules)
    found, _ = judged(about, Basis(whole, Evidence(claims=())))
    assert len(found) == len(rules)
    return repaired_request(about, found, whole, lambda job: judged(job, Basis(whole, Evidence(claims=())))[0])


SPOT = "default(EnableManagedSpotTraining, false)"
UNSAVED = job("train-bert-017", checkpoint_uri=None)


def test_a_checkpoint_prefix_comes_from_the_template() -> None:
    assert repaired(UNSAVED, (repairing("checkpoint-required"))) == {
        "CheckpointConfig": {"S3Uri": "s3://acme/vision/train-bert/"}
    }


@pytest.mark.parametrize("team", ["../search", "a/b", "vision ", "вижн", "{team}", "a.b"])
def test_a_tag_that_could_leave_its_folder_refuses_the_repair(team: str) -> None:
    about = replace(UNSAVED, tags={"team": team})
    refused = repaired(about, (repairing("checkpoint-required")))
    assert isinstance(refused, NotRepairable)
    assert "wanted letters, digits and hyphens" in refused.why


def test_a_placeholder_of_the_template_may_be_a_tag() -> None:
    about = replace(UNSAVED, tags={"team": "vision", "project": "bert"})
    found = repaired(about, repairing("checkpoint-required", Repair(checkpoint="s3://acme/{tag:project}/{job}/")))
    assert found == {"CheckpointConfig": {"S3Uri": "s3://acme/bert/train-bert-017/"}}


def test_a_placeholder_without_a_value_refuses_the_repair() -> None:
    refused = repaired(UNSAVED, repairing("checkpoint-required", Repair(checkpoint="s3://acme/{tag:project}/")))
    assert refused == NotRepairable(why="{tag:project} in the checkpoint template is nothing, wanted letters, digits and hyphens")


def test_a_prefix_that_the_role_may_not_use_refuses_the_repair() -> None:
    theirs = replace(TEMPLATE, allowed={"*role/Other*": ("s3://acme/",), "*role/Train": ("s3://acme/search/",)})
    refused = repaired(UNSAVED, (repairing("checkpoint-required", theirs)))
    assert isinstance(refused, NotRepairable)
    assert "is outside the prefixes that the policy allows" in refused.why


def test_a_prefix_that_the_role_may_use_is_taken() -> None:
    ours = replace(TEMPLATE, allowed={"*role/Train": ("s3://acme/vision",)})
    assert isinstance(repaired(UNSAVED, (repairing("checkpoint-required", ours))), dict)


def test_a_prefix_that_only_has_the_same_first_letters_is_not_allowed() -> None:
    near = replace(TEMPLATE, allowed={"*": ("s3://acme/vis",)})
    assert isinstance(repaired(UNSAVED, (repairing("checkpoint-required", near))), NotRepairable)


def test_the_strictest_of_several_limits_wins() -> None:
    patient = job(runtime_s_max=36_000, wait_s_max=400_000)
    rules = (repairing("max-wait-limit", at_most_s=172_800), replace(repairing("max-wait-limit", times_runtime=2), name="twice"))
    assert repaired(patient, *rules) == {"StoppingCondition": {"MaxRuntimeInSeconds": 36_000, "MaxWaitTimeInSeconds": 72_000}}


@pytest.mark.parametrize("kind", ["max-runtime-limit", "max-wait-limit"])
def test_a_repair_never_lowers_the_runtime(kind: str) -> None:
    long = job(runtime_s_max=432_000, wait_s_max=604_800)
    refused = repaired(long, repairing(kind, at_most_s=172_800))
    assert isinstance(refused, NotRepairable)
    assert "never lowers" in refused.why


def test_a_job_that_goes_to_spot_without_a_place_for_checkpoints_is_not_repaired() -> None:
    bare = job(spot=False, wait_s_max=None, checkpoint_uri=None)
    refused = repaired(bare, repairing("spot-required", Repair()))
    assert isinstance(refused, NotRepairable)
    assert "no rule of the policy has a checkpoint template" in refused.why
    changes = repaired(bare, repairing("spot-required"))
    assert isinstance(changes, dict)
    assert changes["CheckpointConfig"] == {"S3Uri": "s3://acme/vision/bert/"}


def test_a_repair_does_not_break_a_rule_that_was_kept() -> None:
    bare = job(spot=False, wait_s_max=None, runtime_s_max=36_000)
    whole = policy(rules=(repairing("spot-required"), rule("wait-limit", kind="max-wait-limit", options={"at_most_s": 50_000})))
    found, _ = judged(bare, Basis(whole, Evidence(claims=())))
    changes = repaired_request(bare, found, whole, lambda changed: judged(changed, Basis(whole, Evidence(claims=())))[0])
    assert isinstance(changes, dict)
    assert changes["StoppingCondition"]["MaxWaitTimeInSeconds"] == 50_000


def test_spot_is_switched_on_with_a_wait() -> None:
    on_demand = job(spot=False, runtime_s_max=7200, wait_s_max=None)
    assert repaired(on_demand, (repairing("spot-required"))) == {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 14_400},
    }


def test_missing_tags_get_the_policy_s_values_or_none_at_all() -> None:
    named = Repair(tags={"who": "nobody", "other": "x"})
    assert repaired(UNSAVED, (repairing("tags-required", named, tags=("team", "who")))) == {
        "Tags": [{"Key": "who", "Value": "nobody"}]
    }
    assert isinstance(repaired(UNSAVED, (repairing("tags-required", Repair(), tags=("who",)))), NotRepairable)


def test_several_offences_are_repaired_at_once() -> None:
    rules = (repairing("checkpoint-required"), repairing("tags-required", Repair(tags={"who": "x"}), tags=("who",)))
    changes = repaired(UNSAVED, *rules)
    assert isinstance(changes, dict)
    assert changes.keys() == {"CheckpointConfig", "Tags"}


def test_a_repair_is_refused_if_it_breaks_a_rule_about_a_tag_for_which_the_policy_has_no_value() -> None:
    """The second rule selects only spot jobs, so it applies to this job only after the repair."""
    on_spot = replace(rule("who-pays"), kind="tags-required", options={"tags": ("who",)}, when=when_of(compile_when(SPOT)))
    bare = job(spot=False, wait_s_max=None, members={("EnableManagedSpotTraining",): False})
    whole = policy(rules=(repairing("spot-required"), on_spot))
    found, _ = judged(bare, Basis(whole, Evidence(claims=())))
    assert [finding.policy for finding in found] == ["spot-required"]
    refused = repaired_request(bare, found, whole, lambda changed: judged(changed, Basis(whole, Evidence(claims=())))[0])
    assert refused == NotRepairable(why="a rule wants a tag for which the policy has no value")
