"""Somebody's CreateTrainingJob that SageMaker refused or throttled, as CloudTrail records it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CreateRefusal(StrEnum):
    """Why SageMaker created no job. A stored value."""

    QUOTA = "quota"
    THROTTLED = "throttled"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCreate:
    """A CreateTrainingJob that created no job. ``event_id`` is CloudTrail's.

    ``quota`` is the name of the limit, ``limit`` its value, ``used`` what is in use of it and ``asked`` what the request needs;
    empty or None where the answer named none. Texts come from the caller or from SageMaker, and are cut to a limit.
    """

    event_id: str
    at: datetime
    account: str
    region: str
    job: str
    role: str
    caller: str
    why: CreateRefusal
    instance_type: str
    instances: int
    spot: bool
    team: str = ""
    quota: str = ""
    limit: int | None = None
    used: int | None = None
    asked: int | None = None

    @property
    def limit_name(self) -> str:
        """What refused it, as roll-ups count it: ``quota/<name>``, ``capacity/<instance type>`` or ``throttled/``. Stored."""
        of = {CreateRefusal.QUOTA: self.quota, CreateRefusal.CAPACITY: self.instance_type, CreateRefusal.THROTTLED: ""}
        return f"{self.why}/{of[self.why]}"
