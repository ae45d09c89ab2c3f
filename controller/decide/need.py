"""What a decider may need to know beyond the facts that are always gathered."""

from __future__ import annotations

from enum import StrEnum


class Need(StrEnum):
    """A question whose answer costs a call that only few decisions need.

    A decider with an open question puts it into ``Decision.needs`` and decides nothing that depends on it. The runtime looks it
    up, adds the answer to the facts, and decides again.
    """

    ON_DEMAND_ROOM = "on-demand room"  # how many instances the on-demand quota still has room for: ``Facts.room``
    TEAM_SPENT = "team spent"  # how much of the team's spend cap for this month is taken: ``Facts.team_spent_micros``
    REPAIR_PREFIX = "repair prefix"  # which checkpoint prefix a repaired job may be given: ``Facts.repair_prefix``
    RULE_ACTS = "rule acts"  # on how many jobs guarded rules acted: ``Facts.rule_acts`` and ``Facts.last_day``
    DONE_ELSEWHERE = "done elsewhere"  # which other job does the same work: ``Facts.done_elsewhere``
    PLACEMENT_SCORE = "placement score"  # EC2's placement score of the pool, once an hour: ``Facts.placement``
