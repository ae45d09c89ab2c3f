"""Builders of the core's values: each call gives a valid value, each keyword changes one part of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from controller.decide.decision import Need
from controller.decide.facts import Facts
from controller.jobs.algorithm import Algorithm, AlgorithmClass
from controller.jobs.failure import FailureCause
from controller.jobs.job import OUTCOMES, Interval, Job, Outcome, Usage
from controller.ledger.attempt_name import attempt_name
from controller.ledger.entry import Entry
from controller.ledger.intent import Intent
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy, Rule, RuleAction, Severity
from controller.policy.resubmission import Budget, Resubmission
from controller.policy.selector import Selector
from controller.units.money import Rate
from tests.simulation.memory import MemoryLedger

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACCOUNT = "111122223333"
REGION = "us-east-1"

FAILURES = {
    FailureCause.CAPACITY: "CapacityError: Unable to provision requested ML compute capacity.",
    FailureCause.INTERNAL: "InternalServerError: We encountered an internal error. Please try again.",
    FailureCause.ALGORITHM: "AlgorithmError: Exit Code: 1",
    FailureCause.CLIENT: "ClientError: SageMaker was unable to assume the role 'arn:aws:iam::111122223333:role/Train'",
    FailureCause.MEMORY: "ClientError: Please use an instance type with more memory.",
    FailureCause.DISK: "ClientError: Data download failed:Insufficient disk space",
    FailureCause.QUOTA: "ResourceLimitExceeded: The account-level service limit is reached.",
    FailureCause.THROTTLED: "ThrottlingException: Rate exceeded",
    FailureCause.UNKNOWN: "an undocumented text",
}
STATUSES = {
    Outcome.COMPLETED: ("Completed", "Completed"),
    Outcome.STARVED: ("Stopped", "MaxWaitTimeExceeded"),
    Outcome.OVERRAN: ("Stopped", "MaxRuntimeExceeded"),
    Outcome.STOPPED: ("Stopped", "Stopped"),
}


def job(name: str = "bert", **changes: Any) -> Job:
    """A spot job of team vision that has just begun to train."""
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}"
    training = Job(
        arn=arn, name=name, account=ACCOUNT, region=REGION, status="InProgress", secondary="Training", outcome=None,
        instance_type="ml.g5.2xlarge", instance_count=1, spot=True, algorithm=algorithm(),
        checkpoint_uri=f"s3://checkpoints/{name}/", runtime_s_max=36_000, wait_s_max=72_000, usage=None, interrupted_at=(),
        created_at=BEGIN, started_at=BEGIN + timedelta(minutes=2),
        intervals=(Interval(start=BEGIN + timedelta(minutes=3), end=None),), stopping_at=None, ended_at=None, failure=None,
        role=f"arn:aws:iam::{ACCOUNT}:role/Train", service=None, unrepeatable=None, tags={"team": "vision"},
        identity="1:made up",
    )  # fmt: skip
    return replace(training, **changes)


def ended(training: Job, outcome: Outcome = Outcome.STARVED, **changes: Any) -> Job:
    """The same job after its end, an hour after its creation unless ``ended_at`` says otherwise."""
    status, secondary = STATUSES.get(outcome, ("Failed", "Failed"))
    cause = OUTCOMES[outcome].cause
    ended_at = changes.get("ended_at") or training.created_at + timedelta(hours=1)
    over = replace(
        training, outcome=outcome, status=status, secondary=secondary, ended_at=ended_at,
        failure=FAILURES[cause] if cause and status == "Failed" else None,
        intervals=tuple(Interval(start=i.start, end=i.end or max(ended_at, i.start)) for i in training.intervals),
    )  # fmt: skip
    return replace(over, **changes)


def usage(training_s: int = 2423, billable_s: int = 837) -> Usage:
    """The usage of the job in AWS's launch post: 65 % saved."""
    return Usage(training_s=training_s, billable_s=billable_s)


def algorithm(klass: AlgorithmClass = AlgorithmClass.FRAMEWORK, **changes: Any) -> Algorithm:
    return replace(Algorithm(klass=klass, name="pytorch-training", checkpoints=None, why="test"), **changes)


def lineage_id(root: str = "bert", **changes: Any) -> LineageId:
    return replace(LineageId(account=ACCOUNT, region=REGION, root=root, created_at=BEGIN), **changes)


def lineage(
    id: LineageId | None = None, *, version: int = 0, entries: Iterable[Entry] = (), intents: Iterable[Intent] = ()
) -> Lineage:
    return Lineage(id=id or lineage_id(), version=version, entries=tuple(entries), intents=tuple(intents))


def attempt(number: int, of: LineageId | None = None, **changes: Any) -> Job:
    """The nth attempt of a lineage."""
    life = of or lineage_id()
    return job(attempt_name(life, number), **({"checkpoint_uri": f"s3://checkpoints/{life.root}/"} | changes))


def rule(name: str = "use-spot", **changes: Any) -> Rule:
    """A rule that every on-demand job breaks: in enforce mode, with action stop."""
    use_spot = Rule(
        name=name, kind="spot-required", options={"runtime_over_s": 0}, match=Selector(), mode=Mode.ENFORCE,
        severity=Severity.HIGH, action=RuleAction.STOP, applies_to=AppliesTo.NEW, channel="#ml-spot",
    )  # fmt: skip
    return replace(use_spot, **changes)


def budget(limit: int = 3, **changes: Any) -> Budget:
    return replace(Budget(limit=limit, first_s=300, factor=2, most_s=7200), **changes)


def block(name: str = "everything", **changes: Any) -> Resubmission:
    """A resubmit block for every job, with three causes."""
    causes = {FailureCause.STARVED: budget(3), FailureCause.CAPACITY: budget(5), FailureCause.INTERNAL: budget(1)}
    everything = Resubmission(name=name, match=Selector(), mode=Mode.ENFORCE, within_s=21_600, causes=causes, channel="#ml-spot")
    return replace(everything, **changes)


def policy(revision: str = "r1", **changes: Any) -> Policy:
    """A policy of one rule and one block, both in enforce mode, in force for a day."""
    enforcing = Policy(
        revision=revision, in_force_at=BEGIN - timedelta(days=1), channel="#ml-spot", rules=(rule(),), resubmissions=(block(),)
    )
    return replace(enforcing, **changes)


def rate(micros_per_h: int = 1_515_000) -> Rate:
    return Rate(micros_per_h=micros_per_h, as_of=date(2026, 3, 1), source="test")


def facts(of: Job | None = None, **changes: Any) -> Facts:
    """What is known of a job at its end, or ten minutes after its creation. Its lineage is new to the ledger."""
    about = of or job()
    first = Facts(
        now=about.ended_at or about.created_at + timedelta(minutes=10), job=about, number=1,
        lineage=lineage(LineageId.of(about)), policy=policy(), rate=rate(), claims=() if about.alive else None,
        looked_up=frozenset(Need),
    )  # fmt: skip
    return replace(first, **changes)


def ledger_with(stored: Lineage) -> MemoryLedger:
    """A ledger that contains only this lineage."""
    ledger = MemoryLedger()
    row = ledger.row(stored.id)
    row.version = stored.version
    row.entries |= {e.key: e for e in stored.entries}
    for intent in stored.intents:
        row.put(intent)
    return ledger
