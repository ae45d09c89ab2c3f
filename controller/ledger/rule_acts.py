"""What a rule did since its policy revision took force: the jobs on which it acted, and whether it was held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from controller.units.value import dataclass

ACTS_MAX = 1000  # rows that are read for one rule: more than any guard allows


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleActs:
    """``teams`` maps each lineage in which the rule acted, or would have, to its team. ``held_back``: a person must decide."""

    teams: Mapping[str, str] = field(default_factory=dict)
    held_back: bool = False

    def by_team(self, but: str = "") -> dict[str, int]:
        """The number of lineages of each team, without the lineage ``but``."""
        counted: dict[str, int] = {}
        for lineage, team in self.teams.items():
            if lineage != but:
                counted[team] = counted.get(team, 0) + 1
        return counted


NO_ACTS = RuleActs()
