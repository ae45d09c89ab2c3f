"""The result of a drain: what was sent, and what still waits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from controller.runtime.outbox.batches import BATCH
from controller.runtime.ports.all_ports import Ports
from controller.units.value import dataclass

DIGEST = "digest/"  # what the keys of digests begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The result of one drain.

    ``sent`` and ``shelved`` are numbers of messages. ``set_aside`` are messages that Slack refused in every form (channel, key,
    error). ``paused`` are the channels that wait from now on, with the reason; ``shut`` those that waited before. ``oldest_s`` is
    the age in seconds of the oldest message that is left, ``digests`` the number of pages of digests that are left.
    """

    sent: int = 0
    shelved: int = 0
    set_aside: tuple[tuple[str, str, str], ...] = ()
    paused: tuple[tuple[str, str], ...] = ()
    shut: tuple[str, ...] = ()
    oldest_s: int = 0
    digests: int = 0


def with_what_is_left(done: Sent, channels: Iterable[str], ports: Ports) -> Sent:
    """Add what still waits in ``channels``. These are the ones that had messages: an empty outbox costs no further reads."""
    now = ports.clock.now()
    for channel in channels:
        left = ports.outbox.waiting(channel, BATCH)
        oldest_s = max((int((now - message.at).total_seconds()) for message in left), default=0)
        digests = sum(message.key.startswith(DIGEST) for message in left)
        done = replace(done, oldest_s=max(done.oldest_s, oldest_s), digests=done.digests + digests)
    return done
