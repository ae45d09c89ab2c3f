"""Charts have round ticks, labels beside the data and one row of legend, but no rotated text and no script."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.notifications.report_formats.charts import LABELS_MOST, amount, bars, lines, ticks

MONTH = [f"{n} Oct" for n in range(1, 32)]
TEAMS = ["vision", "a-team-with-a-very-long-name", "<script>x()</script>"]


def month() -> str:
    return str(lines(MONTH, [("Saved", [float(n) for n in range(31)]), ("Spent", [float(60 - n) for n in range(31)])]))


def teams() -> str:
    return str(bars(TEAMS, [("Saved", [3.0, -1.0, 0.0]), ("Spent", [5.0, 250.0, 1.0]), ("Wasted", [0.0, 0.5, 0.0])]))


@pytest.mark.parametrize("drawn", [month(), teams()], ids=["lines", "bars"])
def test_a_chart_has_no_script_no_rotated_text_and_loads_nothing(drawn: str) -> None:
    assert "<script" not in drawn
    assert "rotate(" not in drawn
    assert not re.search(r"(src|href)=.(https?:)?//", re.sub(r'xmlns(:xlink)?="[^"]*"', "", drawn))


def test_the_days_of_a_month_do_not_overlap() -> None:
    shown = re.findall(r">(\d+ Oct)</text>", month())
    assert shown[0] == "1 Oct"
    assert 4 <= len(shown) <= LABELS_MOST


def test_the_last_amount_of_a_line_stands_at_its_end() -> None:
    assert ">$30</text>" in month()
    assert month().count('class="legend') <= 3


def test_each_bar_has_its_amount_and_long_names_are_cut() -> None:
    drawn = teams()
    assert all(f">{text}</text>" in drawn for text in ("$3", "-$1", "$250", "$0.50"))
    assert "a-team-with-a…" in drawn


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_ticks_are_few_round_and_contain_the_range_and_zero(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    found = ticks(low, high)
    assert 2 <= len(found) <= 8
    assert found[0] <= min(low, 0) + 1e-5
    assert found[-1] >= max(high, 0) - 1e-5
    assert any(abs(tick) < 1e-5 for tick in found)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 4, [0, 1, 2, 3, 4]),
        (0, 4.1, [0, 2, 4, 6]),
        (0, 8, [0, 2, 4, 6, 8]),
        (0, 10, [0, 2.5, 5, 7.5, 10]),
        (0, 20, [0, 5, 10, 15, 20]),
        (0, 21, [0, 10, 20, 30]),
        (-3, 1, [-3, -2, -1, 0, 1]),
        (5, 40, [0, 10, 20, 30, 40]),
        (-40, -5, [-40, -30, -20, -10, 0]),
        (0, 0.000004, [0, 0.000001, 0.000002, 0.000003, 0.000004]),
        (0, 0.0000009, [0, 1]),
        (0, 0, [0, 1]),
    ],
)
def test_the_step_of_the_ticks_is_the_smallest_of_one_two_two_and_a_half_and_five_that_needs_four(
    low: float, high: float, wanted: list[float]
) -> None:
    assert ticks(low, high) == wanted


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "$0"), (3.5, "$3.50"), (-12.0, "-$12"), (1234.56, "$1,235"), (-0.42, "-$0.42")]
)
def test_amounts_are_short(value: float, text: str) -> None:
    assert amount(value) == text


def test_an_amount_below_zero_stands_on_the_other_side_of_its_bar() -> None:
    assert set(re.findall(r'class="value below">([^<]+)<', teams())) == {"-$1"}
    assert 'class="value">-' not in teams()
    page = (files("controller") / "data" / "report.html").read_text("utf-8")
    assert "text.value.below { text-anchor: end" in page


def test_the_printed_page_has_the_jobs_behind_the_figures_and_one_size_of_text_in_tables() -> None:
    page = (files("controller") / "data" / "report.html").read_text("utf-8")
    print_rules = page.partition("@media print {")[2].partition("</style>")[0]
    assert "details.jobs::details-content { display: block; content-visibility: visible; }" in print_rules
    assert "th, td, thead th { padding: .25rem .35rem; font-size: 8.5pt; }" in print_rules
    assert not re.search(r"^  details \{ display: none", print_rules, re.MULTILINE)
