"""What a rule or a resubmit block does: record, tell people, or act."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    AUDIT = "audit"  # record
    WARN = "warn"  # record, and tell people
    ENFORCE = "enforce"  # record, tell people, and act

    @property
    def tells(self) -> bool:
        return self is not Mode.AUDIT
