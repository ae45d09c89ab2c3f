"""A ledger, an outbox and a list of jobs in memory, which only fulfil the contracts of the ports.

The contract tests test them and DynamoDB alike. The simulation uses them.
"""

from tests.simulation.memory.all_ports import AllPorts
from tests.simulation.memory.job_list import MemoryJobList
from tests.simulation.memory.ledger import MemoryLedger
from tests.simulation.memory.outbox import MemoryOutbox

__all__ = ["AllPorts", "MemoryJobList", "MemoryLedger", "MemoryOutbox"]
