"""Texts that several formats of a report share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from controller.notifications.period_sentence import forecast_text
from controller.savings.agreed_rates import RateBasis
from controller.savings.forecast import is_part_of_open_month
from controller.savings.report import PoolLine, Report
from controller.units.free_text import one_line
from controller.units.money import dollars, percent
from controller.units.plural import count

NAME_MAX = 256  # the most characters in a tag's value


def shown(name: str) -> str:
    """A name that other people chose, such as of a team, on one line and without control or direction characters."""
    return one_line(name, NAME_MAX) or "–"


def title(report: Report) -> str:
    """The period and, where the report covers only some teams, their names."""
    teams = f", {', '.join(map(shown, report.teams))}" if report.teams else ""
    return f"Spot training, {_span(report.since, report.until)} (UTC){teams}"


def origin_text(report: Report) -> str:
    """The account, the region, when the report was made, and the policy in force then; empty if these are not known."""
    of = report.origin
    if of is None:
        return ""
    name = f" ({shown(of.account_name)})" if of.account_name else ""
    where = [f"account {shown(of.account)}{name}" if of.account else "", shown(of.region) if of.region else ""]
    policy = f"policy {shown(of.policy)}" if of.policy else ""
    return " · ".join(filter(None, (*where, f"made {of.made_at:%Y-%m-%d %H:%M} UTC", policy)))


def basis_text(report: Report) -> str:
    """The source of the dollar amounts: the bill, list prices, or rates in the policy."""
    billed = report.origin.billed_until if report.origin else None
    if billed is not None:
        return f"Recorded from the bill until {billed - timedelta(days=1):%-d %B %Y}, estimated since.{_rates_text(report)}"
    rates = _rates_text(report)
    source = "" if rates else " from list prices"
    return f"Dollars are estimated{source}; no bill was compared (spotwarden audit --bill).{rates}"


def _rates_text(report: Report) -> str:
    """The rates of the attempts; empty if all of them have the list price, or if none is known."""
    known = dict(report.rates)
    if not known.keys() - {RateBasis.LIST}:
        return ""
    texts = [f"{count(number, 'attempt')} {RATES.get(name, shown(name))}" for name, number in report.rates]
    plan = " Spot gains nothing from a Savings Plan: spot jobs are billed at the list price, and compared with the plan's rate."
    return f" Rates: {', '.join(texts)}.{plan if RateBasis.SAVINGS_PLAN in known else ''}"


RATES: Mapping[str, str] = {
    RateBasis.LIST: "at the list price",
    RateBasis.BILL: "at the bill's price",
    RateBasis.SAVINGS_PLAN: "at the policy's Savings Plan rate",
    RateBasis.PRIVATE_PRICING: "at the policy's private price",
}


def forecast_line(report: Report) -> str:
    """The forecast for the month, or that too little is known for one; empty for periods that have no forecast."""
    if text := forecast_text(report):
        return f"{text}."
    if not report.origin or not report.total.savings.attempts:
        return ""
    begun = is_part_of_open_month(report.since, report.until, report.origin.made_at.date())
    return "Too little of the month is known for a forecast." if begun else ""


def trend_texts(report: Report) -> tuple[tuple[str, str, str, str], ...]:
    """Rows for the earlier periods and this one: period, saved, percent, spent. Empty without earlier periods."""
    rows = [(one.since, one.until, one.savings) for one in report.trend]
    rows += [(report.since, report.until, report.total.savings)] if rows else []
    return tuple(
        (_span(since, until), dollars(of.saved_micros), percent(of.saved_percent), dollars(of.spent_micros))
        for since, until, of in rows
    )


def _span(since: date, until: date) -> str:
    last = until - timedelta(days=1)
    return f"{since}" if since == last else f"{since} to {last}"


def deadlines(report: Report) -> str:
    """How many deadlines were met and missed; empty if no job had a deadline."""
    kept, missed = report.deadlines_kept, report.deadlines_missed
    return f"Deadlines: {kept} met, {missed} missed." if kept or missed else ""


def incomplete(report: Report) -> str:
    """What the dollar amounts do not include, or only in part; empty if they include everything."""
    one = report.total.savings
    counts = (
        (one.unpriced, "attempt", "without a price (seconds only)"),
        (one.unmeasured, "attempt", "with unknown usage"),
        (one.bounded, "attempt", "with minimum figures"),
        (one.stopped_with_model, "attempt", "that a limit stopped with a model (neither saved nor wasted)"),
        (one.speed_unknown, "attempt", "on other instances, speed unknown"),
        (report.total.missed_unknown, "on-demand job", "in pools without a spot job to compare with"),
    )
    found = "; ".join(f"{count(number, noun)} {what}" for number, noun, what in counts if number)
    return f"Not in the dollars, or only in part: {found}." if found else ""


def per_100_hours(pool: PoolLine) -> str:
    """The rate of interruptions in 100 spot hours, with its 90 % interval."""
    return f"{100 * pool.mean:.0f} ({100 * pool.low:.0f} to {100 * pool.high:.0f})"
