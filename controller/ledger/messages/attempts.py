"""Messages about stops and submissions that did not happen as planned, as plain facts; ``message`` has all of them."""

from __future__ import annotations

from typing import ClassVar

from controller.ledger.messages.facts import OfJob
from controller.ledger.messages.kind import MessageKind
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """A stop, or the submission of ``attempt``, that did not happen; ``why`` is AWS's answer.

    Messages of before have no ``team``.
    """

    name: str
    attempt: str = ""
    why: str
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(NotDone):
    kind: ClassVar = MessageKind.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned(NotDone):
    kind: ClassVar = MessageKind.ABANDONED


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTaken(NotDone):
    """The job under the name of an attempt is somebody else's; ``why`` says since when."""

    kind: ClassVar = MessageKind.NAME_TAKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPermitted(NotDone):
    """The submission waits until our role may make it."""

    kind: ClassVar = MessageKind.NOT_PERMITTED


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSkipped(NotDone):
    """The attempt asked for what this account and region never have; the next step follows at once.

    ``quota`` is the name of the limit, ``limit`` its value and ``asked`` what the attempt needs; no name where AWS gave none.
    """

    kind: ClassVar = MessageKind.STEP_SKIPPED
    changes: str = ""  # JSON
    quota: str = ""
    limit: int = 0
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneElsewhere(OfJob):
    """No attempt is made, because ``other`` does the same work, or did it since the job ended."""

    kind: ClassVar = MessageKind.DONE_ELSEWHERE
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedBack(NotDone):
    """An attempt in a place that the controller chose failed in its code, as ``why`` says: the next one is where it worked.

    ``name`` is the job that failed. ``trained`` says whether an attempt trained in that place; else its owner chose it. Volumes
    and subnets are given where they differ.
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
