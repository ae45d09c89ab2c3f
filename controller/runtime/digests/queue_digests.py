"""Queues the daily and weekly digests of each channel at its hour. They read closed days, whatever the number of jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import product

from controller.notifications.block_kit import pages
from controller.notifications.digest import DigestNotes, digest_details, digest_head, is_empty
from controller.notifications.messages.text import where_text
from controller.notifications.parts import Part
from controller.policy.policy import Policy
from controller.policy.sns_topic import is_topic
from controller.policy.waiver import WaiverState
from controller.runtime.announce_waivers import announce_waivers
from controller.runtime.digests.digest_schedule import last_due, reported_days, reported_until
from controller.runtime.digests.read_days import rollups_of_days
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message
from controller.savings.report import By, Origin, report_of
from controller.savings.rollup import Rollup
from controller.units.calendar import month_start

DAY = timedelta(days=1)
PAGE_MAX = 390_000  # characters of a message, which JSON writes in ASCII: an item of DynamoDB takes 400 kB


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return DAY if self is Period.DAY else 7 * DAY


def queue_digests(ports: Ports) -> int:
    """Queue every digest whose hour has come since it was last queued; say how many. A channel begins with the hour to come.

    A channel that the policy names later begins with the digest that became due since: the former channel does not get it.
    Waivers of the policy that end soon are announced at any hour. Raises the first problem once all digests were tried.
    """
    now, policy = ports.clock.now(), ports.policies.current()
    problems: list[Exception] = []
    try:
        announce_waivers(ports)
    except Exception as problem:
        problems.append(problem)
    last, queued = ports.ledger.digests.checked_at(), 0
    due = last is None or last < max(last_due(policy.slack.digest, period.length, now) for period in Period)
    for period, (channel, teams) in product(Period, channels_of(policy).items() if due else ()):  # most hours: one read
        try:
            queued += _queue_if_due(period, channel, teams, now, last, ports)
        except Exception as problem:  # no digest holds up another; this one is made again in an hour
            problems.append(problem)
    if problems:
        raise problems[0]
    if due:
        ports.ledger.digests.note_checked(now)
    return queued


def _queue_if_due(
    period: Period, channel: str, teams: frozenset[str], now: datetime, checked_at: datetime | None, ports: Ports
) -> int:  # fmt: skip
    settings, digests = ports.policies.current().slack.digest, ports.ledger.digests
    due_at, before = last_due(settings, period.length, now), digests.queued_at(period, channel)
    if before is not None and before >= due_at:
        return 0
    since, until = reported_days(settings, period.length, due_at, _since(period, channel, now, checked_at, ports))
    if since < until:
        queue_digest(period, channel, teams, since, until, ports)
    digests.note_queued(period, channel, now, until)
    return int(since < until)


def _since(period: Period, channel: str, now: datetime, checked_at: datetime | None, ports: Ports) -> date:
    """The first UTC day that no digest of the channel has reported."""
    settings, digests = ports.policies.current().slack.digest, ports.ledger.digests
    due_at, before = last_due(settings, period.length, now), digests.queued_at(period, channel)
    if before is not None:  # rows of older versions say no day
        noted = digests.reported_until(period, channel)
        return noted or reported_until(settings, last_due(settings, period.length, before))
    new_channel = checked_at is not None and checked_at < due_at
    return reported_until(settings, due_at) - (period.length if new_channel else timedelta())


def queue_digest(period: Period, channel: str, teams: frozenset[str], since: date, until: date, ports: Ports) -> None:
    """Queue one digest, unless it has nothing to say. Its pages are messages of their own: a crash repeats one, never all.

    The first is what people see in the channel; the details are answers to it.
    """
    at, shelved = ports.clock.now(), ports.outbox.shelved(channel)
    parts = _parts(period, shelved, teams, since, until, ports, threads=not is_topic(channel))
    if parts is None:
        return
    thread = f"digest/{period}/{since}/{channel}"
    for parts_of_page, key in zip(parts, (thread, f"{thread}/thread"), strict=True):  # the head, then the details in its thread
        plain = [page.json for page in pages(parts_of_page, native=False)]
        native = [page.json for page in pages(parts_of_page)]
        together = json.dumps(plain)  # with each native page: what is sent instead where the workspace does not take those
        pieces = [(page, together) for page in native]
        if max(map(len, native), default=0) + len(together) > PAGE_MAX:
            pieces = [("", page) for page in plain]
        for number, (page, instead) in enumerate(pieces):
            message = Message(key=f"{key}/{number:03d}", channel=channel, at=at, native=page, plain=instead, thread=thread)
            ports.outbox.put(message)
    ports.outbox.unshelve(shelved)


def channels_of(policy: Policy) -> Mapping[str, frozenset[str]]:
    """Which channel gets the digest of which teams; the default channel gets that of all (an empty set)."""
    by_channel: dict[str, set[str]] = {}
    for team, channel in policy.slack.channels.items():
        by_channel.setdefault(channel, set()).add(team)
    return {**{channel: frozenset(teams) for channel, teams in by_channel.items()}, policy.channel: frozenset()}


def _parts(
    period: Period, shelved: Iterable[Message], teams: frozenset[str], since: date, until: date, ports: Ports, *, threads: bool
) -> tuple[tuple[Part, ...], tuple[Part, ...]] | None:
    """The head of a digest and its details; None where it has nothing to say."""
    month = month_start(until - DAY)
    first = min(since - period.length, month)
    days: dict[date, Rollup] = rollups_of_days(ports.ledger, first, until, ports.prices.rate)
    by = By.USER if len(teams) == 1 else By.TEAM
    now = ports.clock.now()
    waivers = tuple(w for w in ports.ledger.waivers.in_force(now) if not teams or w.team in teams)
    policy = ports.policies.current()
    in_force = [w for w in policy.waivers if w.state(now, policy.slack.waiver_s_max) is WaiverState.IN_FORCE]
    notes = DigestNotes(
        policy_waivers=tuple(in_force) if not teams else (),
        halt=ports.ledger.halts.halt(), waivers=waivers, now=now, policy=policy.revision, policy_since=policy.in_force_at,
        shelved=tuple(message.text().title for message in shelved if message.has_text),
        link=_link(period, since, until, days, ports) if not teams else "", where=_account_and_region(ports), threads=threads,
    )  # fmt: skip
    of_period = report_of(days, since, until, by=by, teams=teams)
    if is_empty(of_period, notes):
        return None
    so_far = report_of(days, month, until, by=by, teams=teams)
    return digest_head(of_period, so_far, notes), digest_details(of_period, notes)


def _account_and_region(ports: Ports) -> str:
    """The account and the region, as people read them."""
    home = ports.home
    return where_text(home.account, home.region, ports.policies.current().labels.accounts)


def _link(period: Period, since: date, until: date, days: Mapping[date, Rollup], ports: Ports) -> str:
    """Where the week's page lies, written now; nothing where the account has no place for it."""
    if period is not Period.WEEK:
        return ""
    home, policy = ports.home, ports.policies.current()
    origin = Origin(
        made_at=ports.clock.now(), account=home.account, region=home.region,
        account_name=policy.labels.accounts.get(home.account, ""), policy=policy.revision,
    )  # fmt: skip
    return ports.report_store.publish(report_of(days, since, until, origin=origin))
