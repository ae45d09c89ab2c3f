"""Measures discover in an account with many past jobs: ``python -m tests.benchmarks.discover``.

Each call to SageMaker takes 0.15 s on a virtual clock; the ledger is in memory. A run of discover is one line: its calls, its
virtual seconds, and how many jobs it looked at. Past jobs are spread evenly over the given days; one job runs for five days, and
one is new. The first run is that of a new installation; a later job has its event lost.
"""

from __future__ import annotations

import argparse
from datetime import timedelta

from controller.runtime.ports.schedule import DiscoverPass
from tests.unit.infra.local.sagemaker.requests import T0
from tests.unit.runtime.old_account import HOUR, OldAccount

DAY = timedelta(days=1)


def measure(jobs: int, days: float, hours: int) -> None:
    """Run discover each hour, and print what each run cost."""
    account = OldAccount()
    account.launch("five-days", work_s=9e5)
    account.wait_until(T0 + 5 * DAY)
    account.past(jobs, days * DAY)
    account.launch("new")
    print(f"{jobs} past jobs in {days:g} days, {account.call_s} s a call")
    print("run  lists  other calls  seconds  looked at  first after  what is left")
    for number in range(hours):
        account.calls.clear()
        account.described.clear()
        if number == hours - 1:
            account.launch("event-lost")
        done = account.run()
        lists = account.calls["list_training_jobs"]
        first = f"{account.described[0][0]:.2f} s" if account.described else "-"
        spent = f"{number:3}  {lists:5}  {account.calls.total() - lists:11}  {account.taken_s:7.1f}"
        print(f"{spent}  {done.triggered:9}  {first:>11}  {done.left}")
        for name in ("new", "five-days", "event-lost"):
            for at, described in account.described:
                if described == name:
                    print(f"     found {name} after {at:.2f} s of this run")
                    break
        account.wait_until(account.began_at + HOUR)
    for which in DiscoverPass:
        print(f"{which}: changes are known until {account.ledger.passed_until(which)}; it is {account.began_at}")


def main() -> None:
    """Measure one account."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100_000, help="training jobs of the account")
    parser.add_argument("--days", type=float, default=3 * 365, help="the age of the oldest job")
    parser.add_argument("--hours", type=int, default=14, help="how many hourly runs")
    asked = parser.parse_args()
    measure(asked.jobs, asked.days, asked.hours)


if __name__ == "__main__":
    main()
