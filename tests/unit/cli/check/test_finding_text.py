"""What a rule found is a sentence, for every rule."""

from __future__ import annotations

import pytest

from controller.cli.check.finding_text import found_text


@pytest.mark.parametrize(
    ("rule", "field", "found", "text"),
    [
        ("spot-required", "EnableManagedSpotTraining", "false", "EnableManagedSpotTraining is false"),
        ("tags-required", "Tags", "team", "Tags: team"),
        (
            "checkpoint-alive",
            "CheckpointConfig.S3Uri",
            "no checkpoint after 1 h",
            "CheckpointConfig.S3Uri: no checkpoint after 1 h",
        ),
        ("spot-worth-it", "EnableManagedSpotTraining", "on spot this job …", "EnableManagedSpotTraining: on spot this job …"),
    ],
)
def test_only_a_value_stands_after_is(rule: str, field: str, found: str, text: str) -> None:
    assert found_text(rule, field, found) == text
