"""Intents are equal whatever the times of their leases; an intent is due from its time on, unless it is leased."""

from __future__ import annotations

from datetime import timedelta

from controller.ledger.intent import Intent, Stop
from tests.builders import BEGIN

MINUTE = timedelta(minutes=1)
STOP = Intent(action=Stop(about="bert", because="use-spot"), due_at=BEGIN)


def test_intents_are_equal_whatever_the_times_of_their_leases() -> None:
    early, late = (STOP.leased(BEGIN + 9 * MINUTE, now=BEGIN + n * MINUTE) for n in (1, 2))
    assert (early.claimed_at, early.lease_ends_at) == (BEGIN + MINUTE, BEGIN + 9 * MINUTE)
    assert early == late


def test_an_intent_is_due_from_its_time_on_but_not_while_it_is_leased() -> None:
    assert [STOP.due(BEGIN + n * MINUTE) for n in (-1, 0)] == [False, True]
    leased = STOP.leased(BEGIN + MINUTE, now=BEGIN)
    assert [leased.due(BEGIN + n * MINUTE) for n in (0, 1)] == [False, True]
