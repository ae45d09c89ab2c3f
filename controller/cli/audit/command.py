"""``spotwarden audit``: recomputes the recorded savings from what AWS reports today, and lists each difference."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from controller.cli.agreed_rates import rates_in_force, rates_when_recorded
from controller.cli.audit.bill import audit_bill
from controller.cli.audit.bill_file import refuse_bad_parts
from controller.cli.input.options import PeriodText, Table
from controller.cli.input.period import period_of, refuse_bad_period
from controller.cli.input.policy_source import PolicyFolder
from controller.cli.open_ledger import with_ledger
from controller.cli.output.printable import printable_lines
from controller.ledger.entry import Measured, Started, Unmeasured
from controller.runtime.gather.gather import lineage_of
from controller.runtime.ports.aws import Clock, Jobs, Prices
from controller.runtime.ports.ledger import Ledger
from controller.savings.audit import Audit, audit
from controller.savings.dated_prices import RateOf, with_prices
from controller.units.money import dollars
from controller.units.plural import count

MARGIN = timedelta(days=30)  # a job of the period may have started before it, and may be resumed after it


def run(
    period: PeriodText = None,
    bill: Annotated[
        list[str] | None,
        typer.Option(
            "--bill",
            metavar="FILE|FOLDER",
            help="Compare with a CUR 2.0 export instead: CSV, gzip or Parquet; a file or a folder, here or s3://… Repeatable.",
        ),
    ] = None,
    record: Annotated[bool, typer.Option("--record/--no-record", help="With --bill: record the prices of the bill.")] = True,
    policies: PolicyFolder = None,
    table: Table = None,
) -> int:
    """Print both sums and each difference. The exit code is 1 if there is a difference."""

    refuse_bad_period(period)
    refuse_bad_parts(bill or ())

    def auditing(ledger: Ledger, clock: Clock) -> int:
        from controller import wiring
        from controller.aws.price_lookup import Prices as PriceTable
        from controller.aws.sagemaker.jobs import SageMakerJobs
        from controller.aws.stack_parameters import identity_key
        from controller.cli.aws_calls import caller_account

        since, until = period_of(period, clock.now().date())
        if bill:
            account = caller_account()
            lines, agree = audit_bill(bill, ledger, PriceTable(ledger.prices.rates), since, until, record=record, account=account)
            print(printable_lines("\n".join(lines)))
            return 0 if agree else 1
        jobs = SageMakerJobs(wiring.client("sagemaker"), key=identity_key())
        listed, agreed = PriceTable(ledger.prices.rates), rates_in_force(ledger.revisions, policies)
        in_force = PriceTable(ledger.prices.rates, lambda: agreed)
        if policies is None:
            then = rates_when_recorded(ledger.revisions, listed.rate)
            found = audited(ledger, jobs, listed, since, until, then, late=in_force.rate)
        else:
            found = audited(ledger, jobs, in_force, since, until)
        print(printable_lines("\n".join(audit_lines(found, since, until))))
        return 1 if found.differences else 0

    return with_ledger(table, auditing)


def audited(
    ledger: Ledger,
    jobs: Jobs,
    prices: Prices,
    since: date,
    until: date,
    when_recorded: Callable[[Measured], RateOf | None] | None = None,
    *,
    late: RateOf | None = None,
) -> Audit:
    """Read the ledger, describe every job in it, and compare. Raises Unreachable.

    ``when_recorded`` returns the prices under the policy in force when an attempt was recorded; without it, ``prices`` is used.
    An attempt that was recorded without a price gets one from ``late``, as in a report; without ``late``, from ``prices``.
    """
    begin, end = (datetime.combine(day, datetime.min.time(), UTC) for day in (since, until))
    entries = tuple(with_prices(ledger.journal.entries(begin - MARGIN, end + MARGIN), late or prices.rate))
    names = {e.job for e in entries if isinstance(e, Measured | Unmeasured | Started)}
    described = {name: job for name in sorted(names) if (job := jobs.describe(name)) is not None}
    begun = {(e.job, e.at) for e in entries if isinstance(e, Started)}
    known = {name for name, _ in begun}
    found = {name: job for name, job in described.items() if name not in known or (name, job.created_at) in begun}
    lineages = {name: str(lineage_of(job, ledger.lineages)[0].id) for name, job in found.items()}
    return audit(entries, found, lineages, prices.rate, begin, end, when_recorded=when_recorded)


def audit_lines(found: Audit, since: date, until: date) -> Iterable[str]:
    """The audit as lines for a terminal."""
    yield f"{since} to {until - timedelta(days=1)}: {count(found.attempts, 'attempt')} audited"
    if found.unmeasured:
        yield f"  {found.unmeasured} of them have unknown usage"
    for name, savings in (("recorded", found.recorded), ("recomputed", found.recomputed)):
        yield (
            f"  {name:<10}  {dollars(savings.spent_micros)} spent, {dollars(savings.counterfactual_micros)} on-demand price,"
            f" {dollars(savings.saved_micros)} saved, {dollars(savings.wasted_micros)} wasted, {savings.useful_s} useful seconds"
        )
    if found.rates_kept:
        yield (
            f"  the recorded rates of {count(found.rates_kept, 'attempt')} are used:"
            " the ledger does not keep the policy that they are from"
        )
    if found.gone:
        some = ", ".join(found.gone[:5]) + (", …" if len(found.gone) > 5 else "")
        gone = "1 job no longer exists" if len(found.gone) == 1 else f"{count(len(found.gone), 'job')} no longer exist"
        yield f"  {gone} in SageMaker; the recorded figures are used: {some}"
    yield from (f"  {difference}" for difference in found.differences)
    yield "no difference" if not found.differences else count(len(found.differences), "difference")
