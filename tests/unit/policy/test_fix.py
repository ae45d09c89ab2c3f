"""A fix is judged again with the members of the document as it changes them, since expressions of other rules read them."""

from __future__ import annotations

from typing import Any

import pytest

from controller.policy.fix import applied
from tests.builders import job

SPOT, WAIT, PREFIX, COUNT = (
    ("EnableManagedSpotTraining",), ("StoppingCondition", "MaxWaitTimeInSeconds"), ("CheckpointConfig", "S3Uri"),
    ("ResourceConfig", "InstanceCount"),
)  # fmt: skip


def test_members_that_a_change_sets_or_takes_out_have_their_new_values() -> None:
    before = job(members={SPOT: False, WAIT: None, PREFIX: "s3://a/", COUNT: 2, ("StoppingCondition",): {}})
    change = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxWaitTimeInSeconds": 60}, "CheckpointConfig": None}
    after = applied(before, change).members
    assert after == {SPOT: True, WAIT: 60, PREFIX: None, COUNT: 2, ("StoppingCondition",): {}}


def test_a_change_of_nothing_leaves_them_alone() -> None:
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
def test_what_a_change_sets_is_no_longer_unknown(member: str, change: dict[str, Any]) -> None:
    unknown = frozenset({"spot", "runtime_s_max", "wait_s_max", "checkpoint_uri", "instance_type"})
    assert applied(job(unknown=unknown), change).unknown == unknown - {member}
