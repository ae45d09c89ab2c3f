"""Sends messages to SNS topics, as plain text. A topic only takes messages: there are no threads, edits and buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.notifications.block_kit import Page
from controller.notifications.plain_text import plain_message
from controller.policy.sns_topic import BadTopic, partition_of, sns_topic
from controller.runtime.outbox.post_only_chat import PostOnlyChat
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import WrongChannel

# SNS's errors are of three classes, as Slack's are. Errors about the topic, whatever the message, are listed here, including
# those of its KMS key. InvalidParameter is about the topic where its text names TopicArn, else about the message. After all other
# errors the message is sent again later.
WRONG_TOPIC = frozenset({
    "AuthorizationError", "AuthorizationErrorException", "AccessDenied", "AccessDeniedException", "NotFound",
    "NotFoundException", "EndpointDisabled", "KMSAccessDenied", "KMSAccessDeniedException", "KMSDisabled", "KMSDisabledException",
    "KMSInvalidState", "KMSInvalidStateException", "KMSNotFound", "KMSNotFoundException", "KMSOptInRequired",
})  # fmt: skip
WRONG_PARAMETER = frozenset({
    "InvalidParameter", "InvalidParameterException", "InvalidParameterValue", "ParameterValueInvalid", "ValidationError",
    "ValidationException",
})  # fmt: skip
ABOUT_TOPIC = ("topicarn", "topic arn", "fifo", "messagegroupid", "target arn")
WHY_MAX = 200
DENIED = frozenset({"AuthorizationError", "AuthorizationErrorException", "AccessDenied", "AccessDeniedException"})
UNKNOWN_CREDENTIALS = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "OptInRequired"})
NOT_ALLOWED = "(is it in the stack parameter PolicyTopics, and does the topic of another account allow this account?)"


class TopicChat(PostOnlyChat):
    """The Chat port over boto3 ``sns`` clients, one for each region: SNS takes a message in the region of its topic alone."""

    why = "a topic can be read, and not answered"

    def __init__(self, client: Callable[[str], Any], home: Home) -> None:
        self._client = client
        self._home = home

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:  # noqa: ARG002 - the port's own signature
        """Publish one message; Done's detail is ``sns/<message id>``."""
        try:
            topic = sns_topic(channel)
        except BadTopic as problem:
            return WrongChannel(f"{channel[:100]}: {problem}")
        if topic.partition != (own := partition_of(self._home.region)):
            return WrongChannel(f"SNS: the topic is in the partition {topic.partition}, but this stack is in {own}")
        message = plain_message(page, " ".join(filter(None, (self._home.account, self._home.region))))
        try:
            sns = self._client(topic.region)
            answer = sns.publish(TopicArn=channel, Subject=message.subject, Message=message.body)
        except (ClientError, BotoCoreError) as error:
            return _failure(error, elsewhere=topic.region if topic.region != self._home.region else "")
        return Done(f"sns/{answer.get('MessageId', '')}")


def _failure(error: ClientError | BotoCoreError, *, elsewhere: str) -> Answer:
    """The answer for an SNS error: try again later, never this topic, or never this message.

    ``elsewhere`` is the topic's region where it is not this stack's. A region that is not enabled refuses all credentials.
    """
    if isinstance(error, BotoCoreError):
        said = f"SNS did not answer: {type(error).__name__}"
        return Refused(said) if fault_of(error) is AwsFault.INVALID else Later(said)
    answer = error.response.get("Error", {})
    code, text = str(answer.get("Code", "")), " ".join(str(answer.get("Message", "")).split())
    said = f"SNS says {code}: {text}"[:WHY_MAX]
    if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return Later(said)
    if elsewhere and code in UNKNOWN_CREDENTIALS:
        return WrongChannel(f"{said} (is the region {elsewhere} enabled in this account?)")
    if code in WRONG_TOPIC:
        return WrongChannel(f"{said} {NOT_ALLOWED}" if code in DENIED else said)
    if code in WRONG_PARAMETER:
        return WrongChannel(said) if any(word in text.lower() for word in ABOUT_TOPIC) else Refused(said)
    return Later(said)
