"""Spot where it pays, required tags, and allowed instance types."""

from __future__ import annotations

from controller.jobs.algorithm import AlgorithmClass
from tests.builders import algorithm, job
from tests.unit.policy.rules.judging import ask, fault_in

CANNOT = algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False)


def test_a_job_of_an_hour_or_more_belongs_on_spot() -> None:
    assert ask("spot-required", job(spot=False, runtime_s_max=3599)) is None
    assert ask("spot-required", job(spot=True)) is None
    fault = fault_in("spot-required", job(spot=False, runtime_s_max=3600))
    assert (fault.field, fault.found, fault.wanted) == ("EnableManagedSpotTraining", "false", "true, because the job may run 1 h")
    assert fault.fix.sdk == {"use_spot_instances": True, "max_run": 3600, "max_wait": 7200}
    assert fault.fix.request == {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    }


def test_spot_is_not_required_where_sagemaker_would_refuse_it() -> None:
    assert ask("spot-required", job(spot=False, runtime_s_max=3601, algorithm=CANNOT)) is None
    capped = fault_in("spot-required", job(spot=False, runtime_s_max=3600, algorithm=CANNOT))
    assert capped.fix.sdk["max_wait"] == 3600


def test_missing_and_empty_tags_are_findings() -> None:
    fault = fault_in("tags-required", job(tags={"team": "vision", "owner": ""}), tags=("team", "owner", "cost-centre"))
    assert (fault.field, fault.found, fault.wanted) == ("Tags", "owner, team", "owner, cost-centre as well")
    assert [tag["Key"] for tag in fault.fix.request["Tags"]] == ["owner", "cost-centre"]
    assert fault.fix.sdk == {"tags": fault.fix.request["Tags"]}
    assert fault_in("tags-required", job(tags={}), tags=("team",)).found == "none"
    assert ask("tags-required", job(tags={"team": "vision"}), tags=("team",)) is None


def test_instance_types_are_allowed_by_name_and_by_pattern() -> None:
    assert ask("instance-allowed", job(instance_type="ml.g5.2xlarge"), instance_types=("ml.m5.large", "ml.g5.*")) is None
    fault = fault_in("instance-allowed", job(instance_type="ml.p4d.24xlarge"), instance_types=("ml.g5.*", "ml.m5.large"))
    assert (fault.field, fault.found) == ("ResourceConfig.InstanceType", "ml.p4d.24xlarge")
    assert fault.wanted == "one of ml.g5.*, ml.m5.large"
    assert fault.fix.sdk == {"instance_type": "ml.m5.large"}
    assert fault.fix.request == {"ResourceConfig": {"InstanceType": "ml.m5.large"}}
