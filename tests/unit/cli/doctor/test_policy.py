"""The doctor looks up the quotas and the SNS topics that the policies name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.cli.doctor.policy import asked_quotas, look_at_quotas, look_at_topics, named_topics
from controller.policyfile import compile_folder
from tests.client_errors import client_error

TOPIC, ELSEWHERE = "arn:aws:sns:us-east-1:111222333444:ml", "arn:aws:sns:eu-west-1:111222333444:ml"
POLICY = f"""
version: 1
defaults: {{channel: "{TOPIC}"}}
slack: {{channels: {{vision: "{ELSEWHERE}"}}}}
rules: [{{name: small, rule: instance-allowed, options: {{instance_types: [ml.g5.xlarge, "ml.m5.*"]}}}}]
resubmit:
  - name: spot-only
    on_demand: false
    ladder: [same, {{instance_types: [ml.p4d.24xlarge]}}]
    causes: {{capacity: {{limit: 2}}}}
"""


class Quotas:
    """Service Quotas with these values."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_service_quotas"
        return self

    def paginate(self, ServiceCode: str) -> Any:  # noqa: N803 (AWS's own name)
        assert ServiceCode == "sagemaker"
        return [{"Quotas": [{"QuotaName": n, "QuotaCode": f"L-{i}", "Value": v}]} for i, (n, v) in enumerate(self.values.items())]


PLENTY = {
    "ml.g5.xlarge for training job usage": 4.0,
    "ml.g5.xlarge for spot training job usage": 4.0,
    "ml.p4d.24xlarge for spot training job usage": 1.0,
    "Total number of instances across all spot training jobs": 20.0,
}


@pytest.fixture
def document(tmp_path: Path) -> Any:
    (tmp_path / "a.yaml").write_text(POLICY)
    return compile_folder(tmp_path)


def test_types_that_are_named_in_full_are_asked_for_with_spot_and_on_demand_as_the_block_says(document: Any) -> None:
    assert asked_quotas(document) == {
        ("ml.g5.xlarge", True): {"small"}, ("ml.g5.xlarge", False): {"small"}, ("ml.p4d.24xlarge", True): {"spot-only"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "ok", "says"),
    [
        ({}, True, "each of 2 instance types that the policies name may train"),
        (
            {"ml.p4d.24xlarge for spot training job usage": 0.0}, False,
            "'ml.p4d.24xlarge for spot training job usage' (L-2) is 0, and spot-only asks for at least 1: request more with aws",
        ),
        ({"Total number of instances across all spot training jobs": 0.0}, False, "(L-3) is 0, and every job asks"),
        (
            {"ml.g5.xlarge for training job usage": None}, None,
            "not checked: Service Quotas has no quota 'ml.g5.xlarge for training job usage' (named by small): check the",
        ),
    ],
)  # fmt: skip
def test_a_quota_of_zero_is_named(document: Any, changes: dict[str, Any], ok: bool | None, says: str) -> None:
    values = {name: value for name, value in (PLENTY | changes).items() if value is not None}
    found, said = look_at_quotas(Quotas(**values), document)
    assert found is ok
    assert says in said


def test_policies_without_an_instance_type_need_no_quota() -> None:
    assert look_at_quotas(None, {"rules": [], "resubmit": []}) == (True, "the policies name no instance type in full")


class Sns:
    """An SNS with some topics."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def __call__(self, service: str) -> Any:
        assert service == "sns"
        return self

    def get_topic_attributes(self, TopicArn: str) -> None:  # noqa: N803 (AWS's own name)
        if TopicArn not in self.known:
            raise client_error("NotFound", operation="GetTopicAttributes")


@pytest.mark.parametrize(
    ("listed", "known", "ok", "says"),
    [
        ([TOPIC], [TOPIC], False, f"not in the stack parameter PolicyTopics: {ELSEWHERE} (of team vision); add them there"),
        ([TOPIC, ELSEWHERE], [], False, f"these topics do not exist: {TOPIC}; create them"),
        ([TOPIC, ELSEWHERE], [TOPIC], None, f"not checked: whether these topics of other regions exist: {ELSEWHERE}"),
    ],
)
def test_a_topic_that_the_stack_may_not_use_or_that_is_gone_is_named(
    document: Any, listed: list[str], known: list[str], ok: bool | None, says: str
) -> None:
    found, said = look_at_topics(Sns(*known), document, listed, "us-east-1")
    assert found is ok
    assert says in said


def test_topics_are_found_wherever_a_policy_names_a_channel(document: Any) -> None:
    assert named_topics(document) == {TOPIC: {"the default channel", "small", "spot-only"}, ELSEWHERE: {"team vision"}}
    assert look_at_topics(Sns(), {"channel": "#ml"}, [], "us-east-1") == (True, "the policies name no SNS topic")
    assert look_at_topics(Sns(TOPIC), {"channel": TOPIC}, [TOPIC], "us-east-1") == (True, f"{TOPIC}: in PolicyTopics, and exists")
