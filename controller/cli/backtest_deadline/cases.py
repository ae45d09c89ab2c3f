"""Reads spot traces and job shapes, and makes the jobs of a backtest from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.cli.output.errors import BadInput
from controller.units.duration import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Whether a spot pool had capacity, one sample every ``gap_s`` seconds."""

    name: str
    gap_s: int
    capacity: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The work of a job, and the time from its start to its deadline, in seconds."""

    work_s: int
    deadline_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineCase:
    """One job, with lengths in samples of ``gap_s`` seconds. ``capacity``: from its start to its deadline.

    ``overhead``: what each start bills before it makes progress. Without ``checkpoints``, an interruption or move loses all work.
    """

    capacity: tuple[bool, ...]
    gap_s: int
    work: int
    overhead: int
    checkpoints: bool = True


def duration_s(text: str, what: str) -> int:
    """A duration in seconds; ``what`` is the option's name, for the error. Raises BadInput."""
    try:
        return seconds(text.strip())
    except ValueError as error:
        raise BadInput(f"{what}: {error}") from error


def shapes_of(text: str) -> tuple[Shape, ...]:
    """Read ``48h/52h,12h/18h``: work and deadline. Raises BadInput."""
    return tuple(_shape(part) for part in text.split(","))


def _shape(text: str) -> Shape:
    work, slash, deadline = text.partition("/")
    if not slash:
        raise BadInput(f"--shapes: found {text!r}, wanted work/deadline such as 48h/52h")
    shape = Shape(work_s=duration_s(work, "--shapes"), deadline_s=duration_s(deadline, "--shapes"))
    if not 0 < shape.work_s <= shape.deadline_s:
        raise BadInput(f"--shapes: found {text!r}, wanted work above zero and a deadline that leaves time for it")
    return shape


def traces_in(folder: Path) -> tuple[Trace, ...]:
    """Read every ``*.json`` file of a folder, in the order of names. Raises BadInput."""
    if not folder.is_dir():
        raise BadInput(
            f"--traces: found {'a file' if folder.exists() else 'nothing'} at {folder}, wanted a folder of spot traces"
        )
    files = sorted(folder.glob("*.json"))
    if not files:
        raise BadInput(f"--traces: found no *.json file in {folder}, wanted spot traces")
    for file in files:
        if not file.is_file():  # opening a named pipe would wait for a writer
            raise BadInput(f"{file}: found something that is not a regular file, wanted a spot trace")
    return tuple(_trace(file) for file in files)


def _trace(file: Path) -> Trace:
    wanted = '{"metadata": {"gap_seconds": seconds}, "data": [instances, …]}'
    try:
        document: Any = json.loads(file.read_text("utf-8"))
        gap_s, data = int(document["metadata"]["gap_seconds"]), [int(sample) for sample in document["data"]]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise BadInput(f"{file}: found another format ({type(error).__name__}: {error}), wanted {wanted}") from error
    if gap_s <= 0 or not data:
        raise BadInput(f"{file}: found a gap of {gap_s} s and {len(data)} samples, wanted more than 0 of both")
    return Trace(name=file.name, gap_s=gap_s, capacity=tuple(sample > 0 for sample in data))


def cases_of(trace: Trace, shape: Shape, *, starts: int, overhead_s: int, checkpoints: bool = True) -> Iterator[DeadlineCase]:
    """``starts`` jobs of one shape, evenly spread over one trace; none if the trace is shorter than the deadline."""
    work, deadline = math.ceil(shape.work_s / trace.gap_s), shape.deadline_s // trace.gap_s
    last_start = len(trace.capacity) - deadline - 1
    if last_start < 0 or deadline < work:
        return
    for k in range(starts):
        begin = int(k * last_start / starts)
        window: Sequence[bool] = trace.capacity[begin : begin + deadline]
        yield DeadlineCase(
            capacity=tuple(window), gap_s=trace.gap_s, work=work, overhead=math.ceil(overhead_s / trace.gap_s),
            checkpoints=checkpoints,
        )  # fmt: skip
