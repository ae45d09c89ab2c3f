"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from controller.units.plural import count, times


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "job", "0 jobs"), (1, "job", "1 job"), (2, "job", "2 jobs"), (1_000, "job", "1,000 jobs"), (1, "try", "1 try"),
        (2, "try", "2 tries"), (2, "policy", "2 policies"), (2, "day", "2 days"), (2, "batch", "2 batches"),
        (1, "repeated line", "1 repeated line"), (3, "repeated line", "3 repeated lines"),
    ],
)  # fmt: skip
def test_a_noun_agrees_with_its_number(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text


def test_how_often_is_once_or_a_number_of_times() -> None:
    assert [times(number) for number in (1, 2, 1_200)] == ["once", "2 times", "1,200 times"]
