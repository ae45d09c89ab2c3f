"""A pattern for numbers matches exactly those in its range."""

from __future__ import annotations

import re

import pytest

from controller.policy.bounds import DAY_S, HOUR_TO_YEAR, SECONDS, SECONDS_OR_ZERO, Between
from controller.policyfile.number_patterns import any_case, durations, whole_numbers
from controller.units.duration import SECONDS_OF


@pytest.mark.parametrize(
    ("least", "most"), [(0, 0), (0, 9), (1, 10), (7, 7), (5, 123), (99, 100), (60, 525_600), (3_599, 4_001), (190, 210), (1, 672)]
)
def test_a_pattern_matches_the_numbers_from_the_least_to_the_most(least: int, most: int) -> None:
    pattern = re.compile(f"({whole_numbers(least, most)})")
    near = {*range(1_200), *range(max(0, least - 15), least + 15), *range(max(0, most - 15), most + 15), 10 * most, 10 * least}
    assert [n for n in sorted(near) if pattern.fullmatch(str(n))] == [n for n in sorted(near) if least <= n <= most]


@pytest.mark.parametrize("bound", [SECONDS, SECONDS_OR_ZERO, HOUR_TO_YEAR, Between(90, 7 * DAY_S)])
def test_a_pattern_matches_the_durations_within_the_bounds_in_every_unit(bound: Between) -> None:
    pattern = re.compile(durations(int(bound.least), int(bound.most)))
    for unit, one_s in SECONDS_OF.items():
        for limit_s in (bound.least, bound.most):
            for number in (int(limit_s) // one_s + more for more in (-1, 0, 1, 2)):
                if number >= 0:
                    assert bool(pattern.match(f"{number}{unit}")) is bound.holds(number * one_s), f"{number}{unit}"


@pytest.mark.parametrize("text", ["", "h", "1", "1 h", "1w", "1H", "-1h", "1.5h", "1h30m", "0000000001h"])
def test_other_texts_are_not_durations(text: str) -> None:
    assert re.search(durations(1, DAY_S), text) is None


def test_a_duration_may_have_leading_zeros_up_to_nine_digits() -> None:
    assert re.search(durations(1, DAY_S), "000000024h")


def test_a_word_matches_in_any_case() -> None:
    assert re.fullmatch(any_case("use1"), "UsE1")
    assert re.fullmatch(any_case("use1"), "use2") is None
