"""A checkpoint scan gives the same result in memory and with calls to S3, and needs at most two requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from controller.aws.s3_checkpoints import S3Checkpoints
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.aws import Checkpoints
from infra.local import aws
from infra.local.checkpoint_store import CheckpointStore
from infra.local.sagemaker.world import World
from tests.builders import BEGIN
from tests.client_errors import client_error
from tests.simulation.harness import MemoryCheckpoints

Save = Callable[[str, float, Any], None]


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> Iterator[tuple[Checkpoints, Save]]:
    if request.param == "memory":
        world = World(BEGIN)

        def save(prefix: str, seconds: float, at: Any) -> None:
            world.checkpoints[prefix] = (seconds, at)

        yield MemoryCheckpoints(world), save
        return
    with aws.start() as local:
        saving = CheckpointStore()
        saving.create_bucket("saved")
        yield S3Checkpoints(local.client("s3"), ["saved"]), saving


def test_a_prefix_that_was_never_written_is_empty(store: tuple[Checkpoints, Save]) -> None:
    seen = store[0].scan("s3://saved/bert/", now=BEGIN)
    assert (seen.objects, seen.newest_at, seen.complete, seen.problem) == (0, None, True, None)
    assert (seen.uri, seen.scanned_at) == ("s3://saved/bert/", BEGIN)


def test_the_object_written_last_is_the_newest(store: tuple[Checkpoints, Save]) -> None:
    look, save = store
    save("s3://saved/bert", 300, BEGIN)
    save("s3://saved/bert", 600, BEGIN + timedelta(minutes=5))
    assert look.scan("s3://saved/bert/", now=BEGIN).newest_at == BEGIN + timedelta(minutes=5)


def test_objects_of_another_prefix_are_not_seen(store: tuple[Checkpoints, Save]) -> None:
    look, save = store
    save("s3://saved/gpt", 300, BEGIN)
    assert look.scan("s3://saved/bert/", now=BEGIN).newest_at is None


def test_a_prefix_whose_name_begins_alike_is_another(store: tuple[Checkpoints, Save]) -> None:
    look, save = store
    save("s3://saved/ASHA-10", 300, BEGIN)
    assert look.scan("s3://saved/ASHA-1", now=BEGIN).newest_at is None


@pytest.mark.parametrize("beside", ["ASHA-10", "ASHA-1-archive"])
def test_what_lies_beside_a_prefix_without_a_last_slash_is_named(store: tuple[Checkpoints, Save], beside: str) -> None:
    look, save = store
    save("s3://saved/ASHA-1", 300, BEGIN)
    save("s3://saved/BERT-1", 300, BEGIN)
    assert look.scan("s3://saved/ASHA-1", now=BEGIN).sibling == ""
    save(f"s3://saved/{beside}", 300, BEGIN)
    assert look.scan("s3://saved/ASHA-1", now=BEGIN).sibling.startswith(f"s3://saved/{beside}")
    assert look.scan("s3://saved/ASHA-1/", now=BEGIN).sibling == ""
    assert look.scan("s3://saved/BERT-1", now=BEGIN).sibling == ""


class Answering:
    """An S3 client that returns these responses to list requests, in order."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []  # type: ignore[var-annotated]

    def list_objects_v2(self, **asked: Any) -> Any:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("NoSuchBucket", "the bucket does not exist"),
        ("AccessDenied", "our role may not list it"),
        ("PermanentRedirect", "the bucket is in another region"),
        ("AuthorizationHeaderMalformed", "the bucket is in another region"),
    ],
)
def test_a_refusal_of_s3_becomes_a_problem_in_words(code: str, said: str) -> None:
    refusal = client_error(code, operation="ListObjectsV2")
    seen = S3Checkpoints(Answering(refusal), ["saved"]).scan("s3://saved/p/", now=BEGIN)
    assert seen.problem is not None
    assert said in seen.problem


@pytest.mark.parametrize("code", ["KeyTooLongError", "InvalidURI", "SomethingNew"])
def test_a_uri_that_s3_finds_at_fault_is_a_problem_and_not_a_missing_answer(code: str) -> None:
    """The creator of a job chooses its URI. If the scan failed as for an outage, the job would never be judged."""
    refusal = client_error(code, operation="ListObjectsV2")
    assert S3Checkpoints(Answering(refusal), ["saved"]).scan("s3://saved/p/", now=BEGIN).problem


@pytest.mark.parametrize(
    "silence",
    [client_error("SlowDown", operation="ListObjectsV2", status=503), ReadTimeoutError(endpoint_url="https://s3")],
)
def test_no_answer_of_s3_is_unreachable_and_not_an_empty_prefix(silence: Exception) -> None:
    with pytest.raises(Unreachable):
        S3Checkpoints(Answering(silence), ["saved"]).scan("s3://saved/p/", now=BEGIN)


def test_a_deleted_bucket_is_a_problem_over_real_calls() -> None:
    with aws.start() as local:
        assert S3Checkpoints(local.client("s3"), ["gone"]).scan("s3://gone/p/", now=BEGIN).problem == "the bucket does not exist"
