"""Messages about stops and submissions that did not happen as planned, as plain facts. ``message`` lists all messages."""

from __future__ import annotations

from typing import ClassVar

from controller.ledger.messages.facts import OfJob
from controller.ledger.messages.kind import MessageKind
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """A stop of the job ``name``, or the submission of ``attempt`` after it, did not happen; ``why`` is AWS's answer.

    Messages of older versions have no ``team``.
    """

    name: str
    attempt: str = ""
    why: str
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(NotDone):
    """AWS refused it permanently."""

    kind: ClassVar = MessageKind.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned(NotDone):
    """It was tried as often as allowed, without success."""

    kind: ClassVar = MessageKind.ABANDONED


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTaken(NotDone):
    """Somebody else's job has the name of the attempt; ``why`` contains since when."""

    kind: ClassVar = MessageKind.NAME_TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPermitted(NotDone):
    """The submission waits until the controller's role has the permission for it; ``why`` is AWS's answer."""

    kind: ClassVar = MessageKind.NOT_PERMITTED


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped(NotDone):
    """This account and region can never provide what the attempt asks for; the next step follows at once.

    ``quota`` is the name of the limit, ``limit`` its value and ``asked`` how much more the attempt needs, in instances. All are
    empty or 0 where AWS's answer named no limit.
    """

    kind: ClassVar = MessageKind.STEP_SKIPPED
    changes: str = ""  # JSON
    quota: str = ""
    limit: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneElsewhere(OfJob):
    """No attempt is made, because the job ``other`` does the same work, or did it since this job ended."""

    kind: ClassVar = MessageKind.DONE_ELSEWHERE
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedBack(NotDone):
    """An attempt on resources that the controller chose failed in its code; the next attempt returns to resources that worked.

    ``name`` is the job that failed, ``why`` its FailureReason. ``trained``: an attempt trained on the resources of the next one;
    otherwise the job's owner chose them. Volumes and subnets are given only where they differ.
    """

    kind: ClassVar = MessageKind.CHANGED_BACK
    instance_type: str
    instances: int
    back_to_type: str
    back_to_instances: int
    trained: bool = True
    volume_gb: int | None = None
    back_to_volume_gb: int | None = None
    subnets: str = ""
    back_to_subnets: str = ""
