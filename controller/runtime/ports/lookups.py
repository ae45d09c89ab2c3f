"""What the ledger knows across lineages, as small ports: waivers, acts of guarded rules, works. All raise Unreachable."""

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
        """The lineages in which a revision of a rule acted since it took force, at most ``ACTS_MAX``; whether it was held back.

        A revision that comes back, such as by a rollback, takes force again: what it did before is no surprise.
        """


class Works(Protocol):
    """What jobs work on. Only commits write it, with the start of a job; it is remembered for 14 days."""

    def begun_since(self, work: Work, since: datetime) -> tuple[Work, ...]:
        """What jobs under the role of this one, created since then, work on; at most a few thousand, oldest first."""
