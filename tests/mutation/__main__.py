"""Samples mutants of the pure packages and counts how many the unit and property tests kill: ``python -m tests.mutation``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from tests.copied_tree import copy_tree
from tests.mutation.coverage_by_test import TESTS, CoverageByTest, measure
from tests.mutation.explained import reason_of
from tests.mutation.mutants import PACKAGES, Mutant, printed, sample
from tests.mutation.runner import Result, Task, in_a_fork, run

IN_COPY = "SPOTWARDEN_MUTATION_COPY"


def main() -> int:
    """Print each survivor and the score; exit code 1 when the score is below ``--at-least``."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=400, help="how many mutants to run (default 400)")
    parser.add_argument("--seed", type=int, default=1, help="which sample (default 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    parser.add_argument("--package", action="append", choices=PACKAGES, help="only this package; may be repeated")
    parser.add_argument("--near", action="store_true", help="with the tests in tests/unit/<package> of the chosen packages alone")
    parser.add_argument("--again", type=Path, help="the output of an earlier run: run only the mutants that survived it")
    parser.add_argument("--at-least", type=float, default=0.0, help="the lowest score that passes, such as 0.85")
    options = parser.parse_args()
    if IN_COPY not in os.environ:
        return _in_a_copy(Path.cwd())
    rng = Random(options.seed)  # noqa: S311 - a sample, not a secret
    packages = tuple(options.package or PACKAGES)
    if options.again:
        mutants = printed(Path.cwd(), options.again.read_text())
        of = len(mutants)
    else:
        mutants, of = sample(Path.cwd(), packages, options.sample, rng)
    tests = [f"tests/unit/{package}" for package in packages] if options.near else TESTS
    return _run(mutants, of, tests, options.jobs, options.at_least)


def _in_a_copy(root: Path) -> int:
    """Run again in a copy of the tree, which stays unchanged meanwhile."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as place:
        copy_tree(root, Path(place))
        arguments = [str(Path(given).resolve()) if Path(given).is_file() else given for given in sys.argv[1:]]
        command = [sys.executable, "-m", "tests.mutation", *arguments]
        return subprocess.run(command, cwd=place, env=os.environ | {IN_COPY: "1"}, check=False).returncode  # noqa: S603  # this program


def _run(mutants: list[Mutant], of: int, tests: Sequence[str], jobs: int, at_least: float) -> int:
    began = time.perf_counter()
    covered = in_a_fork(lambda: measure(Path.cwd(), tests))
    tasks = [Task(mutant, able := covered.tests_for(mutant), covered.seconds_of(able)) for mutant in mutants]
    print(f"{len(covered.seconds)} tests pass without a mutant in {time.perf_counter() - began:.0f} s", flush=True)
    _check_the_runner(tasks[0], covered)
    results = run(tasks, jobs, _Progress(len(tasks)).show)
    killed = sum(result.killed for result in results)
    explained = sum(not result.killed and bool(reason_of(result.mutant)) for result in results)
    print("\npackage        mutants  killed")
    for package in PACKAGES:
        of_package = [result for result in results if result.mutant.package == package]
        if of_package:
            print(f"{package:14} {len(of_package):7} {sum(r.killed for r in of_package) / len(of_package):7.0%}")
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(result.outcome for result in results).items()))
    score = killed / len(results)
    print(f"{len(results)} of {of} mutants in {time.perf_counter() - began:.0f} s: {outcomes}")
    print(f"score {score:.1%} killed; {len(results) - killed} survived, {explained} of them explained")
    return 0 if score >= at_least else 1


def _check_the_runner(task: Task, covered: CoverageByTest) -> None:
    """Run an unchanged file as if it were a mutant; raise RuntimeError unless it survives, as every score would be wrong."""
    same = replace(task.mutant, source=Path(task.mutant.path).read_text())
    tests = sorted(covered.seconds, key=lambda test: covered.seconds[test])
    [result] = run([Task(same, tests, covered.seconds_of(tests))], 1, lambda _: None)
    if result.killed:
        raise RuntimeError(f"the tests fail in the runner without any mutant: {result.outcome}")


@dataclass(slots=True)
class _Progress:
    """Prints each survivor with how many mutants have been run."""

    of: int
    run: int = 0

    def show(self, result: Result) -> None:
        self.run += 1
        if not result.killed:
            reason = reason_of(result.mutant)
            print(
                f"[{self.run}/{self.of}] {result.outcome} ({result.tests} tests): {result.mutant}"
                + (f"\n    explained: {reason}" if reason else ""),
                flush=True,
            )


if __name__ == "__main__":
    raise SystemExit(main())
