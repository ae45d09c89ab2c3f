"""Sends what waits in the outbox: one sender per channel, in order, at Slack's pace, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from controller.announcement import code, escaped
from controller.shell.limits import LEASE, TIME_LIMIT
from controller.shell.ports import Done, Later, Message, Ports, Refused

MESSAGES_MAX = 50
PAUSE = timedelta(minutes=1)
LONG_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one drain did; ``paused`` names channels with the reason why they wait."""

    sent: int = 0
    paused: tuple[tuple[str, str], ...] = ()


def drain(ports: Ports) -> Sent:
    """Send the oldest messages of every channel; a 429 pauses its channel for as long as Slack asks."""
    started_at, sent = ports.clock.now(), 0
    paused: list[tuple[str, str]] = []
    for channel in ports.outbox.channels():
        now = ports.clock.now()
        if now - started_at > TIME_LIMIT:
            break
        if not ports.outbox.lease(channel, now=now, until=now + LEASE):
            continue
        pause, why = timedelta(0), ""
        for message in ports.outbox.waiting(channel, MESSAGES_MAX):
            if ports.clock.now() - started_at > TIME_LIMIT:
                break
            pause, why = _send(message, ports)
            if pause:
                paused.append((channel, why))
                break
            sent += 1
        ports.outbox.pause(channel, until=ports.clock.now() + pause)
    return Sent(sent=sent, paused=tuple(paused))


def _send(message: Message, ports: Ports) -> tuple[timedelta, str]:
    """Send one message; say how long its channel must wait, and why.

    A message that a channel will never take (no such channel, not invited) goes to the default channel, with the name of the one
    it was meant for; what even that refuses stays, and is tried again each hour.
    """
    match ports.chat.send(message):
        case Done():
            ports.outbox.sent(message)
            return timedelta(0), ""
        case Later(why, after_s):
            return (timedelta(seconds=after_s) if after_s is not None else PAUSE), why
        case Refused(why):
            default = ports.policies.current().channel
            if message.channel == default:
                return LONG_PAUSE, why
            note = f"_Meant for {code(message.channel)}, which refused it: {escaped(why)}_"
            moved = replace(message, key=f"{message.key}@{default}", channel=default, words=(*message.words, note))
            ports.outbox.put(moved)  # before it leaves its own queue: a crash in between repeats it, never loses it
            ports.outbox.sent(message)
            return timedelta(0), ""
