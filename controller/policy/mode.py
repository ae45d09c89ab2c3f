"""What a rule or a resubmit block does: record, notify people, or act."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """Each mode also does what the modes before it do."""

    AUDIT = "audit"  # record
    WARN = "warn"  # record and notify people
    ENFORCE = "enforce"  # record, notify people and act

    @property
    def tells(self) -> bool:
        """Whether people are notified."""
        return self is not Mode.AUDIT
