"""Estimates what the controller itself costs, because the account's bill does not show it separately.

AWS's public prices of us-east-1, 2026-11: Lambda (arm64) $0.0000133334 per GB-second and $0.20 per million requests; DynamoDB
on-demand $0.625 per million write units and $0.125 per million read units. The times are cautious assumptions: functions of 512
MB that take 0.2 s for each scheduled run and 0.5 s for each entry written. An entry takes three write units (itself, an index,
its share of a head) and ten read units.
"""

from __future__ import annotations

GB = 0.5
GB_SECOND_MICROS = 13.3334
REQUEST_MICROS = 0.2
WRITE_MICROS = 0.625
READ_MICROS = 0.125

SCHEDULED_RUNS_A_DAY = 2 * 24 * 60 + 2 * 24  # sweep and drain each minute, discover and the digests each hour
SCHEDULED_RUN_S = 0.2
SCHEDULED_RUN_READS = 8
ENTRY_S = 0.5
ENTRY_WRITES = 3
ENTRY_READS = 10


def own_cost_micros(*, days: int, entries: int) -> int:
    """The cost of scheduled runs over ``days`` and of writing ``entries``, in millionths of a dollar."""
    scheduled_run = REQUEST_MICROS + SCHEDULED_RUN_S * GB * GB_SECOND_MICROS + SCHEDULED_RUN_READS * READ_MICROS
    entry = REQUEST_MICROS + ENTRY_S * GB * GB_SECOND_MICROS + ENTRY_WRITES * WRITE_MICROS + ENTRY_READS * READ_MICROS
    return round(days * SCHEDULED_RUNS_A_DAY * scheduled_run + entries * entry)
