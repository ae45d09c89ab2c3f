"""An SNS topic is allowed wherever a policy names a channel, and a mistake in its ARN is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.policyfile import compile_folder
from controller.policyfile.channels import Channel
from controller.policyfile.vocabulary import WRITTEN
from tests.unit.policyfile.writing import problems, warnings

TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:111222333444:ml-alerts"
PLACES = {
    "defaults.channel": "defaults: {channel: '%s'}",
    "rules[0].channel": "rules: [{name: a, rule: spot-required, mode: warn, channel: '%s'}]",
    "resubmit[0].channel": "resubmit: [{name: a, causes: {starved: {limit: 1}}, channel: '%s'}]",
    "slack.channels.vision": "slack: {channels: {vision: '%s'}}",
}
RULE = "\nrules: [{name: a, rule: spot-required}]"


def text(place: str, channel: str) -> str:
    section = PLACES[place] % channel
    return f"version: 1\n{section}{'' if 'rules' in section else RULE}\n"


@pytest.mark.parametrize("place", PLACES)
def test_a_topic_is_allowed_where_a_channel_is(tmp_path: Path, place: str) -> None:
    (tmp_path / "a.yaml").write_text(text(place, TOPIC), "utf-8")
    assert TOPIC in str(compile_folder(tmp_path))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ("arn:aws:sns:us-east-1:111222333444:orders.fifo", "a FIFO topic delivers only to SQS queues"),
        ("arn:aws:sns:us-gov-west-1:111222333444:ops", "the region us-gov-west-1 is in the partition aws-us-gov"),
        ("arn:aws:sns:us-east-1:1112223334:ops", "it has no account of twelve digits"),
        ("arn:aws:lambda:us-east-1:111222333444:function:f", "it is not an ARN of SNS"),
    ],
)
def test_an_arn_that_is_not_a_usable_topic_is_refused_with_the_reason(tmp_path: Path, place: str, channel: str, why: str) -> None:
    (problem, *_) = problems(tmp_path, text(place, channel))
    assert f"{place}: found '{channel}'" in problem.replace('"', "'")
    assert "wanted the ARN of an SNS topic" in problem
    assert why in problem


def test_a_key_of_another_program_has_a_hint_to_channel(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, f"version: 1\nrules: [{{name: a, rule: spot-required, notify: '{TOPIC}'}}]\n")
    assert "unknown key 'notify'" in problem
    assert "channel: with the ARN of an SNS topic" in problem


def test_a_topic_from_an_example_is_warned_about(tmp_path: Path) -> None:
    for topic in ("arn:aws:sns:us-east-1:123456789012:ml", "arn:aws:sns:us-east-1:111222333444:your-topic"):
        found = warnings(tmp_path, text("slack.channels.vision", topic))
        assert ["looks like a placeholder" in str(warning) for warning in found] == [True]
    assert warnings(tmp_path, text("slack.channels.vision", TOPIC)) == ()


def test_the_schema_accepts_the_same_channels_as_the_compiler() -> None:
    validator = Channel.__metadata__[-1]  # type: ignore[attr-defined]  # Channel is Annotated
    pattern = WRITTEN[validator.func]["pattern"]
    for channel in ("#ml", "C0123ABCD", TOPIC):
        assert re.search(pattern, channel)
    for channel in ("ml", f"{TOPIC}.fifo", "arn:aws:sns:us-east-1:1:x"):
        assert not re.search(pattern, channel)
