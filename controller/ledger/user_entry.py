"""Entries about what people ask for: requests in Slack, waivers, and tags that ask something of the controller."""

from __future__ import annotations

from datetime import datetime

from controller.ledger.under_policy import UnderPolicy
from controller.policy.user_request import UserRequest
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequested(UnderPolicy):
    """A person requested something in Slack; the next decision about the job does it. ``who`` is a Slack user's id.

    ``number`` is that of the requested attempt: where it is refused, a person may request another. Of a request to call an
    attempt off it is the number of that attempt; it may come from the command line, with a name as ``who`` and with ``why``.
    """

    job: str
    at: datetime
    team: str | None
    request: UserRequest
    who: str
    number: int = 0
    why: str = ""

    @property
    def key(self) -> str:
        return f"asked/{self.job}/{self.request}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived(UnderPolicy):
    """A person allowed a lineage to break a rule until a time, for a reason. Findings are still recorded."""

    job: str
    at: datetime
    team: str | None
    policy: str
    who: str
    reason: str
    ticket: str
    until: datetime

    @property
    def key(self) -> str:
        return f"waived/{self.policy}/{self.until.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectivesRead(UnderPolicy):
    """The tags that ask something of the controller, as text, None where a tag is absent. Number 0 is what was read first, and in
    force; every higher number is a later change, in force once a person accepted it.

    ``claimed`` is the service that the job claimed to belong to when its tags were read first, empty for none; None in later
    readings, and in rows from before. ``tags`` are all tags of the first reading, as JSON: by these a rule may stop the job;
    empty in later readings, and in rows from before.
    """

    job: str
    at: datetime
    team: str | None
    number: int
    deadline: str | None = None
    expected_runtime: str | None = None
    family: str | None = None
    resubmit: str | None = None
    claimed: str | None = None
    tags: str = ""

    @property
    def key(self) -> str:
        return f"directives/{self.number}"
