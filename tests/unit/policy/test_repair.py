"""A repair makes exactly the changes that the rules want, below a prefix that the policy allows, or is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.job import Job
from controller.policy.findings import Finding
from controller.policy.policy import Repair, Rule, RuleAction
from controller.policy.repair import NotRepairable, repaired_request
from controller.policy.rules import judge
from controller.policy.rules.kind import Evidence
from tests.builders import job, policy, rule

TEMPLATE = Repair(checkpoint="s3://acme/{team}/{family}/")


def repairing(kind: str, repair: Repair = TEMPLATE, **options: Any) -> Rule:
    return replace(rule(kind), kind=kind, options=options, action=RuleAction.REPAIR, repair=repair)


def findings(about: Job, *rules: Rule) -> tuple[Finding, ...]:
    found = judge(about, policy(rules=rules), Evidence(claims=())).findings
    assert len(found) == len(rules)
    return found


UNSAVED = job("train-bert-017", checkpoint_uri=None)


def test_a_checkpoint_prefix_comes_from_the_template() -> None:
    assert repaired_request(UNSAVED, findings(UNSAVED, repairing("checkpoint-required"))) == {
        "CheckpointConfig": {"S3Uri": "s3://acme/vision/train-bert/"}
    }


@pytest.mark.parametrize("team", ["../search", "a/b", "vision ", "вижн", "{team}", "a.b"])
def test_a_tag_that_could_leave_its_folder_refuses_the_repair(team: str) -> None:
    about = replace(UNSAVED, tags={"team": team})
    refused = repaired_request(about, findings(about, repairing("checkpoint-required")))
    assert isinstance(refused, NotRepairable)
    assert "wanted letters, digits and hyphens" in refused.why


def test_a_placeholder_without_a_value_refuses_the_repair() -> None:
    refused = repaired_request(
        UNSAVED, findings(UNSAVED, repairing("checkpoint-required", Repair(checkpoint="s3://acme/{tag:project}/")))
    )
    assert refused == NotRepairable(why="{tag:project} in the checkpoint template is nothing, wanted letters, digits and hyphens")


def test_a_prefix_that_the_role_may_not_use_refuses_the_repair() -> None:
    theirs = replace(TEMPLATE, allowed={"*role/Other*": ("s3://acme/",), "*role/Train": ("s3://acme/search/",)})
    refused = repaired_request(UNSAVED, findings(UNSAVED, repairing("checkpoint-required", theirs)))
    assert isinstance(refused, NotRepairable)
    assert "is outside the prefixes that the policy allows" in refused.why


def test_a_prefix_that_the_role_may_use_is_taken() -> None:
    ours = replace(TEMPLATE, allowed={"*role/Train": ("s3://acme/vision",)})
    assert isinstance(repaired_request(UNSAVED, findings(UNSAVED, repairing("checkpoint-required", ours))), dict)


def test_a_prefix_that_only_begins_alike_is_not_allowed() -> None:
    near = replace(TEMPLATE, allowed={"*": ("s3://acme/vis",)})
    assert isinstance(repaired_request(UNSAVED, findings(UNSAVED, repairing("checkpoint-required", near))), NotRepairable)


def test_the_strictest_of_several_limits_wins() -> None:
    patient = job(runtime_s_max=90_000, wait_s_max=400_000)
    rules = (repairing("max-wait-limit", at_most_s=172_800), repairing("max-runtime-limit", at_most_s=36_000))
    assert repaired_request(patient, findings(patient, *rules)) == {
        "StoppingCondition": {"MaxRuntimeInSeconds": 36_000, "MaxWaitTimeInSeconds": 172_800}
    }


def test_spot_is_switched_on_with_a_wait() -> None:
    on_demand = job(spot=False, runtime_s_max=7200, wait_s_max=None)
    assert repaired_request(on_demand, findings(on_demand, repairing("spot-required"))) == {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 14_400},
    }


def test_missing_tags_get_the_policy_s_values_or_none_at_all() -> None:
    named = Repair(tags={"who": "nobody", "other": "x"})
    assert repaired_request(UNSAVED, findings(UNSAVED, repairing("tags-required", named, tags=("team", "who")))) == {
        "Tags": [{"Key": "who", "Value": "nobody"}]
    }
    assert isinstance(
        repaired_request(UNSAVED, findings(UNSAVED, repairing("tags-required", Repair(), tags=("who",)))), NotRepairable
    )


def test_several_findings_are_repaired_at_once() -> None:
    rules = (repairing("checkpoint-required"), repairing("tags-required", Repair(tags={"who": "x"}), tags=("who",)))
    changes = repaired_request(UNSAVED, findings(UNSAVED, *rules))
    assert isinstance(changes, dict)
    assert changes.keys() == {"CheckpointConfig", "Tags"}
