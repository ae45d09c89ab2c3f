"""What an attempt may change of its request: a closed list, read before it is used."""

from __future__ import annotations

from typing import Any

import pytest

from controller.jobs.changes import Changes, RequestForm
from controller.jobs.request import change_to_json, in_subnets, merged, on_demand, on_instances, on_spot, on_volume
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
}


@pytest.mark.parametrize("name", MADE)
def test_every_change_that_the_controller_makes_is_read_and_asked_for_again(name: str) -> None:
    changes = Changes.of(MADE[name])
    assert Changes.of(changes.request()) == changes
    assert Changes.read(change_to_json(MADE[name])) == changes


@pytest.mark.parametrize("name", FORBIDDEN)
def test_any_other_change_is_refused_with_what_was_found(name: str) -> None:
    with pytest.raises(ValueError, match="found"):
        Changes.of(FORBIDDEN[name])


def test_a_refusal_quotes_the_tags_that_it_found() -> None:
    with pytest.raises(ValueError, match=r"found Tags .*'Key': 'team'.*, wanted a list of Key and Value"):
        Changes.of(FORBIDDEN["tags that are none"])


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
