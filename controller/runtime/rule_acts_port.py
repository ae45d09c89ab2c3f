"""What rules with a guard against surprises did, as a port of the ledger. It raises Unreachable."""

from __future__ import annotations

from typing import Protocol

from controller.ledger.rule_acts import RuleActs


class RuleActsPort(Protocol):
    """Only commits write it."""

    def acts(self, revision: str, policy: str) -> RuleActs:
        """The lineages in which a revision of a rule acted, at most ``ACTS_MAX``, and whether it was held back."""
