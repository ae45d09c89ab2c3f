"""The instances of a job, from its document: those that SageMaker selected, groups of several types, and preferences."""

from __future__ import annotations

from controller.aws.sagemaker.read_job import DocumentKind, job_of
from tests.unit.aws.sagemaker.test_read_job import describe


def test_the_selected_instances_replace_the_requested_ones() -> None:
    selected = describe(ResourceConfig={"InstanceType": "ml.a", "SelectedInstanceType": "ml.b", "SelectedInstanceCount": 4})
    assert (selected.instance_type, selected.instance_count) == ("ml.b", 4)


def test_groups_of_several_types_are_heterogeneous_and_their_type_is_unknown() -> None:
    groups = [{"InstanceType": "ml.a", "InstanceCount": 2}, {"InstanceType": "ml.b", "InstanceCount": 3}]
    mixed = describe(ResourceConfig={"InstanceGroups": groups, "InstanceCount": 0})
    assert (mixed.instance_type, mixed.instance_count) == ("heterogeneous", 5)
    assert "instance_type" in mixed.unknown
    assert "heterogeneous" in mixed.unrepeatable
    alike = describe(ResourceConfig={"InstanceGroups": [groups[0], groups[0]]})
    assert (alike.instance_type, alike.instance_count, alike.unknown) == ("ml.a", 4, {"tags"})


def test_a_type_that_sagemaker_has_yet_to_choose_is_unknown() -> None:
    job = describe(ResourceConfig={"InstancePreferences": [{"InstanceType": "ml.a"}, {"InstanceType": "ml.b"}]})
    assert (job.instance_type, job.unknown) == ("flexible", {"instance_type", "tags"})


def test_the_types_of_a_heterogeneous_cluster_are_known_where_every_group_says_one() -> None:
    groups = [{"InstanceType": kind, "InstanceCount": 1, "InstanceGroupName": "g"} for kind in ("ml.g5.xlarge", "ml.p3.2xlarge")]
    body = {"TrainingJobName": "x", "RoleArn": "r", "OutputDataConfig": {"S3OutputPath": "s3://b/"}}
    known = job_of({**body, "ResourceConfig": {"InstanceGroups": groups}}, kind=DocumentKind.CREATE)
    assert known.groups == ("ml.g5.xlarge", "ml.p3.2xlarge")
    silent = [*groups, {"InstanceCount": 1, "InstanceGroupName": "h"}]
    assert job_of({**body, "ResourceConfig": {"InstanceGroups": silent}}, kind=DocumentKind.CREATE).groups == ()
