"""What the controller posts in Slack, where and when, and whose requests it accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Annotated

from controller.policy.bounds import ACCOUNT, CHANNEL, HOUR, HOUR_TO_YEAR, MINUTE, SLACK_ID, TAG_KEY, WEEKDAY, ZONE
from controller.policy.user_request import UserRequest
from controller.units.value import dataclass

MEMBERS = "members"  # in ``SlackSettings.read``: every full member of the workspace


class Importance(StrEnum):
    """How important a message is. It decides whether the message is sent, or is only counted in the digest."""

    PERSON = "person"  # a person has to act
    ACTION = "action"  # the controller did, or would do, something
    NEWS = "news"  # a job ended, was interrupted, or continues


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTime:
    """When digests are posted: hour and minute in an IANA time zone; the weekly digest on a weekday (0 is Monday)."""

    hour: Annotated[int, HOUR] = 8
    minute: Annotated[int, MINUTE] = 0
    timezone: Annotated[str, ZONE] = "UTC"
    weekday: Annotated[int, WEEKDAY] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """What is posted where, and who may request something.

    ``channels`` maps teams to channels. ``people`` maps the value of an owner's tag, or a team, to the id of the Slack user or
    user group to mention. ``tell`` lists what is sent at once. ``may`` lists, for each request, the ids of those who may make it;
    nobody may make a request without a list. ``waiver_s_max`` is how far ahead a waiver may end, in seconds. ``read`` lists who
    may read about jobs in Slack: ids, or ``MEMBERS``.
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
    """How the team and the user of a job are found: ``team`` and ``user`` are tag keys.

    ``team_of_role`` maps globs of RoleArns to teams, and takes precedence over the tag. ``accounts`` maps the ids of AWS accounts
    to names for messages and reports.
    """

    team: Annotated[str, TAG_KEY] = "team"
    user: Annotated[str, TAG_KEY] = "user"
    team_of_role: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[Annotated[str, ACCOUNT], str] = field(default_factory=dict)
