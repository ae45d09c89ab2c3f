"""Reads the books of a period and queues the report of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from controller.report import digest_words
from controller.shell.ports import Message, Ports


class Period(Enum):
    DAY = timedelta(days=1)
    WEEK = timedelta(days=7)


def digest(period: Period, ports: Ports) -> bool:
    """Queue the digest of the last whole day or week (UTC); False when it was queued before."""
    now = ports.clock.now()
    until = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = until - period.value
    entries = tuple(ports.ledger.entries(since, until))
    signals = tuple(ports.ledger.signals(since, until))
    channel = ports.policies.current().channel
    words = digest_words(entries, signals, since, until, ports.ledger.halt())
    return ports.outbox.put(Message(key=_key(period, since), channel=channel, words=words, at=now))


def _key(period: Period, since: datetime) -> str:
    return f"digest/{period.name.lower()}/{since:%Y-%m-%d}"
