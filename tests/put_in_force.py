"""Puts a policy revision in force, read at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.runtime.ports.policy import Reading, Revisions


def in_force_since(revisions: Revisions, revision: str, now: datetime, document: Mapping[str, Any] | None = None) -> datetime:
    """Since when the revision is in force after it was read now; now where a later reading found another one."""
    put = revisions.put_in_force(revision, Reading(asked_at=now, answered_at=now), document)
    return put.since if put is not None else now
