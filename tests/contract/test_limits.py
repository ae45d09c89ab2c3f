"""Limits that span lineages, and the halt, hold in memory and in DynamoDB alike."""

from __future__ import annotations

from controller.ledger.halt import Halt
from controller.runtime.ports import Ledger
from tests.builders import BEGIN

HALT = Halt(why="the policy stops everything", who="ada", since=BEGIN)


def test_a_limit_gives_what_it_has_and_no_more(ledger: Ledger) -> None:
    assert [ledger.limits.spend("stop/10", who, 1, 2, BEGIN) for who in ("a", "b", "c")] == [True, True, False]


def test_who_took_once_takes_nothing_again(ledger: Ledger) -> None:
    assert all(ledger.limits.spend("stop/10", "a", 1, 1, BEGIN) for _ in range(3))
    assert not ledger.limits.spend("stop/10", "b", 1, 1, BEGIN)


def test_each_limit_is_its_own(ledger: Ledger) -> None:
    assert ledger.limits.spend("stop/10", "a", 1, 1, BEGIN)
    assert ledger.limits.spend("stop/11", "b", 1, 1, BEGIN)
    assert ledger.limits.spend("submit/10", "b", 1, 1, BEGIN)


def test_amounts_add_up_to_the_limit(ledger: Ledger) -> None:
    assert ledger.limits.spend("money/vision", "a", 700, 1000, BEGIN)
    assert not ledger.limits.spend("money/vision", "b", 301, 1000, BEGIN)
    assert ledger.limits.spend("money/vision", "c", 300, 1000, BEGIN)


def test_a_limit_of_nothing_gives_nothing(ledger: Ledger) -> None:
    assert not ledger.limits.spend("stop/10", "a", 1, 0, BEGIN)


def test_a_halt_lasts_until_somebody_resumes(ledger: Ledger) -> None:
    assert ledger.halts.halt() is None
    ledger.halts.set_halt(HALT)
    assert ledger.halts.halt() == HALT
    ledger.halts.set_halt(None)
    assert ledger.halts.halt() is None
