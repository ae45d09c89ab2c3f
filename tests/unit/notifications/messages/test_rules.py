"""The small print of a message about a broken rule: the owner of the job, and the policy that was in force."""

from __future__ import annotations

from controller.ledger.messages.message import JobFacts, RuleBroken, TuningFlagged
from controller.notifications.messages.rules import rule_broken, tuning_flagged
from controller.policy.rollout import HeldBack

JOB = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True)
BROKEN = {"job": JOB, "policy": "p", "severity": "low", "field": "F", "found": "1", "wanted": "2", "revision": "r7"}


def broken(**changes: object) -> str:
    return rule_broken(RuleBroken(**(BROKEN | changes))).small  # type: ignore[arg-type]


def test_the_mode_and_the_revision_that_were_in_force_are_told() -> None:
    assert broken(mode="warn").endswith(" · mode warn, policy r7")
    assert broken(mode="warn", held_back=HeldBack.SHARE).endswith("), policy r7")
    assert "policy" not in broken(mode=""), "a message of before has none"
    tuning = TuningFlagged(**(BROKEN | {"definition": "", "mode": "enforce"}))  # type: ignore[arg-type]
    assert tuning_flagged(tuning).small.endswith(" · mode enforce, policy r7")
