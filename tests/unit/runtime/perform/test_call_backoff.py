"""An intent waits longer after each call that failed, and as long as AWS asks for."""

from __future__ import annotations

from dataclasses import replace

from controller.ledger.intent import Intent, Stop
from controller.runtime.perform.call_backoff import wait_before_retry
from tests.builders import BEGIN

STOP = Intent(action=Stop(about="bert", because="waste"), due_at=BEGIN)


def waits(*claims: int, held: int = 0, tried: bool) -> list[float]:
    intents = [replace(STOP, claim=claim, held=min(held, claim)) for claim in claims]
    return [wait_before_retry(intent, None, tried=tried).total_seconds() for intent in intents]


def test_the_wait_after_a_try_doubles_up_to_an_hour() -> None:
    assert waits(0, 1, 2, 6, 7, 60, tried=True) == [30, 60, 120, 1920, 3600, 3600]


def test_a_hold_counts_as_no_try() -> None:
    assert waits(5, held=5, tried=True) == [30]


def test_the_wait_after_a_throttle_grows_with_the_calls_up_to_ten_minutes() -> None:
    assert waits(1, 4, 5, 60, held=60, tried=False) == [60, 480, 600, 600]


def test_what_aws_asks_for_counts_more_than_the_backoff() -> None:
    assert wait_before_retry(replace(STOP, claim=60), 7, tried=True).total_seconds() == 7
