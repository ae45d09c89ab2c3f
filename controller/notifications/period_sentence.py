"""The first sentences of digests and reports, about what spot saved or cost in a period, and other texts of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from controller.jobs.job import Outcome
from controller.ledger.refused_create import CreateRefusal
from controller.savings.report import Report
from controller.units.money import dollars, percent
from controller.units.plural import count

TEAMS_NAMED = 5


def sentence(report: Report) -> str:
    """The result of the period in a few sentences, the money first. Bold text is between asterisks. They contain no names."""
    total = report.total.savings
    if total.attempts == 0:
        return _nothing(report)
    attempts = count(total.attempts, "attempt")
    lost = (
        f"; *{dollars(total.wasted_micros)}* of it paid for work that was lost." if total.wasted_micros else "; no work was lost."
    )
    return f"{_saved(report)} *{dollars(total.spent_micros)}* was spent on {attempts}{lost}{_missed(report)}"


def _nothing(report: Report) -> str:
    """The text for a period without attempts: it is in the future, or no job was billed in it."""
    today = report.origin.made_at.date() if report.origin else None
    if today is not None and report.since > today:
        return f"The period has not begun: it begins on {report.since:%-d %B %Y}."
    return "No training job was billed."


def outcome_text(name: str) -> str:
    """The label of an outcome for a list of counts, in which it does not follow a job's name."""
    return Outcome(name).label.removeprefix("was ")


def forecast_text(report: Report) -> str:
    """The forecast for the month, without a full stop; empty if too little is known."""
    found = report.forecast
    if found is None:
        return ""
    low, high = dollars(found.spent_low_micros), dollars(found.spent_high_micros)
    return (
        f"At the rate of its {count(found.known_days, 'day')} so far, {found.month:%B} ends at about"
        f" {dollars(found.spent_micros)} spent"
        f" ({low} to {high}) and {_saving(found.saved_micros)}"
    )


def refused_items(report: Report, clean: Callable[[str], str]) -> list[tuple[str, str]]:
    """Pairs of a limit and the counts of creates that it refused, by team; the most frequent first. ``clean`` escapes names."""
    by_limit: dict[str, list[tuple[str, int]]] = {}
    for line in report.refused:
        by_limit.setdefault(line.limit, []).append((clean(line.team), line.count))
    totals = sorted((-sum(number for _, number in teams), limit) for limit, teams in by_limit.items())
    return [(limit_text(limit), f"{-total:,} ({_teams(by_limit[limit])})") for total, limit in totals]


def _teams(teams: Sequence[tuple[str, int]]) -> str:
    more = f", {len(teams) - TEAMS_NAMED} more" if len(teams) > TEAMS_NAMED else ""
    return ", ".join(f"{team} {number:,}" for team, number in teams[:TEAMS_NAMED]) + more


def limit_text(limit: str) -> str:
    """The limit that refused a create, as text; the name of a quota is SageMaker's."""
    why, _, name = limit.partition("/")
    match why:
        case CreateRefusal.QUOTA:
            return name or "a quota that SageMaker did not name"
        case CreateRefusal.CAPACITY:
            return f"no capacity of {name}"
        case CreateRefusal.THROTTLED:
            return "too many requests"
        case _:
            return "other limits"


def refused_advice(report: Report, where: str) -> list[str]:
    """What a person can do about refused creates; empty if no quota refused one. ``where`` is where the list of them is."""
    by_quota = sum(line.count for line in report.refused if line.limit.startswith(f"{CreateRefusal.QUOTA}/"))
    if not by_quota:
        return []
    refused = f"{count(by_quota, 'create')} refused by a quota."
    return [f"{refused} The list {where} says which quota and team. A quota can be raised in Service Quotas."]


def _saving(micros: int) -> str:
    return f"{dollars(micros)} saved" if micros >= 0 else f"{dollars(-micros)} more than on-demand"


def _saved(report: Report) -> str:
    total, before = report.total.savings, report.before.savings
    share = "" if total.saved_percent is None else percent(abs(total.saved_percent))
    if total.saved_micros < 0:
        text = f"Spot *cost {dollars(-total.saved_micros)} more than on-demand*" + (f" ({share})" if share else "")
    else:
        text = f"Spot *saved {dollars(total.saved_micros)}*" + (f", {share} of the on-demand cost" if share else "")
    if not before.attempts:
        return f"{text}."
    period = "day" if (report.until - report.since).days == 1 else "period"
    change = total.saved_micros - before.saved_micros
    if change == 0:
        return f"{text}. The {period} before had the same result."
    return f"{text}. That is {dollars(abs(change))} {'better' if change > 0 else 'worse'} than the {period} before."


def _missed(report: Report) -> str:
    missed, movable = report.total.missed_micros, report.total.savings.movable
    return f" Spot could have saved *{dollars(missed)}* more on {count(movable, 'job')} that ran on-demand." if missed else ""
