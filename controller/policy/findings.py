"""What is wrong with a job: what was found, what is wanted, and the exact change that would repair it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.policy.mode import Mode
from controller.policy.policy import NO_REPAIR, AppliesTo, Repair, RuleAction, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """The change that would satisfy the rule: as a CreateTrainingJob fragment and as SageMaker Python SDK arguments."""

    request: Mapping[str, Any] = field(default_factory=dict)
    sdk: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule broken by one job. ``rule`` is the kind's id, ``policy`` the name the rule has in its policy file."""

    rule: str
    policy: str
    severity: Severity
    mode: Mode
    field: str
    found: str
    wanted: str
    fix: Fix
    action: RuleAction | None
    applies_to: AppliesTo
    channel: str
    repair: Repair = NO_REPAIR
    risk: str = ""  # what happens otherwise, as a sentence


class VerdictKind(StrEnum):
    ALLOW = "allow"
    FLAG = "flag"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All that the policy says of a job; ``undecided`` names the rules whose fields the job's document cannot carry."""

    word: VerdictKind = VerdictKind.ALLOW
    findings: tuple[Finding, ...] = ()
    undecided: tuple[str, ...] = ()
