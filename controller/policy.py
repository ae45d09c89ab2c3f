"""What a platform team asks of training jobs: rules, and what may be submitted again.

A policy folder is written as YAML, validated and compiled to one JSON document by ``policyfile`` where people work; this module
loads that document and needs nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from controller.failure import Cause
from controller.job import Job


class Mode(StrEnum):
    AUDIT = "audit"  # record
    WARN = "warn"  # record, and tell people
    ENFORCE = "enforce"  # record, tell people, and act

    @property
    def tells(self) -> bool:
        return self is not Mode.AUDIT


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Remedy(StrEnum):
    """What enforcing a rule does to an offender."""

    STOP = "stop"


class Reach(StrEnum):
    """Which jobs an enforcing rule may act on."""

    NEW = "new"  # created after this policy revision took force
    RUNNING = "running"  # and those that were running already


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which jobs a rule is about; an empty selector is about every job. Text patterns are shell globs."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    instance_type: tuple[str, ...] = ()
    algorithm: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()

    def matches(self, job: Job) -> bool | None:
        """Whether the job is meant; None when that hangs on a field the job's document cannot carry."""
        asked: dict[str, tuple[tuple[str, ...], str]] = {
            "name": (self.name, job.name),
            "role": (self.role, job.role),
            "instance_type": (self.instance_type, job.instance_type),
            "algorithm": (self.algorithm, job.algorithm.klass),
            "account": (self.account, job.account),
            "region": (self.region, job.region),
        }
        undecided = False
        for name, (patterns, value) in asked.items():
            if not patterns:
                continue
            if name in job.unknown:
                undecided = True
            elif not any(fnmatchcase(value, pattern) for pattern in patterns):
                return False
        for key, wanted in self.tags.items():
            if "tags" in job.unknown:
                undecided = True
            elif not any(fnmatchcase(job.tags.get(key, ""), pattern) for pattern in wanted):
                return False
        return None if undecided else True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a policy file. ``kind`` is one of ``controller.rules.KINDS``, ``options`` are that kind's own."""

    name: str
    kind: str
    options: Mapping[str, Any]
    match: Selector
    mode: Mode
    severity: Severity
    remedy: Remedy | None
    applies_to: Reach
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often, and how patiently, one cause is tried again. A limit of 0 means never."""

    limit: int
    first_s: int
    factor: float
    most_s: int

    def backoff(self, tried: int) -> timedelta:
        """How long to wait before try number ``tried`` + 1 for this cause."""
        return timedelta(seconds=min(round(self.first_s * self.factor**tried), self.most_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmission:
    """One ``resubmit`` block. Endings that were ``within_s`` old when they were first seen are only booked."""

    name: str
    match: Selector
    mode: Mode
    within_s: int
    causes: Mapping[Cause, Budget]
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A compiled policy folder. ``revision`` is a hash of its content, ``in_force_at`` when the ledger first saw it."""

    revision: str
    in_force_at: datetime
    channel: str
    rules: tuple[Rule, ...] = ()
    resubmissions: tuple[Resubmission, ...] = ()

    def resubmission_for(self, job: Job) -> Resubmission | None:
        """The first ``resubmit`` block that selects the job; None means that nothing is submitted again."""
        return next((block for block in self.resubmissions if block.match.matches(job)), None)


def load(document: Mapping[str, Any], in_force_at: datetime) -> Policy:
    """Read the compiled JSON document (see ``policyfile.compile_folder``) that ships to Lambda."""
    return Policy(
        revision=document["revision"],
        in_force_at=in_force_at,
        channel=document["channel"],
        rules=tuple(_rule(r) for r in document["rules"]),
        resubmissions=tuple(_resubmission(r) for r in document["resubmit"]),
    )


def _selector(found: Mapping[str, Any]) -> Selector:
    tags = {key: tuple(values) for key, values in found.get("tags", {}).items()}
    return Selector(tags=tags, **{key: tuple(values) for key, values in found.items() if key != "tags"})


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        name=found["name"],
        kind=found["kind"],
        options=found["options"],
        match=_selector(found["match"]),
        mode=Mode(found["mode"]),
        severity=Severity(found["severity"]),
        remedy=Remedy(found["remedy"]) if found["remedy"] else None,
        applies_to=Reach(found["applies_to"]),
        channel=found["channel"],
    )


def _resubmission(found: Mapping[str, Any]) -> Resubmission:
    return Resubmission(
        name=found["name"],
        match=_selector(found["match"]),
        mode=Mode(found["mode"]),
        within_s=found["within_s"],
        causes={Cause(cause): Budget(**budget) for cause, budget in found["causes"].items()},
        channel=found["channel"],
    )
