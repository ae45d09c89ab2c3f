"""A duration is ASCII digits and one unit, and has an upper bound."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from controller.units.duration import BadDuration, seconds, span


@pytest.mark.parametrize(("text", "length_s"), [("0s", 0), ("90s", 90), ("15m", 900), ("48h", 172_800), ("365d", 31_536_000)])
def test_a_duration_is_read_as_seconds(text: str, length_s: int) -> None:
    assert seconds(text) == length_s


@pytest.mark.parametrize("text", ["", "h", "60", "1.5h", "48 h", " 1h", "1h\n", "-5m", "2w", "1h30m", "٣h", "1234567890s"])
def test_any_other_text_is_refused_with_what_was_found_and_wanted(text: str) -> None:
    with pytest.raises(ValueError, match="wanted a duration such as 90s, 15m, 48h or 7d") as refused:
        seconds(text)
    assert str(refused.value).startswith(f"found {text!r}, wanted ")


@example(366, "d")
@example(31_536_001, "s")
@given(st.integers(1, 999_999_999), st.sampled_from("smhd"))
def test_no_duration_is_longer_than_a_year(number: int, unit: str) -> None:
    try:
        assert number <= seconds(f"{number}{unit}") <= 31_536_000
    except BadDuration:
        assert number > 365


@pytest.mark.parametrize(
    ("length_s", "text"),
    [
        (0, "0 s"), (45.9, "45 s"), (119, "119 s"), (120, "2 min"), (1860, "31 min"), (3599, "59 min"), (3600, "1 h"),
        (3661, "61 min"), (7199, "119 min"), (7200, "2 h"), (7500, "2 h 5 min"), (172_799, "47 h 59 min"), (172_800, "2 d"),
        (252_000, "2 d 22 h"),
    ],
)  # fmt: skip
def test_a_duration_is_told_in_whole_units(length_s: float, text: str) -> None:
    assert span(length_s) == text
