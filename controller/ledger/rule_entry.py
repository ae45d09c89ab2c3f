"""Entries about rules: what they found, and whether they were held back. ``entry`` explains what an entry is."""

from __future__ import annotations

from datetime import datetime

from controller.ledger.under_policy import UnderPolicy
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policy.rollout import HeldBack
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged(UnderPolicy):
    """A job broke a rule. ``rule`` is the rule's kind, ``policy`` its name; ``mode`` is the one in force for the job.

    A waiver covers it until ``waived_until``; ``waiver`` is the name of one from the policy file. ``held_back`` is why a rule
    that enforces only warned. ``acts``: the rule has a guard against surprises, and acted on the job or would have without it.
    """

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
    held_back: HeldBack | None = None
    acts: bool = False

    @property
    def key(self) -> str:
        waived, of_revision = f"/waived/{self.waiver}" if self.waiver else "", f"/{self.revision}" if self.acts else ""
        return f"flagged/{self.job}/{self.policy}/{self.mode}{waived}{of_revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHeldBack(UnderPolicy):
    """A revision of a rule would act on more jobs than its guard allows: from now on it only warns, until a person decides.

    ``jobs`` and ``teams`` are the numbers that were counted, this job included.
    """

    job: str
    at: datetime
    team: str | None
    policy: str
    revision: str
    jobs: int
    teams: int

    @property
    def key(self) -> str:
        return f"rule-held-back/{self.policy}/{self.revision}"
