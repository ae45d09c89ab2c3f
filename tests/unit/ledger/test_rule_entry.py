"""What a rule found about a job is recorded once, and once for each revision whose guard counts it."""

from __future__ import annotations

from dataclasses import replace

from controller.ledger.rule_entry import Flagged
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from tests.builders import BEGIN

FLAGGED = Flagged(
    job="bert", at=BEGIN, team=None, rule="spot-required", policy="use-spot", severity=Severity.HIGH, mode=Mode.ENFORCE,
    field="f", found="x", wanted="y", revision="r1",
)  # fmt: skip


def test_a_finding_is_recorded_again_under_another_mode_or_waiver_and_not_under_another_revision() -> None:
    again = replace(FLAGGED, revision="r2", found="z")
    assert again.key == FLAGGED.key
    assert len({FLAGGED.key, replace(FLAGGED, mode=Mode.WARN).key, replace(FLAGGED, waiver="w").key}) == 3


def test_what_a_rule_with_a_guard_did_is_recorded_for_each_revision() -> None:
    """The guard of a revision counts the jobs on which this revision acted."""
    acted = replace(FLAGGED, acts=True)
    assert len({FLAGGED.key, acted.key, replace(acted, revision="r2").key}) == 3
