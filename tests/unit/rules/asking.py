"""Asks one rule about one job."""

from __future__ import annotations

from typing import Any

from controller.checkpoint import Claim
from controller.job import Job
from controller.rules import KINDS
from controller.rules.kind import Evidence, Fault


def ask(kind: str, about: Job, claims: tuple[Claim, ...] = (), /, **options: Any) -> Fault | None:
    """What the kind says of the job."""
    rule = KINDS[kind]
    return rule.judge(about, rule.options(**options), Evidence(claims=claims))


def fault_in(kind: str, about: Job, claims: tuple[Claim, ...] = (), /, **options: Any) -> Fault:
    """What is wrong with the job, where something must be."""
    fault = ask(kind, about, claims, **options)
    assert fault is not None, f"{kind} found nothing wrong"
    return fault
