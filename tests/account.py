"""An account for reconcile: training jobs as the test says, every other port in memory, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from controller.decide.ownership import OwnerAnswer
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Job, Outcome
from controller.ledger.intent import Probe, Publish, Submit
from controller.ledger.lineage_id import LineageId
from controller.policy.policy import Policy
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Answer, Done, PartUnread
from controller.runtime.ports.ledger import Ledger
from controller.runtime.read_events import Trigger
from controller.runtime.reconcile import Reconciled, reconcile
from controller.runtime.sweep import SweepResult, sweep
from controller.units.money import Rate
from tests import builders
from tests.simulation.memory import MemoryLedger, MemoryOutbox


@dataclass(slots=True)
class Account:
    """``jobs`` are what SageMaker describes. ``on_submit`` answers a submission; by default the attempt is created."""

    policy: Policy
    ledger: Ledger = field(default_factory=MemoryLedger)
    now: datetime = builders.BEGIN
    jobs: dict[str, Job] = field(default_factory=dict)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    on_submit: Callable[[Submit], Answer] | None = None
    on_stop: Callable[[str], Answer] | None = None
    asked: list[Submit] = field(default_factory=list)
    published: list[Publish] = field(default_factory=list)
    part_unread: str = ""  # what SageMaker does not say of the jobs that it describes: ListTags or DescribeAlgorithm
    tick: timedelta = timedelta(0)  # how long each call takes, as far as the clock shows it

    @property
    def ports(self) -> Ports:
        own: Any = self
        return Ports(
            jobs=JobsOf(self), checkpoints=own, ledger=self.ledger, outbox=self.outbox, chat=own, events=own, report_store=own,
            quotas=own, placement=own, price_list=own, instances=own, policies=own, prices=own, clock=Clock(self),
        )  # fmt: skip

    def trigger(self, name: str, lineage: LineageId | None = None) -> Reconciled:
        """Trigger a job, as an event or the sweep does."""
        return reconcile(Trigger(job=name, lineage=lineage), self.ports)

    def sweep(self) -> SweepResult:
        return sweep(self.ports)

    def pass_time(self, length: timedelta, step: timedelta = timedelta(minutes=1)) -> list[SweepResult]:
        """Let time pass, with a sweep after each step."""
        end, swept = self.now + length, []
        while self.now < end:
            self.now += step
            swept.append(self.sweep())
        return swept

    def end(self, name: str, outcome: Outcome, **changes: Any) -> None:
        """Let a job end now."""
        self.jobs[name] = builders.ended(self.jobs[name], outcome, ended_at=self.now, **changes)

    # The ports.

    def current(self) -> Policy:
        return self.policy

    def refused(self) -> None:
        return None

    def scan(self, uri: str, *, now: datetime, ignore: Sequence[str] = ()) -> CheckpointScan:
        return CheckpointScan(uri=uri, scanned_at=now, objects=0, bytes_seen=0, newest_at=None, complete=True)

    def publish(self, publish: Publish, at: datetime) -> Answer:
        self.published.append(publish)
        return Done()

    def on_demand(self, instance_type: str, now: datetime) -> int | None:
        """No quota is known."""

    def score(self, instance_type: str, count: int, region: str) -> int | None:
        """No score is known."""

    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate:
        return builders.rate()


@dataclass(slots=True)
class Clock:
    account: Account

    def now(self) -> datetime:
        self.account.now += self.account.tick
        return self.account.now


@dataclass(slots=True)
class JobsOf:
    """The Jobs port over the account's jobs."""

    account: Account

    def describe(self, name: str) -> Job | None:
        job = self.account.jobs.get(name)
        if job is not None and (unread := self.account.part_unread):
            tags = unread == "ListTags"
            raise PartUnread(f"{unread}: 503", replace(job, tags={}) if tags else job, tags=tags)
        return job

    def made_by_pipeline(self, job: Job, execution: str) -> OwnerAnswer:
        return OwnerAnswer.NO

    def submit(self, submit: Submit, lineage: LineageId) -> Answer:
        self.account.asked.append(submit)
        answer = self.account.on_submit(submit) if self.account.on_submit else Done("created")
        if isinstance(answer, Done):
            before = self.account.jobs[submit.about]
            self.account.jobs[submit.job] = replace(
                builders.job(submit.job), created_at=self.account.now, started_at=None, intervals=(), secondary="Starting",
                checkpoint_uri=before.checkpoint_uri, spot=before.spot, instance_type=before.instance_type,
            )  # fmt: skip
        return answer

    def probe(self, probe: Probe, lineage: LineageId) -> Answer:
        return Done("SageMaker accepted the probe job")

    def stop(self, name: str, born_at: datetime | None) -> Answer:
        return self.account.on_stop(name) if self.account.on_stop else Done("ended")

    def newest(self, token: str = "") -> None:
        """No list."""
