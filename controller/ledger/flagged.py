"""The entry about a broken rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from controller.policy.mode import Mode
from controller.policy.policy import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A job broke a rule, under a policy revision. A waiver allows it until ``waived_until``; a file's has its name."""

    job: str
    at: datetime
    team: str | None
    rule: str
    policy: str
    severity: Severity
    mode: Mode
    field: str
    found: str
    wanted: str
    revision: str
    waiver: str = ""
    waived_until: datetime | None = None

    @property
    def key(self) -> str:
        return f"flagged/{self.job}/{self.policy}/{self.mode}" + (f"/waived/{self.waiver}" if self.waiver else "")
