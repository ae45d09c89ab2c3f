"""An attempt may change only the listed members of its request; every stored change is checked before it is used."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from controller.jobs.changes import Changes, RequestForm
from controller.jobs.request import (
    PROBE,
    change_to_json,
    describe_change,
    in_subnets,
    merged,
    on_demand,
    on_instances,
    on_spot,
    on_volume,
    tags_without_room,
)
from tests.builders import job

MADE: dict[str, Any] = {
    "on demand": on_demand(),
    "on spot": on_spot(runtime_s=3600, wait_s=None),
    "on other machines": on_instances("ml.g5.4xlarge"),
    "on a larger volume": on_volume(500),
    "in other subnets": in_subnets(["subnet-0b"]),
    "elsewhere, on demand": merged(on_instances("ml.g5.4xlarge"), on_demand()),
    "with checkpoints and tags": {
        "CheckpointConfig": {"S3Uri": "s3://c/bert/"}, "ResourceConfig": {"InstanceCount": 2},
        "Tags": [{"Key": "team", "Value": "vision"}],
    },
    "on one machine": {"ResourceConfig": {"InstanceCount": 1}},
    "on the most machines": {"ResourceConfig": {"InstanceCount": 1000}},
    "nothing": {},
}  # fmt: skip
FORBIDDEN: dict[str, Any] = {
    "role": {"RoleArn": "arn:aws:iam::111122223333:role/Admin"},
    "image": {"AlgorithmSpecification": {"TrainingImage": "evil"}},
    "entry point": {"AlgorithmSpecification": {"ContainerEntrypoint": ["sh"]}},
    "inputs": {"InputDataConfig": []},
    "output": {"OutputDataConfig": {"S3OutputPath": "s3://evil"}},
    "network isolation": {"EnableNetworkIsolation": False},
    "security groups": {"VpcConfig": {"SecurityGroupIds": ["sg-evil"]}},
    "the whole network": {"VpcConfig": None},
    "volume key": {"ResourceConfig": {"VolumeKmsKeyId": "evil"}},
    "local path": {"CheckpointConfig": {"LocalPath": "/opt/ml/code"}},
    "no checkpoints": {"CheckpointConfig": None},
    "environment": {"Environment": {"A": "1"}},
    "a name": {"TrainingJobName": "evil"},
    "a preference": {"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.p5.48xlarge"}]}},
    "a warm pool": {"ResourceConfig": {"KeepAlivePeriodInSeconds": 3600}},
    "too many machines": {"ResourceConfig": {"InstanceCount": 1001}},
    "no machine": {"ResourceConfig": {"InstanceCount": 0}},
    "half a machine": {"ResourceConfig": {"InstanceCount": 0.5}},
    "a machine that is none": {"ResourceConfig": {"InstanceType": "ml.g5.xlarge; rm"}},
    "years": {"StoppingCondition": {"MaxRuntimeInSeconds": 10**9}},
    "a wait below the runtime": {"StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 60}},
    "a flag that is none": {"EnableManagedSpotTraining": "yes"},
    "a URI that is none": {"CheckpointConfig": {"S3Uri": "https://evil"}},
    "tags that are none": {"Tags": [{"Key": "team"}]},
    "a section that is none": {"VpcConfig": ["subnet-0b"]},
    "a subnet that is none": {"VpcConfig": {"Subnets": ["a b"]}},
    "no subnets": {"VpcConfig": {"Subnets": []}},
    "17 subnets": {"VpcConfig": {"Subnets": ["s"] * 17}},
    "a subnet that is no list": {"VpcConfig": {"Subnets": "subnet-0b"}},
    "a wait of 0 s": {"StoppingCondition": {"MaxWaitTimeInSeconds": 0}},
    "too large a volume": {"ResourceConfig": {"VolumeSizeInGB": 10**6}},
    "51 tags": {"Tags": [{"Key": "k", "Value": "v"}] * 51},
}
ALLOWED = (
    "EnableManagedSpotTraining, StoppingCondition.MaxRuntimeInSeconds, StoppingCondition.MaxWaitTimeInSeconds, "
    "ResourceConfig.InstanceType, ResourceConfig.InstanceCount, ResourceConfig.VolumeSizeInGB, "
    "ResourceConfig.KeepAlivePeriodInSeconds, ResourceConfig.InstancePreferences, ResourceConfig.InstancePlacementConfig, "
    "VpcConfig.Subnets, CheckpointConfig.S3Uri, Tags"
)
REFUSALS: dict[str, str] = {
    "role": f"found a change of RoleArn, wanted one of {ALLOWED}",
    "image": f"found a change of AlgorithmSpecification, wanted one of {ALLOWED}",
    "entry point": f"found a change of AlgorithmSpecification, wanted one of {ALLOWED}",
    "inputs": f"found a change of InputDataConfig, wanted one of {ALLOWED}",
    "output": f"found a change of OutputDataConfig, wanted one of {ALLOWED}",
    "network isolation": f"found a change of EnableNetworkIsolation, wanted one of {ALLOWED}",
    "security groups": f"found a change of VpcConfig.SecurityGroupIds, wanted one of {ALLOWED}",
    "the whole network": f"found a change of VpcConfig, wanted one of {ALLOWED}",
    "volume key": f"found a change of ResourceConfig.VolumeKmsKeyId, wanted one of {ALLOWED}",
    "local path": f"found a change of CheckpointConfig.LocalPath, wanted one of {ALLOWED}",
    "no checkpoints": f"found a change of CheckpointConfig, wanted one of {ALLOWED}",
    "environment": f"found a change of Environment, wanted one of {ALLOWED}",
    "a name": f"found a change of TrainingJobName, wanted one of {ALLOWED}",
    "a section that is none": f"found a change of VpcConfig, wanted one of {ALLOWED}",
    "a preference": "found [{'InstanceType': 'ml.p5.48xlarge'}], wanted null: this member may only be removed",
    "a warm pool": "found 3600, wanted null: this member may only be removed",
    "too many machines": "found 1001, wanted a whole number from 1 to 1000",
    "no machine": "found 0, wanted a whole number from 1 to 1000",
    "half a machine": "found 0.5, wanted a whole number from 1 to 1000",
    "a machine that is none": "found 'ml.g5.xlarge; rm', wanted an instance type",
    "years": "found 1000000000, wanted a whole number from 1 to 2419200",
    "a wait below the runtime": "found MaxWaitTimeInSeconds 60 below MaxRuntimeInSeconds 600",
    "a flag that is none": "found 'yes', wanted true or false",
    "a URI that is none": "found 'https://evil', wanted an S3 URI",
    "tags that are none": "found Tags \"[{'Key': 'team'}]\", wanted a list of Key and Value",
    "a subnet that is none": "found 'a b', wanted a subnet's id",
    "no subnets": "found '[]', wanted a list of 1 to 16: a subnet's id",
    "17 subnets": "found \"['s', 's', 's', 's', 's', 's', 's', 's', 's', 's', 's', 's', 's', 's', 's', 's',\", wanted a list of 1 to 16: a subnet's id",  # noqa: E501 - a text in one piece
    "a subnet that is no list": "found 'subnet-0b', wanted a list of 1 to 16: a subnet's id",
    "a wait of 0 s": "found 0, wanted a whole number from 1 to 7776000",
    "too large a volume": "found 1000000, wanted a whole number from 1 to 16384",
    "51 tags": "found Tags \"[{'Key': 'k', 'Value': 'v'}, {'Key': 'k', 'Value': 'v'}, {'Key': 'k', 'Value': '\", wanted a list of Key and Value",  # noqa: E501 - a text in one piece
}


@pytest.mark.parametrize("name", MADE)
def test_every_change_that_the_controller_makes_is_read_and_asked_for_again(name: str) -> None:
    changes = Changes.of(MADE[name])
    assert Changes.of(changes.request()) == changes
    assert Changes.read(change_to_json(MADE[name])) == changes


def test_a_change_that_names_nothing_is_no_change() -> None:
    emptied = {
        "Tags": [],
        "StoppingCondition": {"MaxWaitTimeInSeconds": None},
        "ResourceConfig": {"KeepAlivePeriodInSeconds": None},
    }
    assert Changes.of(emptied) == Changes.of({}) == Changes.read("") == Changes()
    assert Changes().request() == {}
    assert not any(value is not None and value != () for value in asdict(Changes()).values())


@pytest.mark.parametrize("name", FORBIDDEN)
def test_any_other_change_is_refused_with_what_was_found_and_what_is_wanted(name: str) -> None:
    with pytest.raises(ValueError, match=r"^found ") as refused:
        Changes.of(FORBIDDEN[name])
    assert str(refused.value) == REFUSALS[name]


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "{", "[" * 100_000])
def test_a_row_that_holds_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"found|Expecting"):
        Changes.read(text)


def test_a_description_shows_the_form_of_the_request_after_its_changes() -> None:
    root = job(subnets=("b", "a"), volume_gb=50)
    form = RequestForm.of(root)
    assert form.changed(Changes.of(on_demand())) == RequestForm.of(
        job(subnets=("a", "b"), volume_gb=50, spot=False, wait_s_max=None)
    )
    moved = Changes.of(
        merged(on_instances("ml.g5.4xlarge"), on_volume(90), in_subnets(["c"]), {"CheckpointConfig": {"S3Uri": "s3://x/"}})
    )
    wanted = job(subnets=("c",), volume_gb=90, instance_type="ml.g5.4xlarge", checkpoint_uri="s3://x/")
    assert form.changed(moved) == RequestForm.of(wanted)
    assert form.changed(Changes(tags=(("team", "x"),))) == form


def test_where_sagemaker_chooses_the_machines_their_preferences_are_compared() -> None:
    one, other = (RequestForm.of(job(preferences="[1]", instance_type=t)) for t in ("flexible", "ml.g5.xlarge"))
    assert one == other
    assert (one.instance_type, one.instance_count) == ("", 1)
    assert one != RequestForm.of(job(preferences="[2]"))
    assert one.changed(Changes(instance_type="ml.g5.xlarge")) == RequestForm.of(job(instance_type="ml.g5.xlarge"))


def test_a_probe_shows_one_machine_on_spot_that_keeps_nothing() -> None:
    probing = RequestForm.of(job(instance_count=8, spot=False, wait_s_max=None)).probing()
    assert probing == RequestForm.of(job(instance_count=1, runtime_s_max=300, wait_s_max=900, checkpoint_uri=None))
    asked = {name: value for name, value in PROBE.items() if name in ("EnableManagedSpotTraining", "StoppingCondition")}
    assert probing.changed(Changes.of(asked)) == probing


def test_a_form_returns_the_current_values_of_the_changed_members_alone() -> None:
    form = RequestForm.of(job(subnets=("subnet-b", "subnet-a"), volume_gb=None))
    changes = merged(on_instances("ml.g5.4xlarge", 3), on_demand(), in_subnets(["subnet-c"]), on_volume(50))
    assert form.values_of(Changes.of(changes)) == {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxWaitTimeInSeconds": 72_000},
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1},
        "VpcConfig": {"Subnets": ["subnet-a", "subnet-b"]},
    }
    assert form.values_of(Changes()) == {}


def test_a_change_in_words_says_what_was_before() -> None:
    was = change_to_json(RequestForm.of(job()).values_of(Changes.of(MADE["elsewhere, on demand"])))
    assert describe_change(change_to_json(MADE["elsewhere, on demand"]), was) == (
        "EnableManagedSpotTraining false (was true)",
        "InstanceType ml.g5.4xlarge (was ml.g5.2xlarge)",
        "no MaxWaitTimeInSeconds (was 72000)",
    )
    assert describe_change(change_to_json(MADE["on a larger volume"])) == ("VolumeSizeInGB 500",)


def test_a_job_has_room_for_50_tags_three_of_them_spotwarden_s_and_aws_s_own_take_none() -> None:
    most = {f"k{n}": "v" for n in range(47)}
    assert tags_without_room({"aws:made": "x", "spotwarden:attempt": "1", **most}) == ()
    assert tags_without_room({**most, "one": "v", "more": "v"}) == ("one", "more")
