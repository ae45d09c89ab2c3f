"""Runs the tests once, unchanged, and notes for each line which tests run it, and for each test how long it takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.runner import PYTEST

TESTS = ("tests/unit", "tests/properties")
OTHERS = tuple(f"tests/unit/{name}" for name in ("aws", "infra"))  # adapters and the embedded AWS: too far from the core


@dataclass(frozen=True, slots=True)
class CoverageByTest:
    """What each test runs. A test is a function: its parameters are not told apart."""

    lines: Mapping[str, Mapping[int, frozenset[str]]]  # by path and line; "" is the import of the module
    seconds: Mapping[str, float]

    def tests_for(self, mutant: Mutant) -> list[str]:
        """The tests that can kill a mutant, the nearest and fastest first.

        For a line that runs at import, those that run any function of its file, and all of its package, which may read a table
        without a function; where the file has no function, as a file of types, all tests.
        """
        lines, near = self.lines.get(mutant.path, {}), f"tests/unit/{mutant.package}/"
        tests: set[str] = set()
        tests = tests.union(*(lines.get(line, ()) for line in range(mutant.first, mutant.last + 1)))
        if not mutant.in_function or "" in tests:
            tests = tests.union(*lines.values()) - {""} or set(self.seconds)
            tests |= {test for test in self.seconds if test.startswith(near)}
        found = tests & self.seconds.keys()
        return sorted(
            found, key=lambda test: (not test.startswith(near), test.startswith("tests/properties"), self.seconds[test], test)
        )

    def seconds_of(self, tests: list[str]) -> float:
        return sum(self.seconds[test] for test in tests)


class _Contexts:
    """A pytest plugin that names the running test to coverage."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measured.switch_context(function_of(item.nodeid))
        try:
            return (yield)
        finally:
            self.measured.switch_context("")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failed.append(_problem(report))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[function_of(report.nodeid)] += report.duration
        if report.failed:
            self.failed.append(_problem(report))


def _problem(report: pytest.CollectReport | pytest.TestReport) -> str:
    return f"{report.nodeid}\n{report.longreprtext}"


def function_of(nodeid: str) -> str:
    """A test's id without its parameters."""
    return nodeid.partition("[")[0]


def measure(root: Path, tests: Sequence[str] = TESTS) -> CoverageByTest:
    """Run all tests that may kill a mutant; raises RuntimeError when one fails without any mutant."""
    measured = coverage.Coverage(data_file=None, source=[str(root / "controller")], config_file=False)
    contexts = _Contexts(measured)
    measured.start()
    code = pytest.main([*PYTEST, *tests, *(f"--ignore={path}" for path in OTHERS)], plugins=[contexts])
    measured.stop()
    if code != 0:
        raise RuntimeError("the tests fail without any mutant: " + ("\n".join(contexts.failed) or str(code)))
    data = measured.get_data()
    lines = {
        Path(path).relative_to(root).as_posix(): {line: frozenset(tests) for line, tests in data.contexts_by_lineno(path).items()}
        for path in data.measured_files()
    }
    return CoverageByTest(lines, dict(contexts.seconds))
