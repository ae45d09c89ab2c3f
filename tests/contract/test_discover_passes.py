"""The DiscoverPasses port stores, for each pass, its position, and the time until which it has found all jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.schedule import DiscoverPass, PassPosition
from tests.builders import BEGIN

FIRST, SECOND = DiscoverPass
POSITIONS = {
    "at its beginning": PassPosition(upto=BEGIN),
    "behind an empty page": PassPosition(upto=BEGIN, token="t" * 8192),
    "within a page": PassPosition(upto=BEGIN, token="t", created_at=BEGIN - timedelta(milliseconds=1), names=("bert", "gpt")),
}


@pytest.mark.parametrize("where", POSITIONS)
def test_a_position_is_kept_as_it_is(ledger: Ledger, where: str) -> None:
    assert ledger.passes.position(FIRST) is None
    ledger.passes.note_position(FIRST, POSITIONS[where])
    assert ledger.passes.position(FIRST) == POSITIONS[where]


def test_a_new_position_takes_the_place_of_the_former(ledger: Ledger) -> None:
    ledger.passes.note_position(FIRST, POSITIONS["within a page"])
    ledger.passes.note_position(FIRST, POSITIONS["at its beginning"])
    assert ledger.passes.position(FIRST) == POSITIONS["at its beginning"]


def test_a_position_is_of_one_pass_and_moves_no_time(ledger: Ledger) -> None:
    ledger.passes.note_position(FIRST, POSITIONS["within a page"])
    assert ledger.passes.position(SECOND) is None
    assert [ledger.passes.passed_until(which) for which in DiscoverPass] == [None, None]
    ledger.passes.note_passed(FIRST, BEGIN)
    assert ledger.passes.position(FIRST) == POSITIONS["within a page"]
