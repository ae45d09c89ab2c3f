"""SNS's errors are of three classes: try again later, never this topic, never this message."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, ReadTimeoutError

from controller.aws.topic_chat import TopicChat
from controller.notifications.block_kit import Page
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import WrongChannel
from tests.client_errors import client_error

TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"


class Sns:
    """SNS, which publishes each message, or fails with a certain error."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.regions: list[str] = []

    def __call__(self, region: str) -> Sns:
        self.regions.append(region)
        return self

    def publish(self, **_: str) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        return {"MessageId": "m-1"}


def error(code: str, text: str = "m", status: int = 400) -> ClientError:
    return client_error(code, text, "Publish", status=status)


def post(sns: Sns, topic: str = TOPIC, region: str = "us-east-1") -> Answer:
    return TopicChat(sns, Home(account="123456789012", region=region)).post(topic, Page(text="x", blocks=()))


@pytest.mark.parametrize(
    ("failure", "answer"),
    [
        (error("Throttling"), Later),
        (error("ThrottledException"), Later),
        (error("KMSThrottling"), Later),
        (error("InternalError", status=500), Later),
        (error("NotFound", status=503), Later),  # a broken server knows nothing about the topic
        (error("ServiceUnavailable", status=503), Later),
        (error("ExpiredToken"), Later),
        (error("InvalidClientTokenId", status=403), Later),
        (error("InvalidSecurity", status=403), Later),
        (error("NobodyHasSeenThisCode"), Later),
        (ConnectTimeoutError(endpoint_url="u"), Later),
        (ReadTimeoutError(endpoint_url="u"), Later),
        (error("NotFound", status=404), WrongChannel),
        (error("AuthorizationError", status=403), WrongChannel),
        (error("AccessDenied", status=403), WrongChannel),
        (error("KMSAccessDenied"), WrongChannel),
        (error("KMSDisabled"), WrongChannel),
        (error("KMSNotFound"), WrongChannel),
        (error("KMSInvalidState"), WrongChannel),
        (error("InvalidParameter", "Invalid parameter: TopicArn"), WrongChannel),
        (error("InvalidParameter", "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"), WrongChannel),
        (error("InvalidParameter", "Invalid parameter: Message too long"), Refused),
        (error("InvalidParameter", "Invalid parameter: Subject"), Refused),
        (error("InvalidParameterValue", "Invalid parameter"), Refused),
        (error("ValidationError", "too large"), Refused),
        (ParamValidationError(report="r"), Refused),
    ],
    ids=repr,
)
def test_an_error_of_sns_passes_or_is_about_the_topic_or_about_the_message(failure: Exception, answer: type) -> None:
    found = post(Sns(failure))
    assert type(found) is answer
    if isinstance(failure, ClientError):
        assert failure.response["Error"]["Code"] in found.why  # type: ignore[union-attr]


def test_a_topic_that_is_not_allowed_says_where_to_allow_it() -> None:
    answer = post(Sns(error("AuthorizationError", "no identity-based policy allows " + "x" * 900, 403)))
    assert isinstance(answer, WrongChannel)
    assert "PolicyTopics" in answer.why
    assert len(answer.why) < 400


@pytest.mark.parametrize(
    ("topic", "home"),
    [
        ("arn:aws-cn:sns:cn-north-1:123456789012:ops", "us-east-1"),
        ("arn:aws:sns:us-east-1:123456789012:ops", "us-gov-west-1"),
        ("arn:aws:sns:us-east-1:123456789012:ops.fifo", "us-east-1"),
    ],
)
def test_a_topic_that_cannot_be_reached_from_here_is_not_asked(topic: str, home: str) -> None:
    sns = Sns()
    assert isinstance(post(sns, topic, home), WrongChannel)
    assert sns.regions == []


@pytest.mark.parametrize("code", ["InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"])
def test_a_region_that_the_account_has_not_enabled_is_a_wrong_topic_at_once_and_credentials_at_home_are_waited_for(
    code: str,
) -> None:
    away = post(Sns(error(code, status=403)), TOPIC.replace("us-east-1", "eu-central-2"))
    assert isinstance(away, WrongChannel)
    assert away.why.endswith("(is the region eu-central-2 enabled in this account?)")
    assert isinstance(post(Sns(error(code, status=403))), Later)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2"])
def test_a_topic_is_asked_in_its_own_region(region: str) -> None:
    sns = Sns()
    assert post(sns, TOPIC.replace("us-east-1", region)) == Done("sns/m-1")
    assert sns.regions == [region]
