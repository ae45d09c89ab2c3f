"""A waiver: jobs that may break a rule until a time, for a reason. What they break is still recorded and shown.

Every doubt counts against a waiver: where a job's document does not say what it selects by, where it has expired, or where it
would end later than the policy allows, the rule holds and the finding says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from controller.jobs.job import Job
from controller.policy.bounds import REASON, SHORT_TEXT, Name
from controller.policy.mode import Mode
from controller.policy.selector import Selector
from controller.units.duration import span
from controller.units.value import dataclass, replace

if TYPE_CHECKING:
    from controller.policy.findings import Finding

EXPIRES_SOON = timedelta(days=7)


class WaiverState(StrEnum):
    """Whether a waiver counts at a moment."""

    IN_FORCE = "in force"
    EXPIRED = "expired"
    TOO_LONG = "too long"  # it ends later than the policy allows, counted from the moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """``rules`` are names of rules in the policy; ``expires`` is the first moment at which it no longer counts.

    ``name`` is empty for a waiver that a person gave in Slack: it belongs to one lineage, which ``match`` does not say.
    """

    rules: tuple[str, ...]
    reason: Annotated[str, REASON]
    owner: Annotated[str, SHORT_TEXT]
    ticket: Annotated[str, SHORT_TEXT]
    expires: datetime
    name: Name = ""
    match: Selector = field(default_factory=Selector)

    @property
    def why(self) -> str:
        """Its reason, ticket and owner on one line."""
        return f"{self.reason} ({self.ticket}, {self.owner})"

    def covers(self, rule: str, job: Job) -> bool:
        """Whether the waiver is about this rule and this job. A tag that the job lacks, or may not carry, covers nothing, and the
        type of one group of a heterogeneous cluster does not cover the others.
        """
        if rule not in self.rules or self.match.matches(job) is not True or not self.match.is_of_all_groups(job):
            return False
        return not self.match.tags or (job.claimed_team is None and self.match.tags.keys() <= job.tags.keys())

    def state(self, now: datetime, longest_s: int) -> WaiverState:
        """Whether the waiver counts now; ``longest_s`` is how far ahead it may end."""
        if self.expires <= now:
            return WaiverState.EXPIRED
        return WaiverState.TOO_LONG if self.expires - now > timedelta(seconds=longest_s) else WaiverState.IN_FORCE

    def lapsed(self, now: datetime, longest_s: int) -> str:
        """Why it does not count now, as a sentence; empty where it does."""
        which = self.name or "given in Slack"
        match self.state(now, longest_s):
            case WaiverState.IN_FORCE:
                return ""
            case WaiverState.EXPIRED:
                return f"The waiver {which} has expired ({self.expires:%Y-%m-%d %H:%M} UTC), so the rule holds."
            case WaiverState.TOO_LONG:
                return (
                    f"The waiver {which} would end at {self.expires:%Y-%m-%d %H:%M} UTC, later than the policy allows"
                    f" ({span(longest_s)} from now), so the rule holds."
                )


def waived(
    findings: Iterable[Finding], job: Job, waivers: Iterable[Waiver], now: datetime, longest_s: int
) -> tuple[Finding, ...]:
    """The findings with their waivers: a waived one is recorded, and neither told nor acted on."""
    known = sorted(waivers, key=lambda waiver: (waiver.expires, waiver.name))
    return tuple(_with_waiver(finding, job, known, now, longest_s) for finding in findings)


def _with_waiver(finding: Finding, job: Job, waivers: list[Waiver], now: datetime, longest_s: int) -> Finding:
    about = [waiver for waiver in waivers if waiver.covers(finding.policy, job)]
    valid = [waiver for waiver in about if waiver.state(now, longest_s) is WaiverState.IN_FORCE]
    if valid:
        return replace(finding, waiver=valid[-1], mode=Mode.AUDIT, action=None)
    return replace(finding, lapsed=about[-1].lapsed(now, longest_s)) if about else finding
