"""The lab itself works."""

from __future__ import annotations

from controller.ledger.entry import Started
from tests.security.lab import entries, lab, launch, request, run, status

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop}
"""


def test_an_honest_job_completes_and_is_in_the_ledger_once() -> None:
    with lab(POLICY) as host:
        launch(host, request("honest", "vision", work_s=3000))
        run(host, hours=4)
        assert status(host, "honest") == "Completed"
        assert len(entries(host, "honest", Started)) == 1
