"""The history of an account has each job that ended once, continues after an interruption, and has no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.cli import main
from controller.cli.history.export import export
from controller.cli.history.recorded import Recorded, recorded_jobs
from controller.cli.output.errors import BadInput
from infra.local.host import Host
from infra.local.sagemaker.client import Client
from infra.local.sagemaker.world import World
from tests.client_errors import client_error
from tests.security import lab as attacks
from tests.unit.infra.local.sagemaker.requests import T0, request, run, world

EARLY = T0 - timedelta(days=1)
THROTTLED = client_error("ThrottlingException", "Rate exceeded", "DescribeTrainingJob")


class Counting(Client):
    """A client that counts the calls, and fails to describe jobs with some names."""

    def __init__(self, world: World, failing: dict[str, Exception] | None = None) -> None:
        super().__init__(world)
        self.described: list[str] = []
        self.failing = failing or {}

    def describe_training_job(self, **asked: Any) -> dict[str, Any]:
        name = asked["TrainingJobName"]
        if name in self.failing:
            raise self.failing[name]
        self.described.append(name)
        return super().describe_training_job(**asked)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture
def ended() -> World:
    here = world()
    for name in ("one", "two", "three"):
        here.create_training_job(request(name, prefix=f"s3://ckpt/{name}", token="hunter2-and-more"))
    return run(here)


def test_every_job_that_ended_is_a_line_that_reads_as_the_job(ended: World, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    assert export(Client(ended), EARLY, file) == 0
    jobs = [found.job for found in recorded_jobs(str(file)) if isinstance(found, Recorded)]
    assert {job.name for job in jobs} == {"one", "two", "three"}
    assert all(job.usage is not None and "tags" not in job.unknown for job in jobs)
    assert all(name.isalpha() for line in lines(file) for name in line)  # without members that our client adds
    assert "hunter2" not in file.read_text("utf-8")


def test_values_are_kept_only_where_they_are_asked_for(ended: World, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    export(Client(ended), EARLY, file, redact=False)
    assert lines(file)[0]["HyperParameters"]["token"] == "hunter2-and-more"


def test_an_interrupted_export_continues_and_describes_no_job_again(ended: World, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    with pytest.raises(ClientError):
        export(Counting(ended, {"one": THROTTLED}), EARLY, file)
    written = [line["TrainingJobName"] for line in lines(file)]
    assert "one" not in written
    assert written
    with file.open("a", encoding="utf-8") as torn:
        torn.write('{"TrainingJobName": "one", "Trai')
    again = Counting(ended)
    assert export(again, EARLY, file) == 0
    assert set(again.described) == {"one", "two", "three"} - set(written)
    assert sorted(line["TrainingJobName"] for line in lines(file)) == ["one", "three", "two"]


class Interrupted(Client):
    """A client with one job on each page. Its n-th call fails."""

    def __init__(self, world: World, at: int, error: BaseException = THROTTLED) -> None:
        super().__init__(world)
        self.calls: list[tuple[str, str]] = []
        self.at, self.error = at, error

    def _call(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        if operation == "ListTrainingJobs":
            asked["MaxResults"] = 1
        self.calls.append((operation, str(asked.get("TrainingJobName", ""))))
        if len(self.calls) == self.at:
            raise self.error
        return super()._call(operation, asked)


@pytest.fixture
def bought(ended: World) -> World:
    """One more job that ended, of an algorithm resource."""
    algorithm = "arn:aws:sagemaker:us-east-1:111122223333:algorithm/a"
    ended.algorithms[algorithm] = "prod-1"
    asked = request("bought", spot=False)
    asked["AlgorithmSpecification"] = {"AlgorithmName": algorithm, "TrainingInputMode": "File"}
    ended.create_training_job(asked)
    return run(ended)


@pytest.mark.parametrize("error", [THROTTLED, KeyboardInterrupt(), MemoryError()], ids=["throttled", "ctrl-c", "killed"])
def test_an_export_that_fails_at_any_call_goes_on_to_the_same_file_and_describes_no_written_job_again(
    bought: World, tmp_path: Path, error: BaseException
) -> None:
    whole = Interrupted(bought, at=0)
    export(whole, EARLY, tmp_path / "whole.jsonl")
    assert {operation for operation, _ in whole.calls} == {
        "ListTrainingJobs", "DescribeTrainingJob", "ListTags", "DescribeAlgorithm",
    }  # fmt: skip
    for at in range(1, len(whole.calls) + 1):
        file = tmp_path / f"{at}.jsonl"
        with pytest.raises(type(error)):
            export(Interrupted(bought, at, error), EARLY, file)
        written = {line["TrainingJobName"] for line in lines(file)}
        again = Interrupted(bought, at=0)
        export(again, EARLY, file)
        assert sorted(file.read_text("utf-8").splitlines()) == sorted((tmp_path / "whole.jsonl").read_text("utf-8").splitlines())
        assert written.isdisjoint({name for operation, name in again.calls if operation == "DescribeTrainingJob"})


def test_an_algorithm_that_nobody_may_describe_leaves_its_job_in_the_history(bought: World, tmp_path: Path) -> None:
    denied = client_error("AccessDeniedException", "not authorized", "DescribeAlgorithm")
    calls = [operation for operation, _ in _calls(bought, tmp_path)]
    export(Interrupted(bought, calls.index("DescribeAlgorithm") + 1, denied), EARLY, tmp_path / "h.jsonl")
    assert [line.get("AlgorithmProductId") for line in lines(tmp_path / "h.jsonl")] == [None] * 4


def _calls(world: World, folder: Path) -> list[tuple[str, str]]:
    whole = Interrupted(world, at=0)
    export(whole, EARLY, folder / "all.jsonl")
    return whole.calls


@pytest.mark.parametrize("torn", ["{", '{"Trai', '{"TrainingJob', '{"TrainingJobName": "x"}'])
def test_an_export_goes_on_wherever_its_last_line_was_cut(ended: World, tmp_path: Path, torn: str) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(torn, "utf-8")
    assert export(Counting(ended), EARLY, file) == 0
    assert len(lines(file)) == 3


def test_an_export_with_values_is_not_continued_without_them(ended: World, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    export(Client(ended), EARLY, file, redact=False)
    before = file.read_bytes()
    with pytest.raises(BadInput, match="line 1 has values that may be secrets"):
        export(Client(ended), EARLY, file)
    assert file.read_bytes() == before
    assert export(Client(ended), EARLY, file, redact=False) == 0


def test_a_job_that_was_deleted_meanwhile_is_left_out(ended: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = client_error("ValidationException", "Requested resource not found.", "DescribeTrainingJob")
    export(Counting(ended, {"two": missing}), EARLY, tmp_path / "h.jsonl")
    assert len(lines(tmp_path / "h.jsonl")) == 2
    assert "1 deleted meanwhile" in capsys.readouterr().err


def test_a_running_job_and_an_older_one_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = world()
    here.create_training_job(request("old", work_s=60))
    here.advance_to(T0 + timedelta(days=2))
    here.create_training_job(request("new", work_s=360_000))
    assert export(Client(here), T0 + timedelta(days=1), tmp_path / "h.jsonl") == 0
    assert lines(tmp_path / "h.jsonl") == []
    assert "0 jobs written, 0 there already, 1 not ended yet" in capsys.readouterr().err


def test_a_file_of_something_else_is_not_touched(ended: World, tmp_path: Path) -> None:
    for text in ("my notes", "my notes\n", '{"a": 1}\n'):
        notes = tmp_path / "notes.txt"
        notes.write_text(text)
        with pytest.raises(BadInput, match=r"line 1 is not a job of an export"):
            export(Client(ended), EARLY, notes)
        assert notes.read_text() == text


@pytest.fixture
def host() -> Iterator[Host]:
    with attacks.lab("version: 1\nrules: [{name: spot, rule: spot-required}]\n") as deployed:
        attacks.launch(deployed, attacks.request("bert", "vision"))
        attacks.run(deployed, hours=8)
        yield deployed


def test_the_command_writes_to_standard_output_and_its_progress_to_standard_error(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "history", "--since", "2d"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["TrainingJobName"] for line in out.splitlines()] == [*host.world.jobs]
    assert "1 job written" in err


@pytest.mark.parametrize("since", ["yesterday", "-1d", "2026-13-01", "", "0d", "2999-01-01"])
def test_an_invalid_time_is_bad_input(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "history", "--since", since]) == 2
    assert "--since: found" in capsys.readouterr().err


def test_the_creation_time_is_utc_text(ended: World, tmp_path: Path) -> None:
    export(Client(ended), EARLY, tmp_path / "h.jsonl")
    assert datetime.fromisoformat(lines(tmp_path / "h.jsonl")[0]["CreationTime"]) == T0.astimezone(UTC)
