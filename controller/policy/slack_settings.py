"""How the controller talks to people: where, about what, when, and whom it listens to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.policy.user_request import UserRequest

MEMBERS = "members"  # among those who may read: every full member of the workspace


class Importance(StrEnum):
    """How much a message matters, which decides whether it is sent or waits for the digest."""

    PERSON = "person"  # somebody has to do something
    ACTION = "action"  # the controller did, or would do, something
    NEWS = "news"  # a job ended, was interrupted, goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTime:
    """When digests are posted: an hour and minute of a time zone (IANA), the weekly one on a weekday (0 is Monday)."""

    hour: int = 8
    minute: int = 0
    timezone: str = "UTC"
    weekday: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """How the controller talks: where to, about what, to whom, and who may answer.

    ``channels`` go by team, ``people`` map an owner's tag (or a team) to the Slack user or user group to mention, ``may`` says
    per ask which Slack users and user groups are heard (an ask that is not there is heard of nobody).
    ``read`` says who may read about jobs in Slack: users, user groups, or ``members``.
    """

    channels: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    tell: tuple[Importance, ...] = (Importance.PERSON, Importance.ACTION)
    digest: DigestTime = DigestTime()
    may: Mapping[UserRequest, tuple[str, ...]] = field(default_factory=dict)
    waiver_s_max: int = 14 * 86_400
    read: tuple[str, ...] = (MEMBERS,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Which tags say whose a job is."""

    team: str = "team"
    user: str = "user"


def slack_settings_of(found: Mapping[str, Any]) -> SlackSettings:
    """Read the ``slack`` part of a compiled policy document."""
    words: dict[str, Any] = {"digest": DigestTime(**found.get("digest", {}))}
    if "tell" in found:
        words["tell"] = tuple(Importance(importance) for importance in found["tell"])
    if "may" in found:
        words["may"] = {UserRequest(ask): tuple(ids) for ask, ids in found["may"].items()}
    if "read" in found:
        words["read"] = tuple(found["read"])
    return SlackSettings(**{**found, **words})
