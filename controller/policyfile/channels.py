"""Where messages go: a Slack channel by its name or ID, or an SNS topic by its ARN."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from controller.policy.bounds import ANY_CHANNEL, CHANNEL, TEXT_MAX
from controller.policy.sns_topic import PARTITIONS, WANTED, BadTopic, is_topic, sns_topic
from controller.policyfile.vocabulary import Text, unlike, written


def _topic(found: str) -> str:
    """Accept the ARN of an SNS topic."""
    try:
        sns_topic(found)
    except BadTopic as problem:
        raise unlike(WANTED, str(problem)) from None
    return found


def _any_channel(found: str) -> str:
    """Accept any text, but an ARN must be that of an SNS topic."""
    return _topic(found) if is_topic(found) else found


def _channel(found: str) -> str:
    """Accept a Slack channel's name or ID in Slack's form, or the ARN of an SNS topic."""
    if is_topic(found):
        return _topic(found)
    if not CHANNEL.holds(found):
        raise unlike(CHANNEL.wanted)
    return found


_OTHER_PARTITIONS = "".join(  # refuse an ARN whose region is not in its partition
    rf"(?!arn:(?!{partition}:)[^:]*:sns:{beginning})" for beginning, partition in PARTITIONS.items()
) + rf"(?!arn:(?!aws:)[^:]*:sns:(?!{'|'.join(PARTITIONS)}))"  # fmt: skip
for _taker, _bound in ((_any_channel, ANY_CHANNEL), (_channel, CHANNEL)):
    written(_taker, pattern=f"^{_OTHER_PARTITIONS}({_bound.pattern})$", patternErrorMessage=_bound.wanted, maxLength=TEXT_MAX)
AnyChannel = Annotated[Text, AfterValidator(_any_channel)]
Channel = Annotated[str, AfterValidator(_channel)]
