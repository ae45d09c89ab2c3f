"""What a thousand jobs cost, from the calls that jobs cause: those of some hours with jobs, less those of as many without."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from controller import wiring
from infra.cost import GB_SECOND, READ, REQUEST, WRITE
from tests.security.lab import lab, launch, request, run

JOBS, HOURS = 6, 8
POLICY = "version: 1\nslack: {channels: {default: '#ml'}}\nrules: [{name: use-spot, rule: spot-required}]\n"
READS = {"GetItem": 1, "Query": 1}
WRITES = {"PutItem": 1, "UpdateItem": 1, "DeleteItem": 1}
INDEXED = 2  # a write of a row that is in an index is written there, too


def counted(jobs: int) -> Counter[str]:
    """DynamoDB's calls, and the rows of its transactions, in some hours."""
    calls: Counter[str] = Counter()

    def count(params: dict[str, Any], model: Any, **_: Any) -> None:
        items = params.get("TransactItems")
        calls["TransactedRow" if items else model.name] += len(items) if items else 1

    with lab(POLICY) as host:
        wiring.client("dynamodb").meta.events.register("before-parameter-build.dynamodb", count)
        for number in range(jobs):
            launch(host, request(f"job-{number}", "vision", work_s=3600))
        run(host, hours=HOURS)
    return calls


@pytest.mark.nightly
def test_a_thousand_jobs_cost_less_than_a_dollar_of_calls() -> None:
    idle, busy = counted(0), counted(JOBS)
    reads = sum((busy[name] - idle[name]) * units for name, units in READS.items()) / JOBS
    writes = sum((busy[name] - idle[name]) * units for name, units in WRITES.items()) / JOBS
    rows = (busy["TransactedRow"] - idle["TransactedRow"]) / JOBS
    assert reads > 0 < rows
    triggers = reads / 4  # the quiet trigger costs four reads at least
    of_a_job = reads * READ + (writes + 2 * rows) * INDEXED * WRITE + triggers * (REQUEST + 0.5 * 0.25 * GB_SECOND)
    assert reads < 400, f"{reads:.0f} reads a job"
    assert rows + writes < 150, f"{rows:.0f} transacted rows and {writes:.0f} other writes a job"
    assert 1000 * of_a_job < 1, f"{1000 * of_a_job:.2f} dollars per 1,000 jobs"
