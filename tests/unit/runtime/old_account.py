"""An account with many past jobs on a virtual clock, where each call to SageMaker takes time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ReadTimeoutError

from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.runtime.discover import discover
from controller.runtime.ports.all_ports import Ports
from controller.runtime.sweep import SweepResult
from infra.local.sagemaker.client import Client
from infra.local.sagemaker.world import World
from tests import builders
from tests.client_errors import client_error
from tests.simulation import harness
from tests.simulation.memory import MemoryLedger, MemoryOutbox
from tests.unit.infra.local.sagemaker.requests import T0, request, world

CALL_S = 0.15
HOUR = timedelta(hours=1)


class KilledError(BaseException):
    """Raised where Lambda would end the function."""


@dataclass
class Policies:
    def current(self) -> Any:
        return builders.policy()

    def refused(self) -> None:
        return None


@dataclass
class OldAccount:
    """The account, its clock and the ports of discover."""

    world: World = field(default_factory=world)
    call_s: float = CALL_S
    ledger: Any = field(default_factory=MemoryLedger)
    calls: Counter[str] = field(default_factory=Counter)
    described: list[tuple[float, str]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)  # jobs that are never described: two tries of ten seconds
    fatal: set[str] = field(default_factory=set)  # jobs with which the function ends
    tokens_live: timedelta = timedelta.max
    began_at: datetime = T0
    at: datetime = T0
    _issued: dict[str, datetime] = field(default_factory=dict)

    def past(self, count: int, over: timedelta, *, ended_after: timedelta = timedelta(minutes=30)) -> None:
        """Add jobs that completed, spread evenly over a time that ends now; the newest is ``past-000000``."""
        base = request()
        for n in range(count):
            created_at = self.world.now - over * ((n + 1) / count)
            ended_at = min(created_at + ended_after, self.world.now)
            self.world.add_past(base | {"TrainingJobName": f"past-{n:06}"}, created_at=created_at, ended_at=ended_at)

    def launch(self, name: str, **plan: Any) -> None:
        longest = {"MaxRuntimeInSeconds": 28 * 86_400, "MaxWaitTimeInSeconds": 28 * 86_400}
        self.world.create_training_job(request(name, prefix=f"s3://ckpt/{name}", **plan) | {"StoppingCondition": longest})

    def run(self) -> SweepResult:
        """Run discover once, as one function of at most 45 seconds."""
        self.began_at = self.at
        return discover(self.ports)

    def wait_until(self, at: datetime) -> None:
        self.at = max(at, self.at)
        self.world.advance_to(self.at)
        self.world.drain_events()

    @property
    def names(self) -> list[str]:
        return [name for _, name in self.described]

    @property
    def taken_s(self) -> float:
        return (self.at - self.began_at).total_seconds()

    # The clock, and SageMaker's API.

    def now(self) -> datetime:
        return self.at

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("_"):
            raise AttributeError(operation)

        def call(**asked: Any) -> Any:
            self.calls[operation] += 1
            self.at += timedelta(seconds=self.call_s)
            name = asked.get("TrainingJobName", "")
            if operation == "describe_training_job":
                self.described.append((self.taken_s, name))
            if name in self.silent:
                self.at += timedelta(seconds=20)
            if self.taken_s > 45 or name in self.fatal:
                raise KilledError
            if name in self.silent:
                raise ReadTimeoutError(endpoint_url="https://sagemaker")
            token = asked.get("NextToken", "")
            if token and self.at - self._issued.get(token, self.at) > self.tokens_live:
                raise client_error("ValidationException", "Invalid pagination token.", "ListTrainingJobs")
            answer = getattr(Client(self.world, validate=False), operation)(**asked)
            self._issued[answer.get("NextToken", "")] = self.at
            return answer

        return call

    @property
    def ports(self) -> Ports:
        return Ports(
            jobs=SageMakerJobs(self), checkpoints=harness.MemoryCheckpoints(self.world), report_store=None, price_list=None,
            quotas=harness.Unknown(), placement=harness.Unknown(), events=harness.Bus(), ledger=self.ledger,
            outbox=MemoryOutbox(), chat=harness.Unknown(), instances=harness.Instances(), policies=Policies(),
            prices=harness.Prices(), clock=self,
        )  # type: ignore[arg-type]  # fmt: skip
