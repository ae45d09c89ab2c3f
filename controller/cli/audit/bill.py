"""``spotwarden audit --bill``: compares what the ledger recorded with what AWS billed, and records the prices of the bill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from controller.cli.audit.bill_file import bill_of_parts
from controller.cli.audit.export_folder import whole_export
from controller.runtime.ports.aws import Prices
from controller.runtime.ports.ledger import Ledger
from controller.savings.bill import Bill, Compared, calibration, compare
from controller.units.money import dollars
from controller.units.plural import count

DAY = timedelta(days=1)
JOBS_SHOWN = 5
GAPS_SHOWN = 10
ACCOUNTS_SHOWN = 5
SMALL_GAP = 0.01  # share of the billed amount: rounding, and jobs that ran over midnight


def audit_bill(
    addresses: Sequence[str], ledger: Ledger, prices: Prices, since: date, until: date, *, record: bool, account: str = ""
) -> tuple[list[str], bool]:
    """The lines to print, and whether recorded and billed agree to one percent. Raises BadInput and Unreachable.

    Each address is a file, or the folder of an export; in a folder, the parts of one execution are read. ``record``: write the

    bill's prices to the ledger. ``account``: that of the ledger; lines of other accounts in an organization's bill are left out.
    """
    files, notes = whole_export(addresses, since, until)
    bill = bill_of_parts(files, account=account)
    begin, end = (datetime.combine(day, datetime.min.time(), UTC) for day in (since, until))
    found = compare(ledger.journal.entries(begin, end), bill, since, until)
    lines = [*notes, *_lines(bill, found, since, until)]
    pairs = {(group.region, group.instance_type) for group in bill.groups}
    listed = {pair: prices.rate(pair[1], pair[0], begin) for pair in pairs}
    recorded, doubtful = calibration(bill, since, until, listed)
    lines += [f"not recorded: {text}" for text in doubtful]
    for region, rates in recorded.items():
        for name, rate in rates.items():
            verb = "recorded" if record else "would record"
            lines.append(f"{verb}: {name} in {region} ${rate.micros_per_h / 1e6:.4f} an hour from {since} ({rate.source})")
        if record:
            ledger.prices.note_rates(region, rates)
            ledger.prices.note_billed(region, end)
    return lines, _agree(found)


def _agree(found: Sequence[Compared]) -> bool:
    recorded, billed = sum(c.recorded_micros for c in found), sum(c.billed_micros for c in found)
    return abs(billed - recorded) <= SMALL_GAP * max(billed, 1)


def _lines(bill: Bill, found: Sequence[Compared], since: date, until: date) -> Iterable[str]:
    yield f"{since} to {until - DAY}: {count(bill.rows, 'row')} of the bill (not yet run against a live account's export)"
    if bill.problem_count:
        more = "; …" if bill.problem_count > len(bill.problems) else ""
        yield f"{count(bill.problem_count, 'row')} cannot be read: {'; '.join(bill.problems)}{more}"
    if not found:
        yield "No training line of the bill and no recorded job is in this period."
    for one in found:
        yield (
            f"  {one.group.day}  {one.group.region}  {one.group.instance_type} {'spot' if one.group.spot else 'on-demand'}:"
            f" recorded {dollars(one.recorded_micros)} ({one.recorded_hours:.1f} h), billed {dollars(one.billed_micros)}"
            f" ({one.billed_hours:.1f} h), ratio {_ratio(one.recorded_micros, one.billed_micros)}"
        )
    recorded, billed = sum(c.recorded_micros for c in found), sum(c.billed_micros for c in found)
    yield f"in all: recorded {dollars(recorded)}, billed {dollars(billed)}, ratio {_ratio(recorded, billed)}"
    for one in sorted(found, key=lambda c: -abs(c.gap_micros))[:GAPS_SHOWN]:
        if abs(one.gap_micros) > SMALL_GAP * max(one.billed_micros, one.recorded_micros):
            jobs = ", ".join(one.jobs[:JOBS_SHOWN]) or "no job of the ledger"
            more = f" and {len(one.jobs) - JOBS_SHOWN} more" if len(one.jobs) > JOBS_SHOWN else ""
            amount = dollars(abs(one.gap_micros))
            yield f"gap of {amount} {'not recorded' if one.gap_micros > 0 else 'not billed'} on {one.group.day}: {jobs}{more}"
    yield from _accounts(bill)
    if bill.warm_pools.micros:
        yield f"warm pools: {dollars(bill.warm_pools.micros)} ({bill.warm_pools.hours:.1f} h)"
    for usage, unseen in sorted(bill.unseen.items(), key=lambda item: -item[1].micros):
        yield f"unknown usage type: {usage}, {dollars(unseen.micros)} ({unseen.hours:.1f} h)"
    if any(c.group.spot for c in found):
        yield "A Savings Plan lowers on-demand prices; spot training gains nothing from it as far as AWS says."


def _accounts(bill: Bill) -> Iterable[str]:
    """Which accounts were compared, if the bill has several."""
    others = {name: amount for name, amount in bill.accounts.items() if name != bill.account}
    if bill.account and others:
        total = sum(amount.micros for amount in others.values())
        names = ", ".join(sorted(others)[:ACCOUNTS_SHOWN]) + (", …" if len(others) > ACCOUNTS_SHOWN else "")
        spent = f"{count(len(others), 'other account')} spent {dollars(total)} on training: {names}"
        yield f"only account {bill.account} is compared; {spent}"
    elif len(others) > 1:
        known = "AWS did not return the account of the ledger"
        yield f"the bill has {count(len(others), 'account')}, and all are compared: {known}"


def _ratio(recorded: int, billed: int) -> str:
    return f"{billed / recorded:.3f}" if recorded > 0 else "–"
