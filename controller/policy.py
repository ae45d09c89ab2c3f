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
from controller.talk import Labels, Talk, talk_of


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
    REPAIR = "repair"  # stop it, and submit it again with the fix applied, once


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
class Repair:
    """What only the policy can know of a repair: where checkpoints may lie, and which tags to add.

    ``checkpoint`` is a template such as ``s3://bucket/{team}/{family}/``; ``allowed`` says per role (a shell glob) below which
    prefixes a repaired one must lie, and empty means that the template's own text up to its first brace is the limit.
    """

    checkpoint: str | None = None
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


NO_REPAIR = Repair()


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
    repair: Repair = NO_REPAIR


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How often, how patiently and how differently one cause is tried again. A limit of 0 means never.

    ``beginnings`` are the FailureReasons that count, where a cause is only tried again by name; ``instance_type`` and
    ``volume_gb`` are what is larger, where a cause needs more.
    """

    limit: int
    first_s: int
    factor: float
    most_s: int
    jitter: float = 0.0
    beginnings: tuple[str, ...] = ()
    instance_type: str | None = None
    volume_gb: int | None = None

    def backoff(self, tried: int, share: float = 0.0) -> timedelta:
        """How long to wait before try number ``tried`` + 1 for this cause; ``share`` (0 to 1) is how much jitter is added."""
        plain_s = min(self.first_s * self.factor**tried, self.most_s)
        return timedelta(seconds=round(plain_s * (1 + self.jitter * share)))


class RungKind(StrEnum):
    """The steps of a ladder."""

    SAME = "same"
    INSTANCE_TYPES = "instance_types"
    EQUIVALENTS = "equivalents"
    SUBNETS = "subnets"
    ON_DEMAND = "on-demand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of a ladder; ``values`` are its instance types or subnets."""

    kind: RungKind
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """More than so many interruptions within so long: the job takes the next step of its ladder."""

    more_than: int
    within_s: int


class Guarantee(StrEnum):
    """What to spend where a job that nothing checkpoints cannot have both."""

    DEADLINE = "deadline"  # on-demand from the moment at which a lost run could not be made good
    MONEY = "money"  # spot, and a deadline that may be missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """How a deadline is kept. The spans are estimates that the policy may correct; all in seconds.

    ``finish_within_s`` counts from the first attempt's creation; the ``spotwarden:deadline`` tag goes before it.
    """

    finish_within_s: int | None = None
    guarantee: Guarantee = Guarantee.DEADLINE
    quantile: float = 0.9
    margin_s: int = 600
    start_s: int = 300
    restore_s: int = 120
    upload_s: int = 180
    checkpoint_every_s: int = 1800
    back_to_spot: bool = False
    placement_score: int | None = None
    probe: bool = False
    stay_s: int = 1800
    moves_max: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Brakes:
    """How many jobs the controller may stop and submit in an hour, over the whole account; None is no limit."""

    stops_per_h: int | None = None
    submissions_per_h: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resubmission:
    """One ``resubmit`` block. Endings that were ``within_s`` old when they were first seen are only booked."""

    name: str
    match: Selector
    mode: Mode
    within_s: int
    causes: Mapping[Cause, Budget]
    channel: str
    ladder: tuple[Rung, ...] = ()
    on_demand: bool = True
    patience: Patience | None = None
    promise: Promise = Promise()
    cap_micros: int | None = None
    team_month_cap_micros: int | None = None

    def budget_of(self, cause: Cause) -> tuple[Budget | None, frozenset[Cause]]:
        """The budget of a cause, and which causes draw on it: one without its own shares that of its elder."""
        cause_s_own = self.causes.get(cause)
        if cause_s_own is not None:
            sharing = {younger for younger, elder in SHARED.items() if elder is cause and younger not in self.causes}
            return cause_s_own, frozenset({cause} | sharing)
        elder = SHARED.get(cause)
        return (None, frozenset()) if elder is None else self.budget_of(elder)


# A job that never launched starved, too: who gave one budget for both meant both. To a submission, no quota is no capacity.
SHARED: Mapping[Cause, Cause] = {Cause.NEVER_LAUNCHED: Cause.STARVED, Cause.QUOTA: Cause.CAPACITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A compiled policy folder. ``revision`` is a hash of its content, ``in_force_at`` when the ledger first saw it."""

    revision: str
    in_force_at: datetime
    channel: str
    rules: tuple[Rule, ...] = ()
    resubmissions: tuple[Resubmission, ...] = ()
    brakes: Brakes = Brakes()
    talk: Talk = field(default_factory=Talk)
    labels: Labels = field(default_factory=Labels)

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
        brakes=Brakes(**document.get("brakes", {})),
        talk=talk_of(document.get("slack", {})),
        labels=Labels(**document.get("labels", {})),
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
        repair=_repair(found.get("repair", {})),
    )


def _repair(found: Mapping[str, Any]) -> Repair:
    allowed = {role: tuple(prefixes) for role, prefixes in found.get("allowed", {}).items()}
    return Repair(checkpoint=found.get("checkpoint"), allowed=allowed, tags=found.get("tags", {}))


def _resubmission(found: Mapping[str, Any]) -> Resubmission:
    return Resubmission(
        name=found["name"],
        match=_selector(found["match"]),
        mode=Mode(found["mode"]),
        within_s=found["within_s"],
        causes={Cause(cause): _budget(budget) for cause, budget in found["causes"].items()},
        channel=found["channel"],
        ladder=tuple(Rung(kind=RungKind(rung["kind"]), values=tuple(rung["values"])) for rung in found.get("ladder", ())),
        on_demand=found.get("on_demand", True),
        patience=Patience(**found["patience"]) if found.get("patience") else None,
        promise=_promise(found.get("promise", {})),
        cap_micros=found.get("cap_micros"),
        team_month_cap_micros=found.get("team_month_cap_micros"),
    )


def _budget(found: Mapping[str, Any]) -> Budget:
    return Budget(**{**found, "beginnings": tuple(found.get("beginnings", ()))})


def _promise(found: Mapping[str, Any]) -> Promise:
    guarantee = Guarantee(found.get("guarantee", Guarantee.DEADLINE))
    return Promise(**{**found, "guarantee": guarantee})
