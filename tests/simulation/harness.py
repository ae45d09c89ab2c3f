"""The ports of a Lambda function: the real SageMaker adapter over the world, the ledger in memory, each call with faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, ReadTimeoutError

from controller.aws.s3_checkpoints import S3Checkpoints
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.decide.decision import Decision
from controller.jobs.checkpoint import CheckpointScan
from controller.ledger.intent import Publish
from controller.ledger.lineage import Lineage, LineageId
from controller.notifications.block_kit import Page
from controller.policy.policy import Policy
from controller.runtime.outbox import WrongChannel
from controller.runtime.ports import Answer, Done, Later, Ports, Post, Refused, Unreachable
from controller.units.money import Rate
from infra.local.sagemaker.client import Client
from infra.local.sagemaker.world import World
from infra.local.slack_message import Refused as SlackRefused
from infra.local.slack_message import content
from tests.simulation.cap_invariants import MICROS_PER_H
from tests.simulation.lambdas import Lambdas
from tests.simulation.memory import AllPorts, MemoryLedger, MemoryOutbox
from tests.simulation.memory.s3 import MemoryS3, newest_saved_at
from tests.simulation.world_invariants import ROLES, InvariantChecker, require

ROLLOUT = timedelta(minutes=5)  # during a deployment, old containers still run
PRICED = "ml.g5.2xlarge"
EMPTY = "empty:"  # the token after an empty page
BUCKETS = ("checkpoints", "saved")  # the parameter CheckpointBuckets


class CallText(NamedTuple):
    """The text of a call, made only when somebody reads the log."""

    port: str
    method: str
    args: tuple[Any, ...]
    named: dict[str, Any]

    def __str__(self) -> str:
        words = [_short(arg) for arg in (*self.args, *self.named.values())]
        return f"{self.port}.{self.method}({', '.join(words)})"


class FaultyPort:
    """Any port; each call of its methods may fail."""

    def __init__(self, lambdas: Lambdas, name: str, port: object, throttled: Callable[[], Any], lost: Callable[[], Any]) -> None:
        self._lambdas, self._name, self._port, self._throttled, self._lost = lambdas, name, port, throttled, lost

    def __getattr__(self, method: str) -> Callable[..., Any]:
        act = getattr(self._port, method)
        if not callable(act):
            fixed: Any = act
            return fixed

        def call(*args: Any, **named: Any) -> Any:
            what = CallText(self._name, method, args, named)
            return self._lambdas.call(what, partial(act, *args, **named), self._throttled, self._lost)

        return call


class FaultyLedger(AllPorts, FaultyPort):
    """The ledger with faults. Other functions may write between the two reads of one load."""

    def load(self, lineage: LineageId) -> Lineage:
        version: int = self.head(lineage)
        rest: Lineage = self.rest(lineage)
        return replace(rest, version=version)


class CheckedClient:
    """SageMaker's API as the controller calls it, with the invariants checked; ``broken`` jobs are never described."""

    def __init__(self, client: Client, checker: InvariantChecker, broken: set[str]) -> None:
        self._client, self._checker, self._broken = client, checker, broken

    def describe_training_job(self, **asked: Any) -> Any:
        if asked["TrainingJobName"] in self._broken:
            raise _no_answer("DescribeTrainingJob")
        return self._client.describe_training_job(**asked)

    def create_training_job(self, **request: Any) -> Any:
        return self._checker.create(partial(self._client.create_training_job, **request), request)

    def stop_training_job(self, **asked: Any) -> Any:
        return self._checker.stop(partial(self._client.stop_training_job, **asked), asked["TrainingJobName"])

    def list_training_jobs(self, **asked: Any) -> Any:
        return self._client.list_training_jobs(**asked)

    def list_tags(self, **asked: Any) -> Any:
        return self._client.list_tags(**asked)

    def list_pipeline_execution_steps(self, **asked: Any) -> Any:
        return self._client.list_pipeline_execution_steps(**asked)


class FaultyClient(FaultyPort):
    """The client with faults. Describing a broken job also takes time: two tries of ten seconds."""

    def __init__(self, lambdas: Lambdas, client: CheckedClient, broken: set[str]) -> None:
        super().__init__(lambdas, "sagemaker", client, _throttled, partial(_raise, _no_answer, "a call"))
        self._broken = broken

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = super().__getattr__(method)

        def up(**asked: Any) -> Any:
            if self._lambdas.down:
                self._lambdas.happened["outage"] += 1
                self._lambdas.pause(timedelta(milliseconds=300))
                raise self._lambdas.rng.choice([_server_error, _throttled_error, _no_answer])("an outage")
            return call(**asked)

        return up

    def describe_training_job(self, **asked: Any) -> Any:
        if asked["TrainingJobName"] in self._broken:
            self._lambdas.pause(timedelta(seconds=20))
        return self.__getattr__("describe_training_job")(**asked)

    def list_training_jobs(self, **asked: Any) -> Any:
        """A page that is empty leads on to the page that was asked for."""
        if asked.get("NextToken", "").startswith(EMPTY):
            asked = {name: value for name, value in asked.items() if name != "NextToken"} | (
                {"NextToken": token} if (token := asked["NextToken"].removeprefix(EMPTY)) else {}
            )
        elif self._lambdas.current is not None and self._lambdas.rng.random() < self._lambdas.faults.empty_pages:
            return {"TrainingJobSummaries": [], "NextToken": EMPTY + asked.get("NextToken", "")}
        return self.__getattr__("list_training_jobs")(**asked)


CLOSED = {"#closed": "channel_not_found", "#read-only": "restricted_action_read_only_channel"}


def _refused(page: Page) -> str | None:
    """Why Slack refuses a page: among others, all texts of its blocks together are too long."""
    try:
        content({"text": page.text, "blocks": list(page.blocks)})
    except SlackRefused as refused:
        return str(refused)
    return None


class Slack:
    """Channels that accept every message within Slack's limits and keep it, but for two."""

    threads = True

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, Page]] = []  # channel, thread, page
        self.edits = 0

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        if channel in CLOSED:
            return WrongChannel(CLOSED[channel])
        if (why := _refused(page)) is not None:
            return Refused(why)
        self.posted.append((channel, thread_ts, page))
        return Done(f"C{channel}/{len(self.posted)}")

    def update(self, post: Post, page: Page) -> Answer:
        assert int(post.ts) <= len(self.posted), post
        assert page.blocks
        self.edits += 1
        return Done()


@dataclass(slots=True)
class Rollout:
    """The policies in the order of their deployment. During a deployment some containers have the old policy."""

    lambdas: Lambdas
    ledger: MemoryLedger
    history: list[tuple[datetime, Policy]]

    def current(self) -> Policy:
        runs = self.lambdas.current
        readable = self.readable(self.lambdas.now)
        found = readable[0] if runs is not None and runs.number % 2 else readable[-1]
        return replace(found, in_force_at=self.ledger.revisions.in_force_at(found.revision, self.lambdas.now))

    def refused(self) -> None:
        return None

    def readable(self, at: datetime) -> list[Policy]:
        """The policies that containers may have at a time: the newest, and during its deployment also the one before."""
        return [policy for _, policy in self.intervals(at)]

    def intervals(self, at: datetime) -> list[tuple[datetime, Policy]]:
        """The same policies, each with the time of the deployment that made it the current one."""
        deployed = [(when, policy) for when, policy in self.history if when <= at] or self.history[:1]
        latest_at, _ = deployed[-1]
        return deployed[-2 if at < latest_at + ROLLOUT else -1 :]

    def readable_from(self, at: datetime) -> list[Policy]:
        """Every policy that some container has at a time or later."""
        moments = (at, *(when for when, _ in self.history if when > at))
        return list({policy.revision: policy for moment in moments for policy in self.readable(moment)}.values())


class Unknown:
    """A quota and a placement score that are unknown."""

    def on_demand(self, instance_type: str, now: datetime) -> None:
        """Unknown."""

    def score(self, instance_type: str, count: int, region: str) -> None:
        """Unknown."""


class Prices:
    """Prices of the instance types that jobs ask for and most that the ladder comes to, and none for the others."""

    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        micros_per_h = MICROS_PER_H.get(instance_type)
        return None if micros_per_h is None else Rate(micros_per_h=micros_per_h, as_of=date(2026, 3, 1), source="test")


class MemoryCheckpoints(S3Checkpoints):
    """The real adapter over S3 in memory, with an invariant: nothing but a checkpoint is taken for one."""

    def __init__(self, world: World, now: Callable[[], datetime] | None = None, *, others: float = 0, seed: object = 0) -> None:
        super().__init__(MemoryS3(world, now or (lambda: world.now), others=others, seed=seed), BUCKETS)
        self._world = world

    def scan(self, uri: str, *, now: datetime, ignore: Sequence[str] = ()) -> CheckpointScan:
        seen, newest_at = super().scan(uri, now=now, ignore=ignore), newest_saved_at(self._world, uri)
        require(seen.newest_at == newest_at, f"only checkpoints prove training: {uri} has {newest_at}, and {seen} was seen")
        return seen


class Bus:
    """An event bus that accepts every event and keeps it."""

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
    """The ledger, with the invariants checked."""

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
    lambdas: Lambdas, client: Client, checker: InvariantChecker, ledger: MemoryLedger, outbox: MemoryOutbox, slack: Slack,
    policies: Rollout, broken: set[str], checkpoints: MemoryCheckpoints, events: Bus,
) -> Ports:  # fmt: skip
    """Build the ports of every function of one history."""
    unreachable = partial(_raise, Unreachable, "the call was throttled, or timed out")
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


def _throttled() -> Any:
    raise _throttled_error("any")


def _throttled_error(what: str) -> Exception:
    problem: Exception = ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, what)
    return problem


def _server_error(what: str) -> Exception:
    answer = {"Error": {"Code": "InternalFailure", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 500}}
    problem: Exception = ClientError(answer, what)  # type: ignore[arg-type]
    return problem


def _no_answer(what: str) -> Exception:
    problem: Exception = ReadTimeoutError(endpoint_url=f"https://sagemaker/{what}")
    return problem


def _raise(kind: Callable[[str], Exception], why: str) -> Any:
    raise kind(why)


def _short(arg: object) -> str:
    match arg:
        case LineageId():
            return f"{arg.root}@{arg.created_at:%H:%M:%S}"
        case Lineage():
            return f"{_short(arg.id)} v{arg.version}"
        case str() | int() | datetime():
            return str(arg)
        case Iterable():
            return f"{len(list(arg))} …"
        case _:
            key = getattr(arg, "key", None)
            return str(key) if key else str(arg)[:300]
