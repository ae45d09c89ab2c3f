"""Ports, a SageMaker client and an S3 whose calls may fail: throttled, without a response, or during an outage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple

from botocore.exceptions import ReadTimeoutError

from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from infra.local.sagemaker.client import Client
from tests.client_errors import client_error
from tests.simulation.lambdas import Lambdas
from tests.simulation.memory import AllPorts
from tests.simulation.world_invariants import InvariantChecker

EMPTY = "empty:"  # the prefix of the token after an empty page


class CallText(NamedTuple):
    """The text of a call, which is formatted only when the log is printed."""

    port: str
    method: str
    args: tuple[Any, ...]
    named: dict[str, Any]

    def __str__(self) -> str:
        words = [_short(arg) for arg in (*self.args, *self.named.values())]
        return f"{self.port}.{self.method}({', '.join(words)})"


class FaultyPort:
    """A port whose method calls may fail."""

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
    """SageMaker's API for the controller, with checks of the invariants. DescribeTrainingJob always fails for ``broken`` jobs."""

    def __init__(self, client: Client, checker: InvariantChecker, broken: set[str]) -> None:
        self._client, self._checker, self._broken = client, checker, broken

    def describe_training_job(self, **asked: Any) -> Any:
        if asked["TrainingJobName"] in self._broken:
            raise no_answer("DescribeTrainingJob")
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
    """The client with faults. A call about a broken job also takes time: two tries of ten seconds."""

    def __init__(self, lambdas: Lambdas, client: CheckedClient, broken: set[str]) -> None:
        super().__init__(lambdas, "sagemaker", client, throttled, partial(raising, no_answer, "a call"))
        self._broken = broken

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = super().__getattr__(method)

        def up(**asked: Any) -> Any:
            if self._lambdas.down or (method == "list_tags" and self._lambdas.tags_down and self._lambdas.current is not None):
                self._lambdas.happened["outage" if self._lambdas.down else "silent_tags"] += 1
                self._lambdas.pause(timedelta(milliseconds=300))
                raise self._lambdas.rng.choice([server_error, throttled_error, no_answer])("an outage")
            return call(**asked)

        return up

    def describe_training_job(self, **asked: Any) -> Any:
        if asked["TrainingJobName"] in self._broken:
            self._lambdas.pause(timedelta(seconds=20))
        described = self.__getattr__("describe_training_job")(**asked)
        self._lambdas.read_late()
        return described

    def list_training_jobs(self, **asked: Any) -> Any:
        """Perhaps return an empty page, whose token leads to the page that was requested."""
        if asked.get("NextToken", "").startswith(EMPTY):
            asked = {name: value for name, value in asked.items() if name != "NextToken"} | (
                {"NextToken": token} if (token := asked["NextToken"].removeprefix(EMPTY)) else {}
            )
        elif self._lambdas.current is not None and self._lambdas.rng.random() < self._lambdas.faults.empty_pages:
            return {"TrainingJobSummaries": [], "NextToken": EMPTY + asked.get("NextToken", "")}
        return self.__getattr__("list_training_jobs")(**asked)


class FaultyS3:
    """S3's failures to list objects: no response, SlowDown, or AccessDenied for a bucket."""

    def __init__(self, lambdas: Lambdas, rng: Random, denied: Collection[str]) -> None:
        self._lambdas, self._rng, self._denied = lambdas, rng, denied

    def fails(self, bucket: str) -> None:
        """Raise S3's error, if this call fails."""
        if self._lambdas.s3_down:
            self._lambdas.happened["silent_s3"] += 1
            raise self._rng.choice([no_answer("ListObjectsV2"), client_error("InternalError", "", "ListObjectsV2", status=500)])
        if bucket in self._denied:
            self._lambdas.happened["denied_buckets"] += 1
            raise client_error("AccessDenied", "Access Denied", "ListObjectsV2", status=403)
        if self._rng.random() < self._lambdas.faults.slow_down:
            self._lambdas.happened["slow_down"] += 1
            raise client_error("SlowDown", "Please reduce your request rate.", "ListObjectsV2", status=503)


def throttled() -> Any:
    raise throttled_error("any")


def throttled_error(what: str) -> Exception:
    return client_error("ThrottlingException", "Rate exceeded", what)


def server_error(what: str) -> Exception:
    return client_error("InternalFailure", "", what, status=500)


def no_answer(what: str) -> Exception:
    problem: Exception = ReadTimeoutError(endpoint_url=f"https://sagemaker/{what}")
    return problem


def raising(kind: Callable[[str], Exception], why: str) -> Any:
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
