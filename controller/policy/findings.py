"""Findings (which rule a job breaks, the value found and the value wanted), the fix of a job, and the verdict about it."""

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
    """The change after which a job keeps every rule and SageMaker accepts it.

    ``request`` is a JSON merge patch of its CreateTrainingJob request (null removes a member), ``sdk`` the same change as
    arguments of the SageMaker Python SDK. Without such a change, ``why_not`` is the reason. ``tags`` explains in words what to
    do with ``Tags`` where the patch does not contain the whole list.
    """

    request: Mapping[str, Any] = field(default_factory=dict)
    sdk: Mapping[str, Any] = field(default_factory=dict)
    why_not: str = ""
    tags: str = ""


NO_FIX = Fix()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a request must contain to keep a rule. The fix is the smallest change that meets the demands of all rules."""

    spot: bool = False
    wait_s_most: int | None = None  # MaxWaitTimeInSeconds of a spot job
    runtime_s_most: int | None = None  # MaxRuntimeInSeconds
    checkpoint: bool = False
    checkpoint_under: tuple[str, ...] = ()  # the checkpoint prefix must be below one of these; empty: any prefix
    checkpoint_apart_from: tuple[Claim, ...] = ()  # claims of other jobs on prefixes
    tags: tuple[str, ...] = ()  # keys that must have a value
    instance_types: tuple[str, ...] = ()  # globs
    request: Mapping[str, Any] = field(default_factory=dict)  # other members, as a fragment of a CreateTrainingJob request


NO_DEMAND = Demand()  # no change of the request can satisfy the rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that a job breaks. ``rule`` is the id of the rule's kind, ``policy`` the name of the rule in its policy file.

    ``field``, ``found`` and ``wanted`` are the member of the request, its value, and the value that the rule requires.
    ``waiver`` is the waiver in force, if any. ``lapsed`` is a sentence: why a waiver for this rule and job is not in force.
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
    fix: Fix = NO_FIX  # the same in every finding of a job: one fix repairs all of them
    rollout: Rollout = AT_ONCE
    held_back: HeldBack | None = None  # why the mode is warn although the rule is in mode enforce
    waiver: Waiver | None = None
    lapsed: str = ""


class VerdictKind(StrEnum):
    """What follows for a job. ``refused``: SageMaker would refuse its request. Only ``spotwarden check`` tests that."""

    ALLOW = "allow"
    UNDECIDED = "undecided"
    FINDINGS = "findings"
    STOP = "stop"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of a job by a policy. ``undecided`` names the rules that cannot be judged from the job's document."""

    word: VerdictKind = VerdictKind.ALLOW
    findings: tuple[Finding, ...] = ()
    undecided: tuple[str, ...] = ()
    fix: Fix = NO_FIX
