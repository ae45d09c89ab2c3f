"""``spotwarden audit``: recomputes what was booked from what AWS says today, and names every difference."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from controller.cli.ledger import add_table, with_ledger
from controller.cli.period import WANTED, period_of
from controller.ledger.entry import Measured, Started
from controller.runtime.ports import Clock, Jobs, Ledger, Prices
from controller.savings.audit import Audit, audit
from controller.units.money import dollars

HELP = "recompute what was booked from AWS's own answers, and print any difference"
BESIDE = timedelta(days=30)  # what a job of the period saw before, and who resumed from it after


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--period", default="", metavar="PERIOD", help=f"{WANTED} (default: this month so far; days are UTC)")
    add_table(parser)


def run(arguments: Namespace) -> int:
    def auditing(ledger: Ledger, clock: Clock) -> int:
        from controller import wiring
        from controller.aws.prices import Prices as Table
        from controller.aws.sagemaker.jobs import SageMakerJobs

        since, until = period_of(arguments.period, clock.now().date())
        found = audited(ledger, SageMakerJobs(wiring.client("sagemaker")), Table(ledger.rates), since, until)
        print("\n".join(told(found, since, until)))
        return 1 if found.differences else 0

    return with_ledger("audit", arguments, auditing)


def audited(ledger: Ledger, jobs: Jobs, prices: Prices, since: date, until: date) -> Audit:
    """Read the books and ask SageMaker for every job in them. Raises Unreachable."""
    begin, end = (datetime.combine(day, datetime.min.time(), UTC) for day in (since, until))
    entries = tuple(ledger.entries(begin - BESIDE, end + BESIDE))
    names = {e.job for e in entries if isinstance(e, Measured | Started)}
    found = {name: job for name in sorted(names) if (job := jobs.describe(name)) is not None}
    return audit(entries, found, prices.rate, begin, end)


def told(found: Audit, since: date, until: date) -> Iterable[str]:
    one, other = found.booked, found.recomputed
    yield f"{since} to {until - timedelta(days=1)}: {found.attempts} attempts audited"
    for name, savings in (("booked", one), ("recomputed", other)):
        yield (
            f"  {name:<10}  {dollars(savings.spent_micros)} spent, {dollars(savings.counterfactual_micros)} on demand,"
            f" {dollars(savings.saved_micros)} saved, {dollars(savings.wasted_micros)} wasted, {savings.useful_s} useful seconds"
        )
    if found.gone:
        yield f"  {len(found.gone)} are gone from SageMaker, and stand as they were booked: {', '.join(found.gone[:5])}"
    yield from (f"  {difference}" for difference in found.differences)
    yield "no difference" if not found.differences else f"{len(found.differences)} differences"
