"""What a thousand jobs cost, from the calls that jobs cause: those of some hours with jobs, less those of as many without."""

from __future__ import annotations

from collections import Counter

import pytest

from controller import wiring
from infra.cost import READS, WRITES, of_calls
from infra.local.host import CLIENT_CONFIG
from tests.chaos.gate import Gates
from tests.security.lab import lab, launch, request, run

JOBS, HOURS = 6, 8
POLICY = "version: 1\nslack: {channels: {default: '#ml'}}\nrules: [{name: use-spot, rule: spot-required}]\n"


def counted(jobs: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """DynamoDB's calls, and the rows of its transactions, in some hours."""
    with lab(POLICY) as host, Gates() as gates:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", gates.before(host.environment["AWS_ENDPOINT_URL_DYNAMODB"]))
        wiring.install(clock=host.clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)
        for number in range(jobs):
            launch(host, request(f"job-{number}", "vision", work_s=3600))
        run(host, hours=HOURS)
        monkeypatch.undo()
        return gates.calls


@pytest.mark.nightly
def test_a_thousand_jobs_cost_less_than_a_dollar_of_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    idle, busy = counted(0, monkeypatch), counted(JOBS, monkeypatch)
    of_a_job = {name: (number - idle[name]) / JOBS for name, number in busy.items()}
    reads = sum(of_a_job.get(name, 0) for name in READS)
    writes = sum(of_a_job.get(name, 0) for name in WRITES)
    rows = of_a_job["TransactedRow"]
    assert reads > 0 < rows
    dollars = 1000 * of_calls(of_a_job, reads / 4)  # the quiet trigger costs four reads at least
    assert reads < 400, f"{reads:.0f} reads a job"
    assert rows + writes < 150, f"{rows:.0f} transacted rows and {writes:.0f} other writes a job"
    assert dollars < 1, f"{dollars:.2f} dollars per 1,000 jobs"
