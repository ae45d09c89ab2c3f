"""Digests: the entries of a period, folded and put into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from controller.announcement import Words, code, escaped, halted
from controller.brake import Halt
from controller.entry import Ended, Entry, Flagged, Interrupted
from controller.interruption import estimate
from controller.interruption import fold as fold_pools
from controller.money import dollars
from controller.pool import Signal
from controller.savings import Savings, fold

TOP = 5


def digest_words(
    entries: Sequence[Entry], signals: Sequence[Signal], since: datetime, until: datetime, halt: Halt | None = None
) -> Words:
    """One message: what was saved and spent per team, what ended how, what was interrupted, what broke which rule."""
    days = (until - since).days
    title = f":bar_chart: *Spot training {'on' if days == 1 else f'in the {days} days from'} {since:%A, %Y-%m-%d}* (UTC)"
    by_team = team_savings(entries)
    total = sum(by_team.values(), Savings())
    return (
        title,
        *((f":octagonal_sign: *{escaped(halted(halt))}*. {code('spotwarden resume')} ends it.",) if halt else ()),
        money_line("All teams", total),
        *(money_line(escaped(team), savings) for team, savings in sorted(by_team.items(), key=_most_saved)),
        *_counted("Endings", (str(e.ending) for e in entries if isinstance(e, Ended))),
        *_counted("Interruptions", (f"{e.instance_type} {e.region}" for e in entries if isinstance(e, Interrupted))),
        *_rates(entries, signals),
        *_counted("Rules broken", (e.policy for e in entries if isinstance(e, Flagged))),
        *_counted("EC2 market signals", (f"{s.kind} {s.pool}" for s in signals)),
    )


def money_line(who: str, savings: Savings) -> str:
    """One line of a total; what it does not cover is said, never counted as zero."""
    percent = savings.aws_percent
    told = [f"*{who}*: saved {dollars(savings.saved_micros)}, spent {dollars(savings.spent_micros)}, {savings.attempts} jobs"]
    told += [f"AWS shows {percent:.0f} % saved"] if percent is not None else []
    told += [f"{savings.unpriced} without a price (seconds only)"] if savings.unpriced else []
    told += [f"{savings.unmeasured} of unknown usage"] if savings.unmeasured else []
    return "; ".join(told)


def team_savings(entries: Iterable[Entry]) -> dict[str, Savings]:
    """What each team saved; entries of jobs without a team tag stand under "no team"."""
    return fold(entries, group=lambda e: e.team or "no team")


def _rates(entries: Iterable[Entry], signals: Iterable[Signal]) -> Words:
    """Interruptions over spot hours, with the interval that holds 90 % of what is believed: a few hours say little."""
    pools = sorted(fold_pools(entries, signals).items(), key=lambda item: (-item[1].interruptions, item[0]))
    told = []
    for (instance_type, region), memory in pools[:TOP]:
        if memory.interruptions:
            rate = estimate(memory)
            span = f"{100 * rate.low:.0f} to {100 * rate.high:.0f}"
            told.append(f"{code(f'{instance_type} {region}')} {100 * rate.mean:.0f} ({span}) in {memory.exposure_s / 3600:.0f} h")
    return (f"*Interruptions in 100 spot hours* (90 % interval): {', '.join(told)}",) if told else ()


def _counted(title: str, names: Iterable[str]) -> Words:
    most = Counter(names).most_common()
    if not most:
        return ()
    told = ", ".join(f"{code(name)} {count}" for name, count in most[:TOP])
    more = sum(count for _, count in most[TOP:])
    return (f"*{title}*: {told}" + (f", others {more}" if more else ""),)


def _most_saved(item: tuple[str, Savings]) -> tuple[int, str]:
    return -item[1].saved_micros, item[0]
