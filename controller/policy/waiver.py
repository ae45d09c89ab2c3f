"""Waivers: some jobs may break a rule until a time, for a reason. The findings are still recorded and shown.

A waiver does not count if the job's document lacks a field that it selects by. Neither does it count if it has expired, or ends
later than the policy allows; then the finding states why.
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
    TOO_LONG = "too long"  # from this moment on, it would last longer than the policy allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """``rules`` are names of rules in the policy. ``expires`` is the first moment at which the waiver no longer counts.

    A waiver that a person gave in Slack has no ``name`` and an empty ``match``: the caller passes it only for its own lineage.
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
        """The reason, the ticket and the owner on one line."""
        return f"{self.reason} ({self.ticket}, {self.owner})"

    def covers(self, rule: str, job: Job) -> bool:
        """Whether the waiver applies to this rule and this job, at any time.

        A job that it selects by tag must have the tag, and its team tag must not contradict its role. The instance types of all
        groups of a heterogeneous cluster must match.
        """
        if rule not in self.rules or self.match.matches(job) is not True or not self.match.is_of_all_groups(job):
            return False
        return not self.match.tags or (job.claimed_team is None and self.match.tags.keys() <= job.tags.keys())

    def state(self, now: datetime, longest_s: int) -> WaiverState:
        """Whether the waiver counts now; ``longest_s`` is how far ahead it may end, in seconds."""
        if self.expires <= now:
            return WaiverState.EXPIRED
        return WaiverState.TOO_LONG if self.expires - now > timedelta(seconds=longest_s) else WaiverState.IN_FORCE

    def lapsed(self, now: datetime, longest_s: int) -> str:
        """Why the waiver does not count now, as a sentence; empty if it does."""
        which = self.name or "given in Slack"
        match self.state(now, longest_s):
            case WaiverState.IN_FORCE:
                return ""
            case WaiverState.EXPIRED:
                return f"The waiver {which} has expired ({self.expires:%Y-%m-%d %H:%M} UTC), so the rule applies."
            case WaiverState.TOO_LONG:
                return (
                    f"The waiver {which} would end at {self.expires:%Y-%m-%d %H:%M} UTC, later than the policy allows"
                    f" ({span(longest_s)} from now), so the rule applies."
                )


def waived(
    findings: Iterable[Finding], job: Job, waivers: Iterable[Waiver], now: datetime, longest_s: int
) -> tuple[Finding, ...]:
    """The findings with their waivers. A waived finding gets mode audit and no action, so it is only recorded."""
    known = sorted(waivers, key=lambda waiver: (waiver.expires, waiver.name))
    return tuple(_with_waiver(finding, job, known, now, longest_s) for finding in findings)


def _with_waiver(finding: Finding, job: Job, waivers: list[Waiver], now: datetime, longest_s: int) -> Finding:
    about = [waiver for waiver in waivers if waiver.covers(finding.policy, job)]
    valid = [waiver for waiver in about if waiver.state(now, longest_s) is WaiverState.IN_FORCE]
    if valid:
        return replace(finding, waiver=valid[-1], mode=Mode.AUDIT, action=None)
    return replace(finding, lapsed=about[-1].lapsed(now, longest_s)) if about else finding
