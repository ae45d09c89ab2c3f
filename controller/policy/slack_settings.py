"""What the controller posts in Slack: where, what, when, and whose requests it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Annotated

from controller.policy.bounds import ACCOUNT, CHANNEL, HOUR, HOUR_TO_YEAR, MINUTE, SLACK_ID, TAG_KEY, WEEKDAY, ZONE
from controller.policy.user_request import UserRequest
from controller.units.value import dataclass

MEMBERS = "members"  # among those who may read: every full member of the workspace


class Importance(StrEnum):
    """How much a message matters, which decides whether it is sent or waits for the digest."""

    PERSON = "person"  # a person has to act
    ACTION = "action"  # the controller did, or would do, something
    NEWS = "news"  # a job ended, was interrupted, or continues


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTime:
    """When digests are posted: an hour and minute of a time zone (IANA), the weekly one on a weekday (0 is Monday)."""

    hour: Annotated[int, HOUR] = 8
    minute: Annotated[int, MINUTE] = 0
    timezone: Annotated[str, ZONE] = "UTC"
    weekday: Annotated[int, WEEKDAY] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """What is posted where, and who may request something.

    ``channels`` are by team, ``people`` map an owner's tag (or a team) to the Slack user or user group to mention, ``may`` lists
    for each request the Slack users and user groups who may make it (a request without a list is allowed to nobody). ``read``
    lists who may read about jobs in Slack: users, user groups, or ``members``.
    """

    channels: Mapping[str, Annotated[str, CHANNEL]] = field(default_factory=dict)
    people: Mapping[str, Annotated[str, SLACK_ID]] = field(default_factory=dict)
    tell: tuple[Importance, ...] = (Importance.PERSON, Importance.ACTION)
    digest: DigestTime = DigestTime()
    may: Mapping[UserRequest, tuple[str, ...]] = field(default_factory=dict)
    waiver_s_max: Annotated[int, HOUR_TO_YEAR] = 14 * 86_400
    read: tuple[str, ...] = (MEMBERS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Which tags say whose a job is. ``team_of_role`` says it by the job's RoleArn (globs), and goes before the tag.

    ``accounts`` are names of accounts (by their number) for messages and reports.
    """

    team: Annotated[str, TAG_KEY] = "team"
    user: Annotated[str, TAG_KEY] = "user"
    team_of_role: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[Annotated[str, ACCOUNT], str] = field(default_factory=dict)
