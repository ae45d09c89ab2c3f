"""The parts of a digest, from a report and from what is in force when it is made (a halt, waivers, the policy)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime, timedelta

from controller.ledger.entry import Waived
from controller.ledger.halt import Halt
from controller.notifications.card import saved_text
from controller.notifications.console_links import link
from controller.notifications.messages.text import BELOW_IS, IN_THREAD, THREAD_LISTS, bold, halted_text, policy_text
from controller.notifications.mrkdwn import code, escaped, when
from controller.notifications.parts import Chart, Header, Number, Part, Small, Table, Text
from controller.notifications.period_sentence import forecast_text, outcome_text, refused_advice, refused_items, sentence
from controller.notifications.top_jobs import movers
from controller.notifications.waiver_lines import waived_line, waiver_line
from controller.policy.waiver import Waiver
from controller.savings.report import Line, PoolLine, Report
from controller.units.money import DOLLAR, dollars, percent
from controller.units.plural import count, times
from controller.units.value import dataclass

TOP = 5
LINES = 20  # of the report, such as one for each team; the smaller ones are summed up on the last line
WAIVERS = 10
SHELVED_LISTED = 20
NEEDS_MAX = 5
SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestNotes:
    """What a digest states beside the figures.

    ``waivers`` were given in Slack, ``policy_waivers`` are in the policy. ``shelved`` are the titles of messages that Slack did
    not accept within a day. ``link`` is the URL of the full report; empty: there is none. ``where`` names the account and the
    region. ``now`` is when the digest is made, ``policy`` the revision in force then, since ``policy_since``. ``threads``:
    whether the details are in a thread; else they are below.
    """

    halt: Halt | None = None
    waivers: tuple[Waived, ...] = ()
    policy_waivers: tuple[Waiver, ...] = ()
    shelved: tuple[str, ...] = ()
    link: str = ""
    where: str = ""
    now: datetime | None = field(default=None)
    threads: bool = True
    policy: str = ""
    policy_since: datetime | None = field(default=None)


def digest_parts(report: Report, month: Report, notes: DigestNotes) -> tuple[Part, ...]:
    """The digest of a period and of its month so far: the head, then the details."""
    return (*digest_head(report, month, notes), *digest_details(report, notes))


def digest_head(report: Report, month: Report, notes: DigestNotes) -> tuple[Part, ...]:
    """The head, which fits on the screen of a phone: the result, the jobs that saved or lost most, and what needs a person."""
    return (
        Header(f"Spot training {_period(report)}{_whose(report)}"),
        *_halt(notes),
        Text("\n".join((sentence(report), f"*{month.since:%B} so far*: {_so_far(report, month)}{_forecast(month)}"))),
        *movers(report),
        *_needs_a_person(report, notes),
        Small(_origin(report, notes)),
    )


def digest_details(report: Report, notes: DigestNotes) -> tuple[Part, ...]:
    """The rest of the digest, for its thread."""
    days = (report.until - report.since).days
    return (
        *(_by_line(report) if len(report.lines) > 1 else ()),
        *(_by_day(report) if days > 1 and report.total.savings.attempts else ()),
        *_lines(report),
        *_tops(report),
        *_in_force(notes),
        *_unknown(report),
        *_shelved(notes),
        *_beside(report),
    )


def _origin(report: Report, notes: DigestNotes) -> str:
    """The account and the region, when the digest was made, the policy, and where the details are."""
    made = f"made {notes.now:%-d %b %H:%M} UTC" if notes.now else ""
    page = link(notes.link, "Full report") if notes.link else f"Details are {_details_are(notes)}"
    return " · ".join(filter(None, (notes.where, made, _policy(report, notes), page)))


def _details_are(notes: DigestNotes) -> str:
    return IN_THREAD if notes.threads else "below"


def _policy(report: Report, notes: DigestNotes) -> str:
    """The policy in force; also since when, if that is within the period of the report or later."""
    since = notes.policy_since
    new = f", new since {since:%-d %b}" if since is not None and since.date() >= report.since else ""
    return f"{policy_text(notes.policy)}{new}" if notes.policy else ""


def _so_far(report: Report, month: Report) -> str:
    same = month.total.savings == report.total.savings and month.total.missed_micros == report.total.missed_micros
    return "the same figures, no job ran on another day" if same and month.total.savings.attempts else _money(month.total)


def _forecast(month: Report) -> str:
    return f". {forecast_text(month)}" if forecast_text(month) else ""


def _needs_a_person(report: Report, notes: DigestNotes) -> Iterable[Part]:
    """A list of what somebody should do; nothing if there is nothing to do."""
    texts = []
    if report.deadlines_missed:
        texts.append(f"{count(report.deadlines_missed, 'deadline')} missed. Tell those who wait for the models.")
    if notes.shelved:
        listed = THREAD_LISTS if notes.threads else BELOW_IS
        texts.append(f"{count(len(notes.shelved), 'message')} could not be sent within one day. {listed}")
    soon = [w for w in notes.waivers if notes.now is not None and w.until < notes.now + SOON]
    texts += [
        f"The waiver of {escaped(w.policy)} for {bold(w.job)} ends {when(w.until)}. Fix the job, or renew it." for w in soon
    ]
    if report.total.savings.unpriced:
        unpriced = f"{count(report.total.savings.unpriced, 'attempt')} without a known price: no dollars are counted."
        texts.append(f"{unpriced} To count them from now on, add the price to {code('rates:')} in the policy.")
    texts += refused_advice(report, _details_are(notes))
    if texts:
        yield Text("\n".join(("*Needs a person*", *(f"• {text}" for text in texts[:NEEDS_MAX]))))


def is_empty(report: Report, notes: DigestNotes) -> bool:
    """Whether a digest would have no content, so that it is not sent."""
    counts = (report.violations, report.outcomes, report.interruptions, report.refused, report.deadlines_kept)
    return not any((report.total.savings.attempts, *counts, report.deadlines_missed, notes.halt, notes.waivers, notes.shelved))


def _beside(report: Report) -> Iterable[Part]:
    """Why SageMaker shows another percentage for the same jobs; nothing if it shows the same."""
    one = report.total.savings
    aws, own = one.aws_percent, one.saved_percent
    if aws is None or own is None or round(aws) == round(own):
        return
    why = (
        f"it counts {dollars(one.wasted_micros)} of lost work as saved"
        if one.wasted_micros
        else "it adds up seconds, not dollars"
    )
    yield Small(f"SageMaker shows {percent(aws)} saved for the same jobs: {why}.")


def _period(report: Report) -> str:
    days = (report.until - report.since).days
    if days == 1:
        return f"on {report.since:%A, %-d %B %Y}"
    return f"from {report.since:%-d %B} to {report.until - timedelta(days=1):%-d %B %Y}"


def _whose(report: Report) -> str:
    more = f" and {count(len(report.teams) - TOP, 'other team')}" if len(report.teams) > TOP else ""
    return f": {', '.join(report.teams[:TOP])}{more}" if report.teams else ""


def _money(line: Line) -> str:
    one = line.savings
    if one.attempts == 0:
        return "nothing was billed"
    share = f" ({percent(one.saved_percent)})" if one.saved_percent is not None else ""
    texts = [f"{saved_text(one.saved_micros)}{share}", f"{dollars(one.spent_micros)} spent"]
    texts += [f"{dollars(one.wasted_micros)} wasted"] if one.wasted_micros else []
    texts += [f"{dollars(line.missed_micros)} missed"] if line.missed_micros else []
    return ", ".join(texts)


def _by_line(report: Report) -> Iterable[Part]:
    lines = report.largest_lines(LINES)
    yield Chart(
        title=f"Saved, spent and wasted by {report.by}", kind="bar", categories=tuple(line.name for line in lines), unit="$",
        series=(
            ("Saved", tuple(_dollars(line.savings.saved_micros) for line in lines)),
            ("Spent", tuple(_dollars(line.savings.spent_micros) for line in lines)),
            ("Wasted", tuple(_dollars(line.savings.wasted_micros) for line in lines)),
        ),
    )  # fmt: skip


def _by_day(report: Report) -> Iterable[Part]:
    if len(report.days) > 1:
        yield Chart(
            title="Saved and spent by day", kind="line", categories=tuple(f"{day:%a %-d %b}" for day, _ in report.days), unit="$",
            series=(
                ("Saved", tuple(_dollars(savings.saved_micros) for _, savings in report.days)),
                ("Spent", tuple(_dollars(savings.spent_micros) for _, savings in report.days)),
            ),
        )  # fmt: skip


def _lines(report: Report) -> Iterable[Part]:
    if report.lines:
        yield Table(
            caption=f"By {report.by}", columns=(str(report.by).capitalize(), *COLUMNS),
            rows=tuple((line.name, *_cells(line)) for line in report.largest_lines(LINES)),
        )  # fmt: skip


COLUMNS = ("Saved", "Saved %", "Spent", "Wasted", "Missed", "AWS's %", "Attempts")


def _cells(line: Line) -> tuple[Number, ...]:
    one = line.savings
    return (
        _amount(one.saved_micros),
        _share(one.saved_percent),
        _amount(one.spent_micros),
        _amount(one.wasted_micros),
        _amount(line.missed_micros),
        _share(one.aws_percent),
        Number(one.attempts, str(one.attempts)),
    )


def _tops(report: Report) -> Iterable[Part]:
    yield from _top("Rules broken", [(name, str(count)) for name, count in report.violations])
    pools = [
        (p.name, f"{times(p.interruptions)} ({_in_100_hours(p)})")
        for p in report.interruptions
    ]  # fmt: skip
    yield from _top("Interruptions by pool", pools)
    yield from _top("Outcomes", [(outcome_text(name), str(count)) for name, count in report.outcomes])
    yield from _top("Creates that SageMaker refused", refused_items(report, escaped))
    yield from _top("EC2 market signals", [(name, str(count)) for name, count in report.signals])
    if report.deadlines_kept or report.deadlines_missed:
        yield Text(f"*Deadlines*: {report.deadlines_kept} met, {report.deadlines_missed} missed")


def _in_100_hours(pool: PoolLine) -> str:
    return f"{100 * pool.mean:.0f} in 100 spot hours, 90 % range {100 * pool.low:.0f} to {100 * pool.high:.0f}"


def _top(title: str, items: Sequence[tuple[str, str]]) -> Iterable[Part]:
    if items:
        texts = ", ".join(f"{escaped(name)} {value}" for name, value in items[:TOP])
        more = f", and {len(items) - TOP} more" if len(items) > TOP else ""
        yield Text(f"*{title}*: {texts}{more}")


def _halt(notes: DigestNotes) -> Iterable[Part]:
    if notes.halt:
        yield Text(f":octagonal_sign: *Spotwarden is {halted_text(notes.halt)}*. To resume: {code('spotwarden resume')}")


def _in_force(notes: DigestNotes) -> Iterable[Part]:
    if notes.waivers or notes.policy_waivers:
        texts = [*(waived_line(w) for w in notes.waivers), *(waiver_line(w) for w in notes.policy_waivers)]
        yield _list("*Waivers in force*", texts, WAIVERS)


def _unknown(report: Report) -> Iterable[Part]:
    one, texts = report.total.savings, []
    texts += [f"{count(one.unpriced, 'attempt')} without a known price"] if one.unpriced else []
    texts += [f"{count(one.unmeasured, 'attempt')} with unknown usage"] if one.unmeasured else []
    texts += [f"{count(one.bounded, 'attempt')} with a minimum figure"] if one.bounded else []
    unknown = report.total.missed_unknown
    texts += [f"{count(unknown, 'job')} on-demand in pools without a spot job to compare with"] if unknown else []
    if texts:
        yield Small(f"These figures are a minimum. Not or not fully included: {'; '.join(texts)}")
    if one.speed_unknown:
        unsure = count(one.speed_unknown, "attempt")
        yield Small(f"{unsure} on other instances, speed unknown: counted at the lower price of both")


def _shelved(notes: DigestNotes) -> Iterable[Part]:
    if notes.shelved:
        title = f"*{count(len(notes.shelved), 'message')} could not be sent within one day*"
        yield _list(title, [f"• {shelved}" for shelved in notes.shelved], SHELVED_LISTED)


def _list(title: str, texts: Sequence[str], most: int) -> Text:
    more = [f"• … and {len(texts) - most} more"] if len(texts) > most else []
    return Text("\n".join((title, *texts[:most], *more)))


def _share(share: float | None) -> Number:
    return Number(-1 if share is None else round(share, 1), percent(share))


def _amount(micros: int) -> Number:
    return Number(_dollars(micros), dollars(micros))


def _dollars(micros: int) -> float:
    return round(micros / DOLLAR, 2)
