"""The ports of the simulated Lambda functions: the real SageMaker adapter over the world, and the ledger in memory. All calls may
fail, as ``faulty_ports`` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from controller.aws.s3_checkpoints import S3Checkpoints
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.decide.decision import Decision
from controller.jobs.checkpoint import CheckpointScan
from controller.ledger.intent import Publish
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.policy.policy import Policy
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Answer, Done, Later, Unreachable
from controller.units.money import Rate
from infra.local.sagemaker.client import Client
from infra.local.sagemaker.world import World
from tests.put_in_force import in_force_since
from tests.simulation.cap_invariants import MICROS_PER_H
from tests.simulation.faulty_ports import CheckedClient, FaultyClient, FaultyLedger, FaultyPort, raising
from tests.simulation.lambdas import Lambdas
from tests.simulation.memory import MemoryLedger, MemoryOutbox
from tests.simulation.memory.s3 import MemoryS3, newest_saved_at
from tests.simulation.workspace import Workspace
from tests.simulation.world_invariants import ROLES, InvariantChecker, require

ROLLOUT = timedelta(minutes=5)  # the time of a deployment, in which old containers still run
PRICED = "ml.g5.2xlarge"
BUCKETS = ("checkpoints", "saved")  # the parameter CheckpointBuckets


@dataclass(slots=True)
class Rollout:
    """The policies in the order of their deployment. During a deployment, some containers have the old policy."""

    lambdas: Lambdas
    ledger: MemoryLedger
    history: list[tuple[datetime, Policy]]

    def current(self) -> Policy:
        runs = self.lambdas.current
        readable = self.readable(self.lambdas.now)
        found = readable[0] if runs is not None and runs.number % 2 else readable[-1]
        return replace(found, in_force_at=in_force_since(self.ledger.revisions, found.revision, self.lambdas.now))

    def refused(self) -> None:
        return None

    def readable(self, at: datetime) -> list[Policy]:
        """The policies that containers may have at a time: the newest, and during its deployment also the one before it."""
        return [policy for _, policy in self.intervals(at)]

    def intervals(self, at: datetime) -> list[tuple[datetime, Policy]]:
        """The policies of ``readable``, each with the time of its deployment."""
        deployed = [(when, policy) for when, policy in self.history if when <= at] or self.history[:1]
        latest_at, _ = deployed[-1]
        return deployed[-2 if at < latest_at + ROLLOUT else -1 :]

    def readable_from(self, at: datetime) -> list[Policy]:
        """All policies that containers may have at a time or later."""
        moments = (at, *(when for when, _ in self.history if when > at))
        return list({policy.revision: policy for moment in moments for policy in self.readable(moment)}.values())


class Unknown:
    """Ports for quotas and placement scores, which are always unknown."""

    def on_demand(self, instance_type: str, now: datetime) -> None:
        """Unknown."""

    def score(self, instance_type: str, count: int, region: str) -> None:
        """Unknown."""


class Prices:
    """Prices of the instance types that jobs use, and of most types in ladders. Other types have no price."""

    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        micros_per_h = MICROS_PER_H.get(instance_type)
        return None if micros_per_h is None else Rate(micros_per_h=micros_per_h, as_of=date(2026, 3, 1), source="test")


class MemoryCheckpoints(S3Checkpoints):
    """The real adapter over S3 in memory. It checks that only checkpoints are recognised as checkpoints."""

    def __init__(self, world: World, now: Callable[[], datetime] | None = None, **s3: Any) -> None:
        super().__init__(MemoryS3(world, now or (lambda: world.now), **s3), BUCKETS)
        self._world = world

    def scan(self, uri: str, *, now: datetime, ignore: Sequence[str] = ()) -> CheckpointScan:
        seen = super().scan(uri, now=now, ignore=ignore)
        newest_at = newest_saved_at(self._world, uri) if seen.problem is None else None
        require(seen.newest_at == newest_at, f"only checkpoints prove training: {uri} has {newest_at}, and {seen} was seen")
        return seen


class Bus:
    """An event bus that stores all events."""

    def __init__(self) -> None:
        self.published: list[Publish] = []

    def publish(self, publish: Publish, at: datetime) -> Answer:
        self.published.append(publish)
        return Done()


class Instances:
    def family_of(self, instance_id: str) -> str | None:
        return "g5"


@dataclass(slots=True)
class Clock:
    lambdas: Lambdas

    def now(self) -> datetime:
        return self.lambdas.now


class CheckedLedger(MemoryLedger):
    """The ledger, with checks of the invariants."""

    checker: InvariantChecker

    def commit(self, lineage: Lineage, decision: Decision) -> bool:
        stored = self.rest(lineage.id)
        done = super().commit(lineage, decision)
        if done:
            self.checker.committed(stored, decision)
        return done

    def close(self, lineage: LineageId, intent: Any, closed: Any, why: str) -> bool:
        done = super().close(lineage, intent, closed, why)
        if done:
            self.checker.closing(lineage, intent.key, closed)
        return done


def ports(
    lambdas: Lambdas, client: Client, checker: InvariantChecker, ledger: MemoryLedger, outbox: MemoryOutbox, slack: Workspace,
    policies: Rollout, broken: set[str], checkpoints: MemoryCheckpoints, events: Bus,
) -> Ports:  # fmt: skip
    """Build the ports of every function of one history."""
    unreachable = partial(raising, Unreachable, "the call was throttled, or timed out")
    seen: Any = partial(FaultyPort, lambdas)
    return Ports(
        jobs=SageMakerJobs(FaultyClient(lambdas, CheckedClient(client, checker, broken), broken), roles=ROLES),
        checkpoints=seen("s3", checkpoints, unreachable, unreachable),
        report_store=None,
        price_list=None,
        quotas=Unknown(),
        placement=Unknown(),
        events=seen("events", events, lambda: Later("throttled"), lambda: Later("no answer")),
        ledger=FaultyLedger(lambdas, "ledger", ledger, unreachable, unreachable),
        outbox=seen("outbox", outbox, unreachable, unreachable),
        chat=seen("slack", slack, lambda: Later("rate limited", 30), lambda: Later("no answer")),
        instances=Instances(),
        policies=policies,
        prices=Prices(),
        clock=Clock(lambdas),
    )
