"""Why the controller starts an attempt that no failure requires: a move, a repair, or a person's request.

Why a job failed is in ``controller.jobs.failure``. An attempt has a cause of either kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from controller.jobs.failure import FailureCause
from controller.units.value import dataclass


class MoveCause(StrEnum):
    """Why the controller stops a job and submits it again changed, or submits one for a person. Values are stored."""

    DEADLINE = "deadline"
    INTERRUPTIONS = "interruptions"
    RETURN = "return"
    REPAIR = "repair"
    ASKED = "asked"
    CHANGED_BACK = "changed-back"  # the attempt failed in its code on resources that the controller chose

    @property
    def label(self) -> str:
        """The cause in a few words, for tables and messages."""
        return MOVE_HANDLING[self].label

    @property
    def elsewhere(self) -> bool:
        """Whether the job continues with other capacity. If that is refused, it continues where it was."""
        return MOVE_HANDLING[self].elsewhere


AttemptCause = FailureCause | MoveCause


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveHandling:
    """How a cause is named, and whether the attempt runs on other capacity (``MoveCause.elsewhere``)."""

    label: str
    elsewhere: bool


MOVE_HANDLING: Mapping[MoveCause, MoveHandling] = {
    MoveCause.DEADLINE: MoveHandling(label="moved for its deadline", elsewhere=True),
    MoveCause.INTERRUPTIONS: MoveHandling(label="interrupted too often", elsewhere=True),
    MoveCause.RETURN: MoveHandling(label="moved back to spot", elsewhere=True),
    MoveCause.REPAIR: MoveHandling(label="repaired", elsewhere=False),
    MoveCause.ASKED: MoveHandling(label="requested by a person", elsewhere=True),
    MoveCause.CHANGED_BACK: MoveHandling(label="back on the instances that worked", elsewhere=False),
}


def attempt_cause(value: str) -> AttemptCause:
    """The cause with this stored value. Raises ValueError if there is none."""
    return MoveCause(value) if value in set(MoveCause) else FailureCause(value)
