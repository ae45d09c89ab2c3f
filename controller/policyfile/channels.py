"""Where messages go: a channel of Slack by its name or id, or an SNS topic by its ARN."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from controller.policy.sns_topic import WANTED, BadTopic, is_topic, sns_topic
from controller.policyfile.vocabulary import Text, unlike, written

SLACK = r"#[^\s#]{1,80}|[CG][A-Z0-9]{5,}"
TOPIC = r"arn:aws[a-z-]{0,33}:sns:[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
NO_ARN = r"(?!\s*[aA][rR][nN]:)(?=[\s\S]*\S)"
WANTED_CHANNEL = "a channel such as #ml-vision, its id, or the ARN of an SNS topic"


def _topic(found: str) -> str:
    """Take an ARN of a topic."""
    try:
        sns_topic(found)
    except BadTopic as problem:
        raise unlike(WANTED, str(problem)) from None
    return found


def _any_channel(found: str) -> str:
    """Take any text; one that is meant as an ARN is that of a topic."""
    return _topic(found) if is_topic(found) else found


def _channel(found: str) -> str:
    """Take a channel of Slack as Slack writes it, or the ARN of a topic."""
    if is_topic(found):
        return _topic(found)
    if re.fullmatch(SLACK, found) is None:
        raise unlike(WANTED_CHANNEL)
    return found


written(_any_channel, pattern=f"^{NO_ARN}|^{TOPIC}$", patternErrorMessage=f"text, or {WANTED}")
written(_channel, pattern=f"^({SLACK}|{TOPIC})$", patternErrorMessage=WANTED_CHANNEL)
AnyChannel = Annotated[Text, AfterValidator(_any_channel)]
Channel = Annotated[str, AfterValidator(_channel)]
