"""Measures the backtest of policies over a long history: ``python -m tests.benchmarks.backtest``.

It writes a history of so many jobs, runs the command in a process of its own, with a second folder to compare with, and prints
the CPU time and the largest resident size of that process. The goal is 100,000 jobs in 60 s and 300 MB.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.unit.cli.backtest_policies.histories import line, policies

STRICT = """\
rules:
  - {name: save, rule: checkpoint-required, mode: enforce, action: repair, repair: {checkpoint: "s3://acme-ck/{team}/{job}/"}}
  - {name: hour, rule: uncheckpointed-cap, mode: enforce, action: stop}
  - {name: wait-limit, rule: max-wait-limit, options: {at_most: 24h}}
  - {name: spot, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop, match: {tags: {team: "team-1*"}}}
"""
CPU_S_MAX, MB_MAX = 60, 300


def write_history(file: Path, jobs: int) -> None:
    """Write jobs of 20 teams: a third on-demand, a third on spot without checkpoints, a third on spot with them."""
    values = {f"hyperparameter-{n}": "…" for n in range(20)}
    with file.open("w", encoding="utf-8") as out:
        for number in range(jobs):
            saved = {"CheckpointConfig": {"S3Uri": f"s3://acme-ck/{number}/"}} if number % 3 == 2 else {}
            name, team = f"train-{number % 50}-{number:06d}", f"team-{number % 20}"
            out.write(line(name, team=team, spot=number % 3 > 0, HyperParameters=values, **saved) + "\n")


def main() -> int:
    """Print both figures; exit with 1 where one is above its goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.backtest", description=__doc__)
    parser.add_argument("--jobs", type=int, default=100_000, help="how many recorded jobs")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder, "history.jsonl")
        write_history(history, asked.jobs)
        command = [
            sys.executable, "-m", "controller.cli", "backtest", "policies", policies(Path(folder), STRICT),
            "--against", "policies", "--history", str(history),
        ]  # fmt: skip
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed arguments
        size_mb = history.stat().st_size / 1e6
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s, peak_mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{asked.jobs:,} jobs ({size_mb:.0f} MB), two policy folders: {cpu_s:.1f} s of CPU, {peak_mb:.0f} MB at most")
    return int(cpu_s > CPU_S_MAX or peak_mb > MB_MAX)


if __name__ == "__main__":
    raise SystemExit(main())
