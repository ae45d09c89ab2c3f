"""Values that no job can have are read as if they were absent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controller.aws.sagemaker.impossible_values import without_impossible_values

NOW, NEVER = datetime(2026, 11, 16, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("described", "read"),
    [
        ({"BillableTimeInSeconds": -1, "TrainingTimeInSeconds": 0}, {"TrainingTimeInSeconds": 0}),
        ({"TrainingEndTime": NEVER, "TrainingStartTime": NOW}, {"TrainingStartTime": NOW}),
        ({"TrainingEndTime": datetime(9999, 12, 31, tzinfo=UTC)}, {}),
        ({"ResourceConfig": {"InstanceCount": -3, "VolumeSizeInGB": 1}}, {"ResourceConfig": {"VolumeSizeInGB": 1}}),
        ({"SecondaryStatusTransitions": [{"StartTime": NEVER}, {"StartTime": NOW}]},
         {"SecondaryStatusTransitions": [{}, {"StartTime": NOW}]}),
        ({"CreationTime": NEVER}, {"CreationTime": NEVER}),
    ],
)  # fmt: skip
def test_numbers_below_zero_and_times_of_other_centuries_are_left_out(described: dict[str, object], read: object) -> None:
    assert without_impossible_values(described) == read


def test_a_description_of_possible_values_is_the_same_object() -> None:
    described = {
        "CreationTime": NOW,
        "EnableManagedSpotTraining": False,
        "ResourceConfig": {"InstanceCount": 1},
        "Items": [1, {}],
    }
    assert without_impossible_values(described) is described
