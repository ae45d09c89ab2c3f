"""Judges one job by one rule."""

from __future__ import annotations

from typing import Any

from controller.jobs.claim import Claim
from controller.jobs.job import Job
from controller.policy.findings import Fix
from controller.policy.judge import Basis, judge
from controller.policy.mode import Mode
from controller.policy.rules.kind import Evidence, Violation
from controller.policy.rules.rule_kinds import RULE_KINDS
from tests.builders import policy, rule


def ask(kind: str, about: Job, claims: tuple[Claim, ...] = (), /, **options: Any) -> Violation | None:
    """The violation that the rule kind finds in the job, if any."""
    rule = RULE_KINDS[kind]
    return rule.judge(about, rule.options(**options), Evidence(claims=claims))


def fix_in(kind: str, about: Job, claims: tuple[Claim, ...] = (), /, **options: Any) -> Fix:
    """The fix of a job by a policy with only this rule."""
    alone = policy(rules=(rule(kind, kind=kind, options=options, mode=Mode.AUDIT, action=None),))
    return judge(about, Basis(alone, Evidence(claims=claims))).fix


def fault_in(kind: str, about: Job, claims: tuple[Claim, ...] = (), /, **options: Any) -> Violation:
    """The violation that the rule kind finds in the job. Fails without one."""
    fault = ask(kind, about, claims, **options)
    assert fault is not None, f"{kind} found nothing wrong"
    return fault
