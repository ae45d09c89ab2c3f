"""The ports of what the ledger stores across lineages: waivers, acts of guarded rules, works. All raise Unreachable."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from controller.jobs.work import Work
from controller.ledger.entry import Waived
from controller.ledger.rule_acts import RuleActs


class Waivers(Protocol):
    """The waivers that people gave in Slack."""

    def in_force(self, now: datetime) -> Iterable[Waived]:
        """The waivers in force, of all lineages; read from an index, so perhaps stale."""


class RuleActsPort(Protocol):
    """What rules with a guard against surprises did. Only commits write it."""

    def acts(self, revision: str, policy: str, since: datetime) -> RuleActs:
        """The lineages in which the rule ``policy`` of a revision acted since then (at most ACTS_MAX); whether it is held back.

        ``since`` is when the revision took force. After a rollback to it, that is a new time: earlier acts do not count.
        """


class Works(Protocol):
    """What jobs work on. Only commits write it, with the start of a job; it is remembered for 14 days."""

    def begun_since(self, work: Work, since: datetime) -> tuple[Work, ...]:
        """The works of jobs under the role of ``work`` that were created since then, oldest first; at most a few thousand."""
