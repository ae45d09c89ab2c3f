"""The bounds of every value of a policy. The compiler checks policy files against them, the loader compiled documents.

Classes of the policy name the bound of a field in its annotation: ``jobs: Annotated[int, SURPRISE_JOBS]``.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

from controller.jobs.directives import RUNTIME_S_MAX
from controller.units.money import DOLLAR

DAY_S = 86_400
DOLLARS_MAX = 10_000_000
ENTRIES_MAX = 500  # of one list
KEYS_MAX = 5_000  # of one map, such as of people
TEXT_MAX = 1_024  # characters; SageMaker's limit for an S3 URI
WHEN_MAX = 500  # characters of an expression


class Between(NamedTuple):
    """Numbers from ``least`` to ``most``, both included; with ``above``, ``least`` itself is excluded."""

    least: float
    most: float
    above: bool = False

    def holds(self, value: float) -> bool:
        return (self.least < value if self.above else self.least <= value) and value <= self.most

    def __str__(self) -> str:
        return f"above {self.least:,} and at most {self.most:,}" if self.above else f"from {self.least:,} to {self.most:,}"


class Like(NamedTuple):
    """Texts that match a regular expression as a whole; ``wanted`` describes them in an error message."""

    pattern: str
    wanted: str

    def holds(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None

    def __str__(self) -> str:
        return self.wanted


SECONDS = Between(1, RUNTIME_S_MAX)
SECONDS_OR_ZERO = Between(0, RUNTIME_S_MAX)
HOUR_TO_YEAR = Between(3_600, 365 * DAY_S)
SHARE = Between(0, 1, above=True)
JITTER = Between(0, 1)
PERCENT = Between(0, 100, above=True)
FACTOR = Between(1, 100)
RETRIES = Between(0, 30)  # for one cause; SageMaker's own RetryStrategy has the same limit
SURPRISE_JOBS = Between(1, 500)
VOLUME_GB = Between(1, 16_384)
INTERRUPTIONS = Between(0, 100)
QUANTILE = Between(0.5, 0.99)
PLACEMENT_SCORE = Between(1, 10)
MOVES = Between(0, 100)
ACTS_PER_HOUR = Between(1, 100_000)
MICROS = Between(1, DOLLARS_MAX * DOLLAR)
HOUR, MINUTE, WEEKDAY = Between(0, 23), Between(0, 59), Between(0, 6)

NAME = Like(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit")
ADDRESS = Like(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-;=?-{}~]{0,400})?", "an address such as https://wiki.example.com/spot")
ADDRESS_OR_NONE = Like(f"({ADDRESS.pattern})?", ADDRESS.wanted)
ACCOUNT = Like(r"[0-9]{12}", 'the number of an account, 12 digits in quotes such as "123456789012"')
REASON = Like(r"(?=.*\S)[^\n\r]{1,300}", "one line of at most 300 characters")
SHORT_TEXT = Like(r"(?=.*\S)[^\n\r]{1,100}", "one line of at most 100 characters")
TOPIC = r"arn:aws[a-z-]{0,33}:sns:[a-z]{2,4}(-[a-z]{1,12}){1,3}-[0-9]{1,2}:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
CHANNEL = Like(rf"#[^\s#]{{1,80}}|[CG][A-Z0-9]{{5,}}|{TOPIC}", "a channel such as #ml-vision, its id, or the ARN of an SNS topic")
ANY_CHANNEL = Like(rf"(?!\s*[aA][rR][nN]:)(?=[\s\S]*\S)[\s\S]{{1,{TEXT_MAX}}}|{TOPIC}", "text, or the ARN of an SNS topic")
SLACK_ID = Like(r"[UWS][A-Z0-9]{5,}", "the id of a Slack user (U…) or user group (S…)")
TAG_KEY = Like(r"[^\s].{0,127}", "a tag key")
ZONE = Like(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,3}", "a time zone such as Europe/Berlin or UTC")
TEMPLATE = Like(r"s3://[a-z0-9][a-z0-9.-]*/.*", "a template such as s3://bucket/{team}/{family}/, with a fixed bucket")
PREFIX = Like(r"s3://[a-z0-9][a-z0-9.-]*(/.*)?", "an S3 prefix such as s3://bucket/checkpoints/")

Seconds = Annotated[int, SECONDS]
SecondsOrZero = Annotated[int, SECONDS_OR_ZERO]
Percent = Annotated[float, PERCENT]
Factor = Annotated[float, FACTOR]
Micros = Annotated[int, MICROS]
Name = Annotated[str, NAME]
