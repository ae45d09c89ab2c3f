"""Limits over all lineages, and the halt, in memory and in DynamoDB."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.ledger.halt import Halt
from controller.runtime.ports.ledger import Ledger
from tests.builders import BEGIN

HALT = Halt(why="the policy stops everything", who="ada", since=BEGIN)


def test_a_limit_allows_as_much_as_it_has(ledger: Ledger) -> None:
    assert [ledger.limits.spend("stop/10", who, 1, 2, BEGIN) for who in ("a", "b", "c")] == [True, True, False]


def test_a_repeated_request_takes_nothing_more(ledger: Ledger) -> None:
    assert all(ledger.limits.spend("stop/10", "a", 1, 1, BEGIN) for _ in range(3))
    assert not ledger.limits.spend("stop/10", "b", 1, 1, BEGIN)


def test_limits_are_independent(ledger: Ledger) -> None:
    assert ledger.limits.spend("stop/10", "a", 1, 1, BEGIN)
    assert ledger.limits.spend("stop/11", "b", 1, 1, BEGIN)
    assert ledger.limits.spend("submit/10", "b", 1, 1, BEGIN)


def test_amounts_add_up_to_the_limit(ledger: Ledger) -> None:
    assert ledger.limits.spend("money/vision", "a", 700, 1000, BEGIN)
    assert not ledger.limits.spend("money/vision", "b", 301, 1000, BEGIN)
    assert ledger.limits.spend("money/vision", "c", 300, 1000, BEGIN)


def test_a_limit_of_zero_allows_nothing(ledger: Ledger) -> None:
    assert not ledger.limits.spend("stop/10", "a", 1, 0, BEGIN)


def test_a_repeated_request_for_more_takes_only_the_difference(ledger: Ledger) -> None:
    assert ledger.limits.spend("money/vision", "a", 400, 1000, BEGIN)
    assert ledger.limits.spend("money/vision", "a", 700, 1000, BEGIN)
    assert ledger.limits.taken("money/vision") == 700
    assert not ledger.limits.spend("money/vision", "a", 1001, 1000, BEGIN)
    assert ledger.limits.taken("money/vision") == 700


def test_without_a_limit_it_is_only_counted(ledger: Ledger) -> None:
    assert ledger.limits.spend("money/vision", "a", 5000, None, BEGIN)
    assert ledger.limits.taken("money/vision") == 5000
    assert not ledger.limits.spend("money/vision", "b", 1, 1000, BEGIN)


@pytest.mark.parametrize("amount", [0, 100, 900])
def test_what_is_settled_replaces_what_was_reserved_however_often(ledger: Ledger, amount: int) -> None:
    assert ledger.limits.spend("money/vision", "a", 700, 1000, BEGIN)
    for _ in range(3):
        ledger.limits.settle("money/vision", "a", amount, BEGIN)
    assert ledger.limits.taken("money/vision") == amount
    assert ledger.limits.spend("money/vision", "b", 1000 - amount, 1000, BEGIN)
    assert not ledger.limits.spend("money/vision", "c", 1, 1000, BEGIN)


def test_what_others_hold_is_given_back_in_the_same_write_and_needs_no_room(ledger: Ledger) -> None:
    for who, amount in (("a", 400), ("b", 300), ("c", 300)):
        assert ledger.limits.spend("money/vision", who, amount, 1000, BEGIN)
    for _ in range(2):
        assert ledger.limits.spend("money/vision", "d", 700, 1000, BEGIN, ("a", "b", "nobody"))
        assert ledger.limits.taken("money/vision") == 1000
    assert not ledger.limits.spend("money/vision", "e", 301, 1000, BEGIN, ("c",))
    assert ledger.limits.taken("money/vision") == 1000
    assert ledger.limits.spend("money/vision", "e", 300, 10, BEGIN, ("c",)), "as much as was taken before needs no room"
    assert not ledger.limits.spend("money/vision", "a", 1, 1000, BEGIN)


def test_nothing_is_taken_of_an_unused_limit(ledger: Ledger) -> None:
    assert ledger.limits.taken("money/vision") == 0


def test_a_halt_lasts_until_somebody_resumes(ledger: Ledger) -> None:
    assert ledger.halts.halt() is None
    ledger.halts.set_halt(HALT)
    assert ledger.halts.halt() == HALT
    ledger.halts.set_halt(None)
    assert ledger.halts.halt() is None


def test_a_halt_that_is_called_again_keeps_its_first_reason(ledger: Ledger) -> None:
    assert ledger.halts.call_halt(HALT) == HALT
    assert ledger.halts.call_halt(replace(HALT, who="grace", why="me too")) == HALT
    assert ledger.halts.halt() == HALT
    ledger.halts.set_halt(None)
    again = replace(HALT, who="grace")
    assert ledger.halts.call_halt(again) == again


def test_a_halt_of_an_operator_replaces_any_other(ledger: Ledger) -> None:
    ledger.halts.call_halt(HALT)
    ledger.halts.set_halt(replace(HALT, why="found the cause"))
    assert ledger.halts.halt() == replace(HALT, why="found the cause")


def test_resume_does_not_end_a_halt_that_was_called_meanwhile(ledger: Ledger) -> None:
    other = replace(HALT, who="grace", why="the next incident")
    assert not ledger.halts.set_halt(None, in_place_of=HALT)
    ledger.halts.set_halt(other)
    assert not ledger.halts.set_halt(None, in_place_of=HALT)
    assert ledger.halts.halt() == other
    assert ledger.halts.set_halt(None, in_place_of=other)
    assert ledger.halts.halt() is None
    assert not ledger.halts.set_halt(None, in_place_of=other)
