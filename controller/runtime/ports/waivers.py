"""The port of the waivers that people gave in Slack. It raises Unreachable."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from controller.ledger.entry import Waived


class Waivers(Protocol):
    """The waivers that people recorded."""

    def in_force(self, now: datetime) -> Iterable[Waived]:
        """The waivers in force, of all lineages; read from an index, so perhaps stale."""
