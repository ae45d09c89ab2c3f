"""A line that is not a job is reported with its number and the reason, and the next line is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.history.recorded import LINE_BYTES_MAX, BadLine, Recorded, recorded_jobs
from controller.cli.output.errors import BadInput

ARN = "arn:aws:sagemaker:us-east-1:111122223333:training-job/"


def line(name: str = "bert", **changes: Any) -> bytes:
    said = {
        "TrainingJobName": name,
        "TrainingJobArn": f"{ARN}{name}",
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": "2026-11-16T08:00:00+00:00",
        "AlgorithmSpecification": {"TrainingImage": "my.registry/train:1"},
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
        "EnableManagedSpotTraining": False,
        "Tags": [],
    }
    return json.dumps(said | changes).encode()


def read(tmp_path: Path, *content: bytes) -> list[Recorded | BadLine]:
    file = tmp_path / "history.jsonl"
    file.write_bytes(b"\n".join(content))
    return list(recorded_jobs(str(file)))


BAD = [
    (b"{", "found no JSON"),
    (b"[1]", "found a list, wanted a JSON object"),
    (b"null", "found null, wanted a JSON object"),
    (b"{}", "found an empty object"),
    (b"\xff\xfe", "found bytes that are not UTF-8 (but UTF-16: save the file as UTF-8)"),
    (b"\xff", "found bytes that are not UTF-8 (at 0)"),
    (b"[" * 100_000, "found no JSON"),
    (b'{"TrainingJobName": ' + b"9" * 10_000 + b"}", "found no JSON"),
    (b'{"x": "' + b"y" * LINE_BYTES_MAX + b'"}', "found more than 1000000 bytes"),
    (line(TrainingJobName=None), "TrainingJobName is absent"),
    (line(EnableManagedSpotTraining="yes"), "EnableManagedSpotTraining is 'yes'"),
    (line(CreationTime=None), "found no CreationTime"),
    (line(CreationTime="soon"), "CreationTime is 'soon'"),
    (line(Tags="team"), "Tags is 'team'"),
    (b'{"TrainingJobName": "a", "RoleArn": "r"}', "found a CreateTrainingJob request"),
]


@pytest.mark.parametrize(("bad", "why"), BAD)
def test_a_bad_line_is_named_and_the_others_are_read(bad: bytes, why: str, tmp_path: Path) -> None:
    first, second, third = read(tmp_path, line("one"), bad, line("two"))
    assert isinstance(first, Recorded)
    assert isinstance(second, BadLine)
    assert second.line == 2
    assert second.why.startswith(why)
    assert isinstance(third, Recorded)
    assert (third.line, third.job.name) == (3, "two")


def test_empty_lines_are_counted_and_ignored(tmp_path: Path) -> None:
    assert [found.line for found in read(tmp_path, b"", line(), b"  \r", line(), b"")] == [2, 4]


def test_an_algorithms_product_id_shows_its_owner(tmp_path: Path) -> None:
    algorithm = {"AlgorithmName": "our-own"}
    unknown, own, sold = read(
        tmp_path,
        line(AlgorithmSpecification=algorithm),
        line(AlgorithmSpecification=algorithm, AlgorithmProductId=""),
        line(AlgorithmSpecification=algorithm, AlgorithmProductId="prod-1"),
    )
    assert [found.job.algorithm.klass for found in (unknown, own, sold) if isinstance(found, Recorded)] == [
        "marketplace", "own", "marketplace",
    ]  # fmt: skip


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file or directory"):
        list(recorded_jobs(str(tmp_path / "none")))


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_a_job_is_read_whatever_bytes_are_in_the_lines_before_it(lines: list[bytes]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "h.jsonl")
        file.write_bytes(b"\n".join([*lines, line()]))
        assert isinstance(list(recorded_jobs(str(file)))[-1], Recorded)


def test_a_file_that_cannot_be_opened_says_what_was_found_and_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="none: found No such file or directory, wanted a file of spotwarden export history"):
        list(recorded_jobs(str(tmp_path / "none")))
