"""A ledger in memory."""

from __future__ import annotations

from tests.simulation.memory.all_ports import AllPorts
from tests.simulation.memory.lineages import MemoryLineages
from tests.simulation.memory.moments import MemoryMoments
from tests.simulation.memory.records import MemoryRecords


class MemoryLedger(MemoryLineages, MemoryRecords, MemoryMoments, AllPorts):
    """The ledger's ports. Each method is atomic, except ``load``, which reads twice."""
