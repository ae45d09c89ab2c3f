"""A ledger, an outbox and a list of jobs in memory: what the ports say, and nothing else.

The contract suite tests them and DynamoDB alike; the simulation runs on them.
"""

from tests.simulation.memory.all_ports import AllPorts
from tests.simulation.memory.job_list import MemoryJobList
from tests.simulation.memory.ledger import MemoryLedger
from tests.simulation.memory.outbox import MemoryOutbox

__all__ = ["AllPorts", "MemoryJobList", "MemoryLedger", "MemoryOutbox"]
