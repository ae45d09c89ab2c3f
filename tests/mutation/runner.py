"""Runs the tests against mutants, each in a forked process of its own that imports the mutant in place of the original.

No file is changed. Time limits count processor seconds, so that a busy machine makes no mutant look killed.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType
from typing import Any, TypeVar

import pytest

from tests.mutation.mutants import Mutant

PYTEST = (
    "-q", "-x", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-p", "no:xdist",
    "-p", "tests.mutation.hypothesis_profile",
    "--hypothesis-profile=mutation",
)  # fmt: skip
MEMORY_MAX = 4 << 30
CPU_S, CPU_FACTOR = 20, 2  # the times are measured under coverage, which already makes them two to three times as long
WALL_FACTOR = 20

T = TypeVar("T")


class Outcome(StrEnum):
    KILLED = "killed"
    TIMEOUT = "timeout"  # counts as killed: the tests would not end
    SURVIVED = "survived"
    NOT_RUN = "no test runs it"  # counts as survived


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a mutant, and how many test functions could have killed it."""

    mutant: Mutant
    outcome: Outcome
    tests: int

    @property
    def killed(self) -> bool:
        return self.outcome in (Outcome.KILLED, Outcome.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Task:
    """A mutant, the tests to run against it in this order, and the seconds that they take without it."""

    mutant: Mutant
    tests: Sequence[str]
    seconds: float


def run(tasks: Sequence[Task], jobs: int, seen: Callable[[Result], object]) -> list[Result]:
    """Run every task, ``jobs`` at a time; ``seen`` gets each result when it is there. The results are in the tasks' order."""
    results: dict[int, Result] = {}
    running: dict[int, int] = {}
    waiting = iter(enumerate(tasks))
    while True:
        for index, task in waiting:
            if not task.tests:
                results[index] = Result(task.mutant, Outcome.NOT_RUN, 0)
                seen(results[index])
                continue
            running[_fork(lambda task=task: _test(task))] = index  # type: ignore[misc]
            if len(running) >= jobs:
                break
        if not running:
            return [results[index] for index in sorted(results)]
        pid, status = os.wait()
        index = running.pop(pid)
        task = tasks[index]
        results[index] = Result(task.mutant, _outcome(os.waitstatus_to_exitcode(status)), len(task.tests))
        seen(results[index])


def in_a_fork(make: Callable[[], T]) -> T:
    """Compute something in a process of its own, so that nothing it imports stays; raises RuntimeError when it fails."""
    read, write = os.pipe()

    def making() -> int:
        with os.fdopen(write, "wb") as out:
            pickle.dump(make(), out)
        return 0

    pid = _fork(making)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        pickled = answer.read()
    os.waitpid(pid, 0)
    if not pickled:
        raise RuntimeError("the process ended without a result")
    found: T = pickle.loads(pickled)  # noqa: S301 - our own process wrote it
    return found


def _fork(act: Callable[[], int]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        code = act()
    except BaseException as problem:
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _test(task: Task) -> int:
    """Run a task's tests in this process; pytest's exit code."""
    cpu_s = CPU_S + int(CPU_FACTOR * task.seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    signal.alarm(cpu_s * WALL_FACTOR)
    sys.meta_path.insert(0, _Finder(task.mutant))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    return int(pytest.main([*PYTEST, *task.tests]))


def _outcome(code: int) -> Outcome:
    """What pytest's exit code says; tests that cannot be collected have killed it. Raises RuntimeError for our own."""
    match code:
        case pytest.ExitCode.OK:
            return Outcome.SURVIVED
        case pytest.ExitCode.TESTS_FAILED | pytest.ExitCode.INTERRUPTED | pytest.ExitCode.USAGE_ERROR:
            return Outcome.KILLED
        case _ if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
            return Outcome.TIMEOUT
    raise RuntimeError(f"pytest ended with {code}")


class _Finder(MetaPathFinder):
    """Finds one module, as the mutant has it."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        file = os.path.abspath(self._mutant.path)
        return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(fullname, file, self._mutant.source))


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec")
