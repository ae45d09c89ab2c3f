"""The ports of the policy: which revision is in force, since when, and what its document says. All raise Unreachable."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from controller.policy.policy import Policy
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionInForce:
    """The current policy revision, and since when it is in force."""

    revision: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """When a version of the policy was asked for, and answered. A later reading was asked for after an earlier one's answer."""

    asked_at: datetime
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInForce:
    """Since when a revision is in force, and which one it replaced just now; None where it replaced none."""

    since: datetime
    replaced: RevisionInForce | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPolicy:
    """What lies at ``place`` (an S3 URI) is not in force, and ``problem`` says why.

    ``version`` names the bad version; it is empty where the object could not be read at all. ``passing``: AWS did not answer, so
    nothing is known to be wrong.
    """

    place: str
    problem: str
    version: str = ""
    passing: bool = False


class Policies(Protocol):
    """The policy in force. It is the same for all of one invocation."""

    def current(self) -> Policy:
        """The policy in force.

        The first call of an invocation may find a new revision; a function that decides then records since when it is in force
        (``Revisions``). That row is about the policy: no decision about a job writes or changes it.
        """

    def refused(self) -> RefusedPolicy | None:
        """The newer version that is not in force although somebody put it in place; None where there is none."""


class Revisions(Protocol):
    """Since when the current policy revision is in force, and the documents of the revisions that were."""

    def put_in_force(self, revision: str, reading: Reading, document: Mapping[str, Any] | None = None) -> PutInForce | None:
        """Make a revision that was read the current one, if it is not.

        None where another one is in force by a reading that was answered after this one was asked for: this one may be older.
        """

    def take_back(self, revision: str, put: PutInForce, reading: Reading) -> None:
        """Put back what a revision replaced, with its own time, unless that changed since: a later reading found another one."""

    def current(self) -> RevisionInForce | None:
        """The revision that a function used last; None before the first."""

    def document(self, revision: str) -> str | None:
        """The compiled document of a revision that was in force, as text; None where none was kept."""
