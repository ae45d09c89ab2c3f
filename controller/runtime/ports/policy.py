"""The ports of the policy: which revision is in force, since when, and its document. All raise Unreachable."""

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
    """When a version of the policy was asked for, and when the answer came. A later reading begins after an earlier answer."""

    asked_at: datetime
    answered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInForce:
    """Since when a revision is in force, and which one it replaced just now; None where it replaced none."""

    since: datetime
    replaced: RevisionInForce | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPolicy:
    """The object at ``place`` (an S3 URI) is not in force; ``problem`` is the reason.

    ``version`` is the ETag of the bad version; empty where the object could not be read at all. ``passing`` is True where AWS did
    not answer, so that nothing is known to be wrong.
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
        """The newest version, where it is refused or cannot be read; None where it is in force."""


class Revisions(Protocol):
    """Since when the current policy revision is in force, and the documents of the revisions that were."""

    def put_in_force(self, revision: str, reading: Reading, document: Mapping[str, Any] | None = None) -> PutInForce | None:
        """Make a revision that was read the current one, if it is not.

        None where another one is in force, and was read after this reading was asked for: this reading may be the older one.
        """

    def take_back(self, revision: str, put: PutInForce, reading: Reading) -> None:
        """Put the replaced revision back in force, with its own ``since``: a later reading found it in S3 again, or another one.

        Nothing happens where the current revision changed meanwhile.
        """

    def current(self) -> RevisionInForce | None:
        """The revision that is in force; None before the first."""

    def document(self, revision: str) -> str | None:
        """The compiled document of a revision that is or was in force, as JSON text; None where it was not kept."""
