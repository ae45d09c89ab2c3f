"""Reads a file of recorded jobs line by line, within limits; a line that is not a job is reported with its number."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from controller.aws.sagemaker.members_read import NO_FIELDS
from controller.aws.sagemaker.read_job import BadDocument, DocumentKind, job_of, kind_of
from controller.cli.output.errors import BadInput
from controller.jobs.job import Job
from controller.policyfile.folder import UTF_16
from controller.units.free_text import one_line

LINE_BYTES_MAX = 1_000_000  # a description has at most 100 hyperparameters of 2,500 characters, and 48 variables of 512
PRODUCT_ID = "AlgorithmProductId"  # from DescribeAlgorithm, added to the members of DescribeTrainingJob
STANDARD_INPUT = "-"
JSON_KINDS = {list: "a list", str: "text", int: "a number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A job, and the number of its line."""

    line: int
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """The number of a line that is not a job, and why it is not."""

    line: int
    why: str


def recorded_jobs(file: str, fields: Mapping[tuple[str, ...], bool] = NO_FIELDS) -> Iterator[Recorded | BadLine]:
    """Every job in a file of ``spotwarden export history``, or in standard input. Empty lines are ignored. Raises BadInput.

    ``fields``: the members that expressions in the policies read.
    """
    with _opened(file) as stream:
        for number, line in _lines(stream):
            if line is None:
                yield BadLine(line=number, why=f"found more than {LINE_BYTES_MAX} bytes, wanted one job a line")
            elif line.strip():
                yield _job(number, line, fields)


def document_of(line: bytes) -> dict[str, Any]:
    """The JSON object in a line. Raises ValueError."""
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        kind = " (but UTF-16: save the file as UTF-8)" if line.startswith(UTF_16) else f" (at {error.start})"
        raise ValueError(f"found bytes that are not UTF-8{kind}, wanted one job as JSON") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"found no JSON ({one_line(str(error), 80)}), wanted one job as JSON") from error
    if not isinstance(found, dict):
        raise ValueError(f"found {JSON_KINDS.get(type(found), 'null')}, wanted a JSON object")
    return found


def _job(number: int, line: bytes, fields: Mapping[tuple[str, ...], bool]) -> Recorded | BadLine:
    try:
        document = document_of(line)
        kind = kind_of(document)
        if kind is not DocumentKind.DESCRIBE:
            return BadLine(line=number, why=f"found a {kind}, wanted a {DocumentKind.DESCRIBE}")
        product = document.get(PRODUCT_ID)
        described = isinstance(product, str)
        job = job_of(
            document, kind=kind, product_id=(product or None) if described else None, algorithm_described=described, fields=fields
        )  # fmt: skip
    except (BadDocument, ValueError, RecursionError) as problem:
        return BadLine(line=number, why=one_line(str(problem), 300))
    if "created_at" in job.unknown:
        return BadLine(line=number, why="found no CreationTime, wanted the time when the job was created")
    return Recorded(line=number, job=job)


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number; None for a line that is too long."""
    number = 0
    while line := stream.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) <= LINE_BYTES_MAX:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LINE_BYTES_MAX)
        yield number, None


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as error:
        raise BadInput(f"{file}: found {error.strerror}, wanted a file of spotwarden export history") from error
