"""The ARN of an SNS topic, which a policy may use wherever it names a Slack channel."""

from __future__ import annotations

import re

from controller.units.value import dataclass

# Patterns are text, so that ``re`` compiles them only when they are used: most functions never use them.
ARN = r"(?s)arn:([^:]*):sns:([^:]*):([^:]*):(.*)"
PARTITION = r"aws(-[a-z]{1,10}){0,3}"
REGION = r"[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}"
ACCOUNT = r"[0-9]{12}"
NAME = r"[A-Za-z0-9_-]{1,256}"
FIFO = ".fifo"
# The partition by the prefix of a region's name; longer prefixes come first. All other regions are in the partition "aws".
PARTITIONS = {
    "us-isob-": "aws-iso-b", "us-isof-": "aws-iso-f", "eu-isoe-": "aws-iso-e", "us-iso-": "aws-iso", "us-gov-": "aws-us-gov",
    "cn-": "aws-cn", "eusc-": "aws-eusc",
}  # fmt: skip
WANTED = "the ARN of an SNS topic, arn:aws:sns:REGION:ACCOUNT:NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnsTopic:
    """The parts of a topic's ARN."""

    partition: str
    region: str
    account: str
    name: str


class BadTopic(ValueError):
    """A text is not the ARN of a topic to which messages can be sent. The message says what is wrong."""


def is_topic(channel: str) -> bool:
    """Whether a channel is meant as an ARN, valid or not. No Slack channel has such a name."""
    return channel.lstrip().lower().startswith("arn:")


def sns_topic(arn: str) -> SnsTopic:
    """Read the ARN of a standard topic. Raises BadTopic."""
    found = re.fullmatch(ARN, arn)
    if found is None:
        raise BadTopic("it is not an ARN of SNS")
    partition, region, account, name = found.groups()
    for what, value, pattern in (
        ("partition", partition, PARTITION), ("region", region, REGION), ("account of twelve digits", account, ACCOUNT),
    ):  # fmt: skip
        if re.fullmatch(pattern, value) is None:
            raise BadTopic(f"it has no {what}")
    if partition != partition_of(region):
        raise BadTopic(f"the region {region} is in the partition {partition_of(region)}")
    if name.endswith(FIFO):
        raise BadTopic("a FIFO topic delivers only to SQS queues, not to mail, chat or a pager")
    if ":" in name:
        raise BadTopic("it is the ARN of a subscription")
    if re.fullmatch(NAME, name) is None:
        raise BadTopic("a topic's name has 1 to 256 letters, digits, '_' and '-'")
    return SnsTopic(partition=partition, region=region, account=account, name=name)


def partition_of(region: str) -> str:
    """The AWS partition of a region, such as ``aws-cn``."""
    return next((partition for prefix, partition in PARTITIONS.items() if region.startswith(prefix)), "aws")
