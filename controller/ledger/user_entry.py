"""Entries about what people ask for: requests in Slack, waivers, and tags that ask something of the controller."""

from __future__ import annotations

from datetime import datetime

from controller.ledger.under_policy import UnderPolicy
from controller.policy.user_request import UserRequest
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRequested(UnderPolicy):
    """A person requested something in Slack; the next decision about the job acts on it. ``who`` is a Slack user's id.

    ``number`` depends on the request. For a new attempt it is the attempt's number, so that another one may be requested if that
    one is refused. For CANCEL it is the number of the attempt that is called off, for ACCEPT_TAGS that of the change, else 0. A
    CANCEL may come from the command line: then ``who`` is a name, and ``why`` the reason.
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
    """A person allowed a lineage to break the rule ``policy`` until a time. Findings are still recorded."""

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
    """The tags that ask something of the controller, as text; None for an absent tag. Number 0 is the first reading, which is in
    force. Every higher number is a later change, which is in force once a person accepted it.

    ``claimed`` is the service that the job claimed as its owner at the first reading, empty for none. ``tags`` are all tags of
    the first reading as JSON: by these a rule may stop the job. In later readings, and in rows of older versions, ``claimed`` is
    None and ``tags`` is empty.
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
