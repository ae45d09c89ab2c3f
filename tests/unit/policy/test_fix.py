"""The one fix of a job, and the job as it would be after a change, which is judged again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.claim import claim_of
from controller.jobs.job import Job
from controller.policy.findings import Demand
from controller.policy.fix import Broken, Values, applied, combined_fix
from tests.builders import BEGIN, job

SPOT, WAIT, PREFIX, COUNT = (
    ("EnableManagedSpotTraining",), ("StoppingCondition", "MaxWaitTimeInSeconds"), ("CheckpointConfig", "S3Uri"),
    ("ResourceConfig", "InstanceCount"),
)  # fmt: skip


def test_members_that_a_change_sets_or_takes_out_have_their_new_values() -> None:
    before = job(members={SPOT: False, WAIT: None, PREFIX: "s3://a/", COUNT: 2, ("StoppingCondition",): {}})
    change = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxWaitTimeInSeconds": 60}, "CheckpointConfig": None}
    after = applied(before, change).members
    assert after == {SPOT: True, WAIT: 60, PREFIX: None, COUNT: 2, ("StoppingCondition",): {}}


def test_an_empty_change_leaves_all_members_as_they_are() -> None:
    before = job(members={SPOT: False, COUNT: 2})
    assert applied(before, {}).members == before.members


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("spot", {"EnableManagedSpotTraining": True}),
        ("runtime_s_max", {"StoppingCondition": {"MaxRuntimeInSeconds": 60}}),
        ("wait_s_max", {"StoppingCondition": {"MaxWaitTimeInSeconds": 60}}),
        ("checkpoint_uri", {"CheckpointConfig": {"S3Uri": "s3://b/p/"}}),
        ("instance_type", {"ResourceConfig": {"InstanceType": "ml.g5.xlarge"}}),
    ],
)
def test_a_field_that_a_change_sets_is_no_longer_unknown(member: str, change: dict[str, Any]) -> None:
    unknown = frozenset({"spot", "runtime_s_max", "wait_s_max", "checkpoint_uri", "instance_type"})
    assert applied(job(unknown=unknown), change).unknown == unknown - {member}


def test_a_job_that_stays_on_demand_gets_the_checkpoint_that_a_rule_wants_and_loses_its_wait() -> None:
    def broken(with_fix: Job) -> list[tuple[str, Demand]]:
        return [] if with_fix.checkpoint_uri else [("save", Demand(checkpoint=True))]

    on_demand = job(spot=False, checkpoint_uri=None, wait_s_max=72_000)
    assert combined_fix(on_demand, broken, Values(places=("s3://a/bert/",), only_places=True)).request == {
        "StoppingCondition": {"MaxWaitTimeInSeconds": None}, "CheckpointConfig": {"S3Uri": "s3://a/bert/"},
    }  # fmt: skip


CLUSTER = job(spot=False, wait_s_max=None, groups=("ml.g5.xlarge",), excludes_spot=("ResourceConfig.InstanceGroups",))
TYPED = job(spot=False, wait_s_max=None)
SET_GROUPS = {"InstanceGroups": [{"InstanceGroupName": "a", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1}]}


@pytest.mark.parametrize(
    ("before", "demand", "refused"),
    [
        (CLUSTER, Demand(request={"ResourceConfig": {"InstanceCount": 4}}), "InstanceCount"),
        (CLUSTER, Demand(instance_types=("ml.g5.2xlarge",)), "InstanceType"),
        (CLUSTER, Demand(request={"ResourceConfig": {"KeepAlivePeriodInSeconds": 60}}), "KeepAlivePeriodInSeconds"),
        (TYPED, Demand(request={"ResourceConfig": SET_GROUPS}), "InstanceType and InstanceCount"),
        (TYPED, Demand(request={"ResourceConfig": SET_GROUPS | {"InstanceType": None}}), "InstanceCount"),
        (TYPED, Demand(request={"ResourceConfig": SET_GROUPS | {"InstanceType": None, "InstanceCount": None}}), ""),
        (CLUSTER, Demand(request={"ResourceConfig": {"InstanceGroups": None, "InstanceCount": 4}}), ""),
        (CLUSTER, Demand(request={"ResourceConfig": {"VolumeSizeInGB": 4}}), ""),
        (TYPED, Demand(request={"ResourceConfig": {"InstanceCount": 4}}), ""),
    ],
)
def test_a_fix_sets_nothing_that_sagemaker_refuses_beside_instance_groups(before: Job, demand: Demand, refused: str) -> None:
    fix = combined_fix(before, lambda changed: [] if changed != before else [("mine", demand)], Values())
    assert fix.why_not == (f"mine wants {refused}, which SageMaker refuses beside InstanceGroups" if refused else "")
    assert bool(fix.request) is not bool(refused)


def test_an_instance_type_of_a_fix_replaces_instance_preferences() -> None:
    flexible = job(spot=False, wait_s_max=None, preferences='[{"InstanceType": "ml.p3.2xlarge"}]', instance_count=2)
    demand = Demand(instance_types=("ml.g5.xlarge",))
    fix = combined_fix(flexible, lambda changed: [] if changed != flexible else [("mine", demand)], Values())
    assert fix.request == {
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2, "InstancePreferences": None}
    }  # fmt: skip


WARM_ON_SPOT = job(excludes_spot=("ResourceConfig.KeepAlivePeriodInSeconds",), checkpoint_uri=None)
ON_DEMAND = {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}}


def under(*prefixes: str) -> Broken:
    """Rules for spot jobs that each want checkpoints under another prefix."""

    def broken(one: Job) -> list[tuple[str, Demand]]:
        wrong = [p for p in prefixes if not (one.checkpoint_uri or "").startswith(p)] if one.spot else []
        return [(f"under {prefix}", Demand(checkpoint=True, checkpoint_under=(prefix,))) for prefix in wrong]

    return broken


def test_a_job_on_spot_loses_its_warm_pool_if_it_can_then_keep_the_rules_about_spot() -> None:
    fix = combined_fix(WARM_ON_SPOT, under("s3://a/"), Values())
    assert fix.request == {"ResourceConfig": {"KeepAlivePeriodInSeconds": None}, "CheckpointConfig": {"S3Uri": "s3://a/bert/"}}


def test_a_job_with_a_warm_pool_leaves_spot_if_two_checkpoint_rules_exclude_each_other() -> None:
    assert combined_fix(WARM_ON_SPOT, under("s3://a/", "s3://b/"), Values()).request == ON_DEMAND
    repair = combined_fix(WARM_ON_SPOT, under("s3://a/", "s3://b/"), Values(may_leave_spot=False))
    assert (repair.request, "under s3://a/ wants checkpoints under s3://a/; under s3://b/ wants" in repair.why_not) == ({}, True)


def test_a_job_that_sagemaker_accepts_on_spot_does_not_leave_spot_because_two_rules_exclude_each_other() -> None:
    fix = combined_fix(replace(WARM_ON_SPOT, excludes_spot=()), under("s3://a/", "s3://b/"), Values())
    assert (fix.request, "no request satisfies these rules" in fix.why_not) == ({}, True)


def test_the_fix_of_a_job_that_leaves_spot_also_keeps_the_rules_for_on_demand() -> None:
    serverless = replace(WARM_ON_SPOT, excludes_spot=("ServerlessJobConfig",))

    def broken(one: Job) -> list[tuple[str, Demand]]:
        return [] if one.checkpoint_uri else [("save", Demand(checkpoint=True))]

    assert combined_fix(serverless, broken, Values(places=("s3://a/x/",))).request == ON_DEMAND | {
        "CheckpointConfig": {"S3Uri": "s3://a/x/"}
    }


def test_a_repair_may_name_a_prefix_in_use_because_a_free_one_beside_it_is_chosen_before_create() -> None:
    uris = ("s3://a/x/", job().checkpoint_uri)
    demand = Demand(
        checkpoint=True, checkpoint_apart_from=tuple(claim_of(u, job="gpt", lineage="gpt", created_at=BEGIN) for u in uris)
    )
    fix = combined_fix(job(), lambda one: [("own", demand)], Values(places=("s3://a/x/",), only_places=True))
    assert fix.request == {"CheckpointConfig": {"S3Uri": "s3://a/x/"}}


def test_a_rule_that_stays_broken_with_its_demand_has_no_fix() -> None:
    fix = combined_fix(job(), lambda one: [("never", Demand(checkpoint=True))], Values())
    assert (fix.request, fix.why_not) == ({}, "no change of the request satisfies never")


@pytest.mark.parametrize(("most_s", "request_"), [(600, {}), (None, {"CheckpointConfig": {"S3Uri": "s3://a/x/"}})])
def test_no_waiting_time_is_added_if_it_is_not_known_whether_sagemaker_accepts_spot(most_s: int | None, request_: Any) -> None:
    """A rule can still limit MaxWaitTimeInSeconds of such a job."""
    grouped = job(checkpoint_uri=None, wait_s_max=None, excludes_spot=("ResourceConfig.InstanceGroups",))

    def broken(one: Job) -> list[tuple[str, Demand]]:
        wrong = [("save", Demand(checkpoint=True))] if one.checkpoint_uri is None else []
        return wrong + ([("cap", Demand(wait_s_most=most_s))] if most_s else [])

    fix = combined_fix(grouped, broken, Values(places=("s3://a/x/",)))
    assert (fix.request, bool(fix.why_not)) == (request_, most_s is not None)


def test_a_spot_job_of_instance_groups_is_not_moved_to_on_demand() -> None:
    grouped = job(checkpoint_uri=None, excludes_spot=("ResourceConfig.InstanceGroups",))

    def broken(with_fix: Job) -> list[tuple[str, Demand]]:
        return [] if with_fix.checkpoint_uri else [("saved", Demand(checkpoint=True))]

    fix = combined_fix(grouped, broken, Values(may_leave_spot=True))
    assert set(fix.request) == {"CheckpointConfig"}
