"""Reads the training lines of a Cost and Usage Report (CUR 2.0, or the legacy format), and compares them with the ledger.

It has not yet been run on the export of a live account. How AWS spells the usage type of spot training is not known, so unknown
types that may be training are listed and never dropped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date
from typing import Any, NamedTuple

from controller.ledger.entry import Entry, Measured
from controller.savings.agreed_rates import LIST_FOR_SPOT
from controller.savings.attempt_savings import billed_rate
from controller.savings.dated_prices import spot_of
from controller.units.free_text import one_line
from controller.units.money import Micros, Rate, cost_micros
from controller.units.value import dataclass

INSTANCE = r"(?P<type>ml\.[a-z0-9-]+\.[a-z0-9]+)"
SPOT_USAGE = re.compile(
    rf"(?:[A-Z0-9]+-)?(?:(?:Managed)?Spot[-_ ]?Train(?:ing)?|Train(?:ing)?[-_ ]?Spot)[: ]{INSTANCE}", re.IGNORECASE
)
WARM_POOL = re.compile(rf"(?:[A-Z0-9]+-)?Train(?:ing)?[-_ ]?(?:Warm[-_ ]?Pool|WarmPool)\S*?[: ]{INSTANCE}", re.IGNORECASE)
ON_DEMAND_USAGE = re.compile(rf"(?:[A-Z0-9]+-)?Train(?:ing)?:{INSTANCE}", re.IGNORECASE)
MAYBE_TRAINING = re.compile("train|spot", re.IGNORECASE)
NOT_USAGE = frozenset(
    {"savingsplannegation", "tax", "credit", "refund", "fee", "rifee", "savingsplanrecurringfee", "savingsplanupfrontfee"}
)
COVERED = "savingsplancoveredusage"
DISCOUNTS = frozenset({"edpdiscount", "privateratediscount", "bundleddiscount", "discount"})
COLUMNS = ("line_item_usage_type", "line_item_usage_start_date", "line_item_usage_amount", "line_item_unblended_cost")
READ = frozenset(
    {
        *COLUMNS, "line_item_line_item_type", "line_item_product_code", "line_item_usage_account_id", "line_item_currency_code",
        "savings_plan_savings_plan_effective_cost", "product_region_code", "product_region", "product",
        "line_item_availability_zone",
    }
)  # fmt: skip
"""Every column that is used; the other columns of an export need not be read."""
PROBLEMS_SHOWN = 10
HOURS_LEAST = 1.0  # billed hours of a usage type from which its price is used
FACTOR_MOST = 4  # a price from a bill is used if it differs from the list price by at most this factor
HOURS_MOST, DOLLARS_MOST = 10_000_000, 100_000_000


class BillGroup(NamedTuple):
    """What is compared: the training of a day (UTC), a region, an instance type, and spot or on-demand."""

    day: date
    region: str
    instance_type: str
    spot: bool


@dataclass(slots=True)
class Amount:
    """Billed instance hours, and their cost in millionths of a dollar."""

    hours: float = 0.0
    micros: Micros = 0


@dataclass(slots=True)
class Bill:
    """The training in a bill, summed. ``account`` is the account whose lines are summed; empty for all.

    ``rows`` is the number of rows that were read. ``plans`` are the regions and instance types whose on-demand hours a Savings
    Plan covered. ``usage_types`` has the spelling in the bill of each (region, instance type, spot). ``unseen`` are usage types
    that may be training but are not known. ``problems`` are the first rows that could not be read, in words.
    """

    rows: int = 0
    account: str = ""
    groups: dict[BillGroup, Amount] = field(default_factory=dict)
    plans: set[tuple[str, str]] = field(default_factory=set)
    usage_types: dict[tuple[str, str, bool], str] = field(default_factory=dict)
    warm_pools: Amount = field(default_factory=Amount)
    unseen: dict[str, Amount] = field(default_factory=dict)
    accounts: dict[str, Amount] = field(default_factory=dict)  # all training of each account that the bill names
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0

    def problem(self, text: str) -> None:
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_SHOWN:
            self.problems.append(text)

    def same_lines(self, other: Bill) -> bool:
        """Whether two parts seem to have the same training lines, by their sums. False for parts without training lines."""
        if not (self.accounts or self.groups):
            return False
        mine, theirs = ((bill.rows, bill.groups, bill.warm_pools, bill.unseen, bill.accounts) for bill in (self, other))
        return mine == theirs

    def add(self, part: Bill) -> None:
        """Add another part of the same export."""
        self.rows += part.rows
        for mine, theirs in ((self.groups, part.groups), (self.unseen, part.unseen), (self.accounts, part.accounts)):
            _sum_all(mine, theirs)
        _sum(self.warm_pools, part.warm_pools.hours, part.warm_pools.micros)
        self.plans |= part.plans
        self.usage_types |= part.usage_types
        self.problem_count += part.problem_count
        self.problems += part.problems[: PROBLEMS_SHOWN - len(self.problems)]


def column_name(found: str) -> str:
    """A column's name as CUR 2.0 writes it: the older ``lineItem/UsageType`` is ``line_item_usage_type``."""
    head, _, rest = found.strip().lstrip("\ufeff").partition("/")
    parts = "_".join(filter(None, (head, rest)))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parts).lower()


def read_bill(columns: Iterable[str], rows: Iterable[Mapping[str, object]], account: str = "", *, first: int = 2) -> Bill:
    """Sum the training lines of a bill. Rows that cannot be read are counted, and the first ones described in ``problems``.

    With ``account``, only that account's lines are summed: the bill of an organization has many accounts, a ledger one. ``first``
    is the number of the first row: 2, after the header of a CSV. Raises ValueError if a column is missing.
    """
    missing = [name for name in COLUMNS if name not in set(columns)]
    if missing:
        raise ValueError(f"found no column {', '.join(missing)}, wanted a CUR 2.0 export with these columns")
    bill = Bill(account=account)
    for number, row in enumerate(rows, start=first):
        bill.rows += 1
        text = {name: value for name, value in row.items() if isinstance(value, str)}
        try:
            _add(bill, text)
        except (ValueError, OverflowError) as error:
            bill.problem(f"row {number}: {one_line(str(error), 160)}")
    return bill


def _add(bill: Bill, row: Mapping[str, str]) -> None:
    if not row:
        raise ValueError("it does not have as many columns as the first row")
    usage, kind = row.get("line_item_usage_type", "").strip(), row.get("line_item_line_item_type", "Usage").lower()
    if row.get("line_item_product_code", "AmazonSageMaker") not in ("AmazonSageMaker", "") or kind in NOT_USAGE:
        return
    if not MAYBE_TRAINING.search(usage):
        return
    micros, hours = (
        _micros(row),
        0.0 if kind in DISCOUNTS else _number(row.get("line_item_usage_amount", ""), HOURS_MOST, "hours"),
    )
    owner = one_line(row.get("line_item_usage_account_id", "").strip(), 40)
    if owner:
        _sum(bill.accounts.setdefault(owner, Amount()), hours, micros)
    if bill.account and owner and owner != bill.account:
        return
    spot, warm, on_demand = SPOT_USAGE.fullmatch(usage), WARM_POOL.fullmatch(usage), ON_DEMAND_USAGE.fullmatch(usage)
    if warm:
        _sum(bill.warm_pools, hours, micros)
    elif found := spot or on_demand:
        day = date.fromisoformat(row.get("line_item_usage_start_date", "")[:10])
        group = BillGroup(day, _region(row), found["type"].lower(), spot is not None)
        _sum(bill.groups.setdefault(group, Amount()), hours, micros)
        if kind == COVERED and not group.spot:
            bill.plans.add((group.region, group.instance_type))
        bill.usage_types[group.region, group.instance_type, group.spot] = usage
    else:
        _sum(bill.unseen.setdefault(one_line(usage, 100), Amount()), hours, micros)


def _sum_all(mine: dict[Any, Amount], theirs: Mapping[Any, Amount]) -> None:
    for key, amount in theirs.items():
        _sum(mine.setdefault(key, Amount()), amount.hours, amount.micros)


def _sum(amount: Amount, hours: float, micros: Micros) -> None:
    amount.hours += hours
    amount.micros += micros


def _micros(row: Mapping[str, str]) -> Micros:
    """The cost of a line: the effective cost if a Savings Plan covers it, else the unblended cost. Raises ValueError."""
    if row.get("line_item_currency_code", "USD") not in ("USD", ""):
        raise ValueError(f"its currency is {row['line_item_currency_code']!r}, wanted USD")
    covered = row.get("line_item_line_item_type", "").lower() == COVERED
    name = "savings_plan_savings_plan_effective_cost" if covered else "line_item_unblended_cost"
    return round(_number(row.get(name, ""), DOLLARS_MOST, "dollars") * 1_000_000)


def _number(text: str, most: float, what: str) -> float:
    try:
        found = float(text)
    except ValueError:
        raise ValueError(f"found {text!r}, wanted a number of {what}") from None
    if not -most <= found <= most:  # also false for NaN
        raise ValueError(f"found {text!r}, wanted at most {most:,} {what}")
    return found


def _region(row: Mapping[str, str]) -> str:
    for name in ("product_region_code", "product_region"):
        if row.get(name):
            return one_line(row[name], 40)
    try:
        product = json.loads(row.get("product", "") or "{}")
        found = str(product.get("region", "")) if isinstance(product, dict) else ""
    except ValueError:
        found = ""
    return one_line(found, 40) or row.get("line_item_availability_zone", "").rstrip("abcdef") or "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A group with what the ledger recorded and what the bill contains; ``jobs`` are its recorded jobs, most expensive first."""

    group: BillGroup
    recorded_micros: Micros
    billed_micros: Micros
    recorded_hours: float
    billed_hours: float
    jobs: tuple[str, ...]

    @property
    def gap_micros(self) -> Micros:
        return self.billed_micros - self.recorded_micros


def compare(entries: Iterable[Entry], bill: Bill, since: date, until: date) -> tuple[Compared, ...]:
    """Each group in the ledger or the bill from ``since`` until before ``until``, sorted. A job counts on the day of its end."""
    recorded: dict[BillGroup, list[Measured]] = {}
    for entry in entries:
        if isinstance(entry, Measured) and since <= entry.at.date() < until and entry.billable_s:
            recorded.setdefault(BillGroup(entry.at.date(), entry.region, entry.instance_type, entry.spot), []).append(entry)
    found = []
    for group in sorted({*recorded, *(g for g in bill.groups if since <= g.day < until)}):
        jobs = sorted(recorded.get(group, ()), key=lambda e: (-_recorded(e), e.job))
        billed = bill.groups.get(group, Amount())
        found.append(
            Compared(
                group=group, recorded_micros=sum(map(_recorded, jobs)), billed_micros=billed.micros,
                recorded_hours=sum(e.billable_s * e.instance_count for e in jobs) / 3600, billed_hours=billed.hours,
                jobs=tuple(e.job for e in jobs),
            )
        )  # fmt: skip
    return tuple(found)


def _recorded(entry: Measured) -> Micros:
    rate = billed_rate(entry)
    return 0 if rate is None else cost_micros(entry.billable_s, entry.instance_count, rate)


def calibration(
    bill: Bill, since: date, until: date, listed: Mapping[tuple[str, str], Rate | None]
) -> tuple[dict[str, dict[str, Rate]], tuple[str, ...]]:
    """The hourly prices that a bill shows, by region and name (an instance type or ``spot_of`` one), and doubtful usage types.

    ``listed`` are the on-demand list prices by region and instance type. A price that is far from the list price, or from less
    than one hour, is doubtful and not returned, because every later job would be priced with it. If a Savings Plan lowered the
    on-demand price and the bill has no spot price, spot keeps the list price.
    """
    sums: dict[tuple[str, str, bool], Amount] = {}
    for group, amount in bill.groups.items():
        if since <= group.day < until:
            _sum(sums.setdefault((group.region, group.instance_type, group.spot), Amount()), amount.hours, amount.micros)
    recorded: dict[str, dict[str, Rate]] = {}
    doubtful: list[str] = []
    for (region, kind, spot), amount in sorted(sums.items()):
        usage, known = bill.usage_types[region, kind, spot], listed.get((region, kind))
        if amount.hours < HOURS_LEAST or amount.micros <= 0:
            doubtful.append(f"{usage}: less than an hour, or nothing, was billed")
            continue
        micros = round(amount.micros / amount.hours)
        if known is not None and not known.micros_per_h / FACTOR_MOST <= micros <= known.micros_per_h * FACTOR_MOST:
            doubtful.append(f"{usage}: ${micros / 1e6:.4f} an hour, far from the list price of ${known.micros_per_h / 1e6:.4f}")
            continue
        source = f"bill of {since} to {until}, usage type {usage}"
        name = spot_of(kind) if spot else kind
        recorded.setdefault(region, {})[name] = Rate(micros_per_h=micros, as_of=since, source=source)
    for region, kind in sorted(bill.plans):
        known, found = listed.get((region, kind)), recorded.get(region, {})
        if known is not None and kind in found and spot_of(kind) not in found:
            plain = Rate(micros_per_h=known.micros_per_h, as_of=since, source=f"{LIST_FOR_SPOT} ({known.source})")
            found[spot_of(kind)] = plain
    return recorded, tuple(doubtful)
