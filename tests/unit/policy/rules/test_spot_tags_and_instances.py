"""The rules spot-required, tags-required and instance-allowed."""

from __future__ import annotations

import pytest

from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.spot_possible import EXCLUDING
from tests.builders import algorithm, job
from tests.unit.policy.rules.judging import ask, fault_in, fix_in

CANNOT = algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False)


def test_a_job_of_an_hour_or_more_belongs_on_spot() -> None:
    assert ask("spot-required", job(spot=False, runtime_s_max=3599)) is None
    assert ask("spot-required", job(spot=True)) is None
    fault = fault_in("spot-required", job(spot=False, runtime_s_max=3600))
    wanted = "true, because the job may run 1 h (on-demand is allowed below 1 h)"
    assert (fault.field, fault.found, fault.wanted) == ("EnableManagedSpotTraining", "false", wanted)
    fix = fix_in("spot-required", job(spot=False, runtime_s_max=3600, wait_s_max=None))
    assert fix.sdk == {"use_spot_instances": True, "max_run": 3600, "max_wait": 7200}
    assert fix.request == {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    }


def test_spot_is_not_required_where_sagemaker_would_refuse_it() -> None:
    assert ask("spot-required", job(spot=False, runtime_s_max=3601, algorithm=CANNOT)) is None
    capped = fix_in("spot-required", job(spot=False, runtime_s_max=3600, wait_s_max=None, algorithm=CANNOT, checkpoint_uri=None))
    assert capped.sdk == {"use_spot_instances": True, "max_run": 3600, "max_wait": 3600}


@pytest.mark.parametrize("member", EXCLUDING)
def test_spot_is_never_required_of_a_job_that_cannot_use_it(member: str) -> None:
    assert ask("spot-required", job(spot=False, excludes_spot=(member,))) is None


def test_a_job_that_goes_to_spot_is_given_a_place_for_checkpoints() -> None:
    bare = job(spot=False, wait_s_max=None, checkpoint_uri=None, output_uri="s3://acme-ml/out")
    assert fix_in("spot-required", bare).request["CheckpointConfig"] == {"S3Uri": "s3://acme-ml/checkpoints/bert/"}


def test_missing_and_empty_tags_are_findings() -> None:
    fault = fault_in("tags-required", job(tags={"team": "vision", "owner": ""}), tags=("team", "owner", "cost-centre"))
    assert (fault.field, fault.found, fault.wanted) == ("Tags", "owner, team", "owner, cost-centre as well")
    fix = fix_in("tags-required", job(tags={"team": "vision", "owner": ""}), tags=("team", "owner", "cost-centre"))
    assert [tag["Key"] for tag in fix.request["Tags"]] == ["owner", "cost-centre"]
    assert fix.sdk == {"tags": fix.request["Tags"]}
    assert fault_in("tags-required", job(tags={}), tags=("team",)).found == "none"
    assert ask("tags-required", job(tags={"team": "vision"}), tags=("team",)) is None


def test_instance_types_are_allowed_by_name_and_by_pattern() -> None:
    assert ask("instance-allowed", job(instance_type="ml.g5.2xlarge"), instance_types=("ml.m5.large", "ml.g5.*")) is None
    fault = fault_in("instance-allowed", job(instance_type="ml.p4d.24xlarge"), instance_types=("ml.g5.*", "ml.m5.large"))
    assert (fault.field, fault.found) == ("ResourceConfig.InstanceType", "ml.p4d.24xlarge")
    assert fault.wanted == "one of ml.g5.*, ml.m5.large"
    fix = fix_in("instance-allowed", job(instance_type="ml.p4d.24xlarge"), instance_types=("ml.g5.*", "ml.m5.large"))
    assert fix.sdk == {"instance_type": "ml.g5.48xlarge"}  # eight accelerators, as before
    assert fix.request == {"ResourceConfig": {"InstanceType": "ml.g5.48xlarge"}}


@pytest.mark.parametrize(
    ("found", "allowed", "meant"),
    [
        ("ml.p3.2xlarge", ("ml.c5.*", "ml.g4dn.*", "ml.g5.*"), "ml.g4dn.2xlarge"),  # not ml.c5.2xlarge, which has no GPU
        ("ml.p3.8xlarge", ("ml.c5.*", "ml.g5.*", "ml.g5.xlarge"), "ml.g5.12xlarge"),
        ("ml.p3.2xlarge", ("ml.c5.*",), "ml.c5.2xlarge"),
        ("ml.m5.24xlarge", ("ml.c5.2xlarge", "ml.c5.xlarge", "ml.g5.*"), "ml.c5.2xlarge"),
        ("ml.p3.2xlarge", ("ml.g5.xlarge", "ml.trn1.2xlarge"), "ml.g5.xlarge"),  # code for NVIDIA does not run on Trainium
        ("ml.g4dn.xlarge", ("ml.a9.large", "ml.g5.2xlarge"), "ml.g5.2xlarge"),  # the first type is unknown
        ("ml.r5.24xlarge", ("ml.c5.24xlarge", "ml.m5.24xlarge"), "ml.m5.24xlarge"),  # ml.c5.24xlarge has half of its memory
        ("ml.new.large", ("ml.c5.*", "ml.g5.xlarge"), "ml.g5.xlarge"),  # an unknown type: the first that is named
    ],
)
def test_the_fix_is_the_type_that_differs_least(found: str, allowed: tuple[str, ...], meant: str) -> None:
    assert fix_in("instance-allowed", job(instance_type=found), instance_types=allowed).sdk == {"instance_type": meant}


def test_every_group_of_a_heterogeneous_cluster_is_an_allowed_type() -> None:
    mixed = job(instance_type="heterogeneous", groups=("ml.g5.xlarge", "ml.p3.2xlarge"), unknown=frozenset({"instance_type"}))
    assert ask("instance-allowed", mixed, instance_types=("ml.g5.*", "ml.p3.*")) is None
    fault = fault_in("instance-allowed", mixed, instance_types=("ml.g5.*",))
    assert (fault.field, fault.found) == ("ResourceConfig.InstanceGroups", "ml.p3.2xlarge")
    assert fix_in("instance-allowed", mixed, instance_types=("ml.g5.*",)).request == {}  # InstanceType excludes InstanceGroups


def test_every_type_that_sagemaker_may_choose_is_allowed_until_it_has_chosen() -> None:
    preferences = '[{"InstanceType": "ml.g5.xlarge"}, {"InstanceType": "ml.p3.2xlarge"}]'
    open_ = job(instance_type="flexible", preferences=preferences, unknown=frozenset({"instance_type"}))
    assert fault_in("instance-allowed", open_, instance_types=("ml.g5.*",)).field == "ResourceConfig.InstancePreferences"
    assert ask("instance-allowed", open_, instance_types=("ml.g5.*", "ml.p3.*")) is None
    chosen = job(instance_type="ml.g5.xlarge", preferences=preferences)
    assert ask("instance-allowed", chosen, instance_types=("ml.g5.*",)) is None


def test_a_serverless_job_has_no_instance_type_that_could_be_forbidden() -> None:
    serverless = job(instance_type="flexible", excludes_spot=("ServerlessJobConfig",), unknown=frozenset({"instance_type"}))
    assert ask("instance-allowed", serverless, instance_types=("ml.g5.*",)) is None
