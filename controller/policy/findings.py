"""What is wrong with a job: what was found, what is wanted, and the exact change that would repair it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from controller.jobs.claim import Claim
from controller.policy.mode import Mode
from controller.policy.policy import NO_REPAIR, AppliesTo, Repair, RuleAction, Severity
from controller.policy.rollout import AT_ONCE, HeldBack, Rollout
from controller.policy.waiver import Waiver
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """The one change after which a job keeps every rule and SageMaker takes it: a JSON merge patch of its CreateTrainingJob
    request (null takes a member out) and arguments of the SageMaker Python SDK. Where there is none, ``why_not`` says why.

    ``tags`` says in words where ``Tags`` are not the whole list.
    """

    request: Mapping[str, Any] = field(default_factory=dict)
    sdk: Mapping[str, Any] = field(default_factory=dict)
    why_not: str = ""
    tags: str = ""


NO_FIX = Fix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a request must be like to keep a rule; the fix is the smallest change that meets the demands of all rules at once."""

    spot: bool = False
    wait_s_most: int | None = None  # of a spot job
    runtime_s_most: int | None = None
    checkpoint: bool = False
    checkpoint_under: tuple[str, ...] = ()  # one of these prefixes; empty: any will do
    checkpoint_apart_from: tuple[Claim, ...] = ()
    tags: tuple[str, ...] = ()
    instance_types: tuple[str, ...] = ()  # globs
    request: Mapping[str, Any] = field(default_factory=dict)  # other members, as a fragment of a CreateTrainingJob request


NO_DEMAND = Demand()  # of a rule that no change of the request satisfies


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule broken by one job. ``rule`` is the kind's id, ``policy`` the name the rule has in its policy file.

    ``waiver`` allows it for now; ``lapsed`` says of a waiver that is about the job why it does not.
    """

    rule: str
    policy: str
    severity: Severity
    mode: Mode
    field: str
    found: str
    wanted: str
    demand: Demand
    action: RuleAction | None
    applies_to: AppliesTo
    channel: str
    repair: Repair = NO_REPAIR
    risk: str = ""  # the consequence, as a sentence
    fix: Fix = NO_FIX  # the job's one fix, which every finding of the job shares
    rollout: Rollout = AT_ONCE
    held_back: HeldBack | None = None  # why the mode is a warning, where the rule enforces
    waiver: Waiver | None = None
    lapsed: str = ""


class VerdictKind(StrEnum):
    """What follows for a job. ``refused`` is SageMaker's word and no rule's, so only ``spotwarden check`` gives it."""

    ALLOW = "allow"
    UNDECIDED = "undecided"
    FINDINGS = "findings"
    STOP = "stop"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All that the policy says of a job; ``undecided`` names the rules whose fields the job's document cannot carry."""

    word: VerdictKind = VerdictKind.ALLOW
    findings: tuple[Finding, ...] = ()
    undecided: tuple[str, ...] = ()
    fix: Fix = NO_FIX
