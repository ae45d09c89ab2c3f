"""Which waivers of a lineage are in force."""

from __future__ import annotations

from datetime import datetime

from controller.ledger.entry import Waived
from controller.ledger.lineage import Lineage


def waivers_in_force(lineage: Lineage, now: datetime) -> tuple[Waived, ...]:
    """The waivers of a lineage that are in force."""
    return tuple(e for e in lineage.entries if isinstance(e, Waived) and e.until > now)
