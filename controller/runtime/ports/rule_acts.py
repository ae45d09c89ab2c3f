"""What rules with a guard against surprises did, as a port of the ledger. It raises Unreachable."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from controller.ledger.rule_acts import RuleActs


class RuleActsPort(Protocol):
    """Only commits write it."""

    def acts(self, revision: str, policy: str, since: datetime) -> RuleActs:
        """The lineages in which a revision of a rule acted since it took force, at most ``ACTS_MAX``; whether it was held back.

        A revision that comes back, such as by a rollback, takes force anew: what it did before is no surprise.
        """
