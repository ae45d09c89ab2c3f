"""Runs many seeds on all cores: ``python -m tests.simulation --seeds 5000`` (``make simulate SEEDS=5000``)."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections import Counter

from tests.simulation.run import Outcome, run_seed


def main() -> int:
    """Print each seed that fails, with its smallest schedule. Exit code 1 if there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    asked = parser.parse_args()
    began = time.perf_counter()
    happened: Counter[str] = Counter()
    failed: list[Outcome] = []
    with multiprocessing.Pool(os.cpu_count()) as pool:
        for outcome in pool.imap_unordered(run_seed, range(asked.first, asked.first + asked.seeds), chunksize=10):
            happened += Counter(outcome.happened)
            if outcome.violation:
                failed.append(outcome)
                print(outcome.report(), flush=True)
    took_s = time.perf_counter() - began
    faults = sum(count for kind, count in happened.items() if kind not in ("calls", "lives", "ours"))
    print(
        f"{asked.seeds} seeds in {took_s:.0f} s: {asked.seeds / took_s:.1f} seeds/s, {happened['calls']} calls, {faults} faults"
    )
    print(f"{happened['lives']} jobs, {happened['ours']} submitted again; by kind {dict(sorted(happened.items()))}")
    print(f"{asked.seeds - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
