"""The vocabulary of ``slack`` and ``labels``: how the controller talks, whom it hears, and which tags say whose a job is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from controller.policy.slack_settings import Importance
from controller.policy.user_request import UserRequest
from controller.policyfile.problem import nearest
from controller.policyfile.vocabulary import listed, one_of, seconds, unlike

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL = "all"
WHERE = "Slack shows it in a profile under ⋮, Copy member ID"


def _like(pattern: str, wanted: str, hint: str = "") -> Callable[[Any], str]:
    compiled = re.compile(pattern)

    def take(found: Any) -> str:
        if isinstance(found, str) and compiled.fullmatch(found):
            return found
        raise unlike(wanted, hint)

    return take


def _timezone(found: str) -> str:
    try:
        ZoneInfo(found)
    except (KeyError, ValueError, OSError):
        raise unlike("a time zone such as Europe/Berlin or UTC", nearest(found, sorted(available_timezones()))) from None
    return found


def _clock_time(found: Any) -> str:
    if isinstance(found, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", found):
        return found
    raise unlike('a time of day such as "08:00"', "in quotes: YAML reads 08:00 as a number")


def _weights(found: Any) -> Any:
    return [weight.value for weight in Importance] if found == ALL else listed(found)


def _waiver(found: Any) -> int:
    return seconds(3600)(found)


Channel = Annotated[str, BeforeValidator(_like(r"#[^\s#]{1,80}|[CG][A-Z0-9]{5,}", "a channel such as #ml-vision, or its id"))]
Whom = Annotated[str, BeforeValidator(_like(r"[UWS][A-Z0-9]{5,}", "the id of a Slack user (U…) or user group (S…)", WHERE))]
RequestWord = Annotated[str, BeforeValidator(one_of(tuple(UserRequest)))]
Whoms = Annotated[list[Whom], BeforeValidator(listed), Field(min_length=1)]
ImportanceWord = Annotated[str, BeforeValidator(one_of(tuple(Importance)))]
Tag = Annotated[str, BeforeValidator(_like(r"[^\s].{0,127}", "a tag's key"))]


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DigestEntry(StrictModel):
    at: Annotated[str, BeforeValidator(_clock_time)] = "08:00"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    weekly_on: Annotated[str, BeforeValidator(one_of(WEEKDAYS))] = "monday"


class SlackEntry(StrictModel):
    channels: dict[str, Channel] = Field(default_factory=dict)
    people: dict[str, Whom] = Field(default_factory=dict)
    tell: Annotated[list[ImportanceWord], BeforeValidator(_weights)] | None = None
    digest: DigestEntry = DigestEntry()
    may: dict[RequestWord, Whoms] = Field(default_factory=dict)
    waiver_at_most: Annotated[int, BeforeValidator(_waiver)] | None = None

    def compiled(self) -> dict[str, Any]:
        """Under the names of ``controller.policy.slack_settings.Talk``."""
        hour, minute = self.digest.at.split(":")
        found: dict[str, Any] = {
            "channels": self.channels,
            "people": self.people,
            "may": self.may,
            "digest": {
                "hour": int(hour), "minute": int(minute), "timezone": self.digest.timezone,
                "weekday": WEEKDAYS.index(self.digest.weekly_on),
            },
        }  # fmt: skip
        if self.tell is not None:
            found["tell"] = self.tell
        if self.waiver_at_most is not None:
            found["waiver_s_max"] = self.waiver_at_most
        return found


class LabelsEntry(StrictModel):
    team: Tag = "team"
    user: Tag = "user"
