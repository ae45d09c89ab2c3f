"""Queues the daily and weekly digests of each channel when they are due. Digests are made from the rollups of days."""

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
PAGE_MAX = 390_000  # characters of a message's JSON, one byte each: an item of DynamoDB is at most 400 kB


class Period(StrEnum):
    """How often a digest is sent. The values are stored."""

    DAY = "day"
    WEEK = "week"

    @property
    def length(self) -> timedelta:
        return DAY if self is Period.DAY else 7 * DAY


def queue_digests(ports: Ports) -> int:
    """Queue every digest that became due since it was last queued. Returns how many were queued.

    In a new stack, a channel's first digest is the next one that becomes due. A channel that the policy names later gets the
    digest that became due since the last run, because the channel that it replaces did not get it. Waivers of the policy that end
    soon are announced in every run. Raises the first problem, after all digests were tried.
    """
    now, policy = ports.clock.now(), ports.policies.current()
    problems: list[Exception] = []
    try:
        announce_waivers(ports)
    except Exception as problem:
        problems.append(problem)
    last, queued = ports.ledger.digests.checked_at(), 0
    due = last is None or last < max(last_due(policy.slack.digest, period.length, now) for period in Period)
    for period, (channel, teams) in product(Period, channels_of(policy).items() if due else ()):  # in most hours none is due
        try:
            queued += _queue_if_due(period, channel, teams, now, last, ports)
        except Exception as problem:  # the other digests are still queued; this one is tried again in an hour
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
    if before is not None:  # rows of older versions contain no day
        noted = digests.reported_until(period, channel)
        return noted or reported_until(settings, last_due(settings, period.length, before))
    new_channel = checked_at is not None and checked_at < due_at
    return reported_until(settings, due_at) - (period.length if new_channel else timedelta())


def queue_digest(period: Period, channel: str, teams: frozenset[str], since: date, until: date, ports: Ports) -> None:
    """Queue the digest of the UTC days ``since`` … before ``until``, unless it is empty. No ``teams`` means all teams.

    Each page is a message of its own, so that a crash repeats at most one page. The first page is posted in the channel; the
    details are replies in its thread.
    """
    at, shelved = ports.clock.now(), ports.outbox.shelved(channel)
    parts = _parts(period, shelved, teams, since, until, ports, threads=not is_topic(channel))
    if parts is None:
        return
    thread = f"digest/{period}/{since}/{channel}"
    for parts_of_page, key in zip(parts, (thread, f"{thread}/thread"), strict=True):  # the head, then the details in its thread
        plain = [page.json for page in pages(parts_of_page, native=False)]
        native = [page.json for page in pages(parts_of_page)]
        together = json.dumps(plain)  # stored with each native page, and sent instead where the workspace refuses native blocks
        pieces = [(page, together) for page in native]
        if max(map(len, native), default=0) + len(together) > PAGE_MAX:
            pieces = [("", page) for page in plain]
        for number, (page, instead) in enumerate(pieces):
            message = Message(key=f"{key}/{number:03d}", channel=channel, at=at, native=page, plain=instead, thread=thread)
            ports.outbox.put(message)
    ports.outbox.unshelve(shelved)


def channels_of(policy: Policy) -> Mapping[str, frozenset[str]]:
    """The teams in the digest of each channel. The default channel has an empty set: its digest is of all teams."""
    by_channel: dict[str, set[str]] = {}
    for team, channel in policy.slack.channels.items():
        by_channel.setdefault(channel, set()).add(team)
    return {**{channel: frozenset(teams) for channel, teams in by_channel.items()}, policy.channel: frozenset()}


def _parts(
    period: Period, shelved: Iterable[Message], teams: frozenset[str], since: date, until: date, ports: Ports, *, threads: bool
) -> tuple[tuple[Part, ...], tuple[Part, ...]] | None:
    """The head of a digest and its details; None where it is empty."""
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
    """Store the week's report as a page and return its address; empty for a daily digest, or without a bucket for reports."""
    if period is not Period.WEEK:
        return ""
    home, policy = ports.home, ports.policies.current()
    origin = Origin(
        made_at=ports.clock.now(), account=home.account, region=home.region,
        account_name=policy.labels.accounts.get(home.account, ""), policy=policy.revision,
    )  # fmt: skip
    return ports.report_store.publish(report_of(days, since, until, origin=origin))
