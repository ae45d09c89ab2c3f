"""The sections ``slack`` and ``labels``: channels, people, digests, permissions, and the tags with a job's team and user."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from controller.policy.bounds import KEYS_MAX, SLACK_ID, TAG_KEY, ZONE
from controller.policy.slack_settings import MEMBERS, Importance
from controller.policy.user_request import UserRequest
from controller.policyfile.channels import Channel
from controller.policyfile.vocabulary import (
    LISTED,
    Account,
    LongDuration,
    Role,
    StrictModel,
    Text,
    like,
    listed,
    matching,
    one_of,
    unlike,
    written,
)

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL = "all"
WHERE = "in Slack, open the profile, then ⋮, Copy member ID"


def _timezone(found: str) -> str:
    """Accept a known time zone. ZoneInfo uses the text as a path and a module's name, so it gets only texts in a zone's form."""
    try:
        if not ZONE.holds(found):
            raise ValueError
        ZoneInfo(found)
    except (KeyError, ValueError, OSError):
        raise unlike(ZONE.wanted, words=sorted(available_timezones())) from None
    return found


def _clock_time(found: Any) -> str:
    if isinstance(found, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", found):
        return found
    raise unlike('a time of day such as "08:00"', "with quotes, because YAML reads 08:00 as a number")


def _importances(found: Any) -> Any:
    return [importance.value for importance in Importance] if found == ALL else listed(found)


written(
    _timezone,
    pattern=f"^({ZONE.pattern})$",
    patternErrorMessage=ZONE.wanted,
    examples=["UTC", "Europe/Berlin"],
)
written(
    _clock_time, type="string", pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", patternErrorMessage='a time of day such as "08:00"'
)
_WORDS = [importance.value for importance in Importance]
written(_importances, anyOf=[{"enum": [ALL, *_WORDS]}, {"type": "array", "items": {"enum": _WORDS}}])
SlackId = Annotated[str, like(SLACK_ID, WHERE)]
READ = "read"
RequestWord = Annotated[str, BeforeValidator(one_of((*UserRequest, READ)))]
Allowed = Annotated[str, matching(rf"{MEMBERS}|{SLACK_ID.pattern}", SLACK_ID.wanted, WHERE, (MEMBERS,))]
ImportanceWord = Annotated[str, BeforeValidator(one_of(tuple(Importance), (ALL,)))]
Tag = Annotated[str, like(TAG_KEY)]


class DigestEntry(StrictModel):
    at: Annotated[str, BeforeValidator(_clock_time)] = "08:00"
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    weekly_on: Annotated[str, BeforeValidator(one_of(WEEKDAYS))] = "monday"


class SlackEntry(StrictModel):
    channels: dict[str, Channel] = Field(default_factory=dict, max_length=KEYS_MAX)
    people: dict[str, SlackId] = Field(default_factory=dict, max_length=KEYS_MAX)
    tell: Annotated[list[ImportanceWord], BeforeValidator(_importances)] | None = None
    digest: DigestEntry = DigestEntry()
    may: dict[RequestWord, Annotated[list[Allowed], *LISTED]] = Field(default_factory=dict)
    waiver_at_most: LongDuration | None = None

    def compiled(self) -> dict[str, Any]:
        """The section, with the names of ``controller.policy.slack_settings.SlackSettings``."""
        hour, minute = self.digest.at.split(":")
        found: dict[str, Any] = {
            "channels": self.channels,
            "people": self.people,
            "may": {request: allowed for request, allowed in self.may.items() if request != READ},
            "digest": {
                "hour": int(hour), "minute": int(minute), "timezone": self.digest.timezone,
                "weekday": WEEKDAYS.index(self.digest.weekly_on),
            },
        }  # fmt: skip
        if READ in self.may:
            found["read"] = self.may[READ]
        if self.tell is not None:
            found["tell"] = self.tell
        if self.waiver_at_most is not None:
            found["waiver_s_max"] = self.waiver_at_most
        return found


class LabelsEntry(StrictModel):
    team: Tag = "team"
    user: Tag = "user"
    team_of_role: Annotated[dict[Role, Text], Field(min_length=1, max_length=KEYS_MAX)] | None = None
    accounts: Annotated[dict[Account, Text], Field(min_length=1, max_length=KEYS_MAX)] | None = None
