"""Directive tags are read as values within bounds or as problems; they never raise an exception."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.directives import DEADLINE_TAG, RUNTIME_TAG, Directives, directives_of
from tests.builders import BEGIN

YEAR = timedelta(days=366)


def read(deadline: str | None = None, runtime: str | None = None) -> Directives:
    said = {DEADLINE_TAG: deadline, RUNTIME_TAG: runtime, "team": "vision"}
    return directives_of({key: value for key, value in said.items() if value is not None}, created_at=BEGIN)


def test_a_deadline_is_aware_and_in_utc() -> None:
    asked = read("2026-03-02T18:00:00+01:00")
    assert asked == Directives(deadline=datetime(2026, 3, 2, 17, tzinfo=UTC))
    assert asked.deadline is not None
    assert asked.deadline.tzinfo is UTC


@pytest.mark.parametrize(
    ("runtime", "expected_s"), [("1", 1), ("90s", 90), ("90m", 5400), ("5h", 18_000), ("28d", 2_419_200), ("2419200", 2_419_200)]
)
def test_a_runtime_is_from_one_second_to_28_days(runtime: str, expected_s: int) -> None:
    assert read(runtime=runtime) == Directives(expected_s=expected_s)


@pytest.mark.parametrize("runtime", ["2419201", "29d", "999999999d", "0", "0h", "-1", "1.5h", "1e3", "9" * 250, "", " 5", "٥h"])
def test_a_runtime_out_of_bounds_is_a_problem(runtime: str) -> None:
    asked = read(runtime=runtime)
    assert asked.expected_s is None
    assert [problem.tag for problem in asked.problems] == [RUNTIME_TAG]


@pytest.mark.parametrize(
    "deadline",
    [
        "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-03-02T15:00:00", "tomorrow", "",
        "2026-03-02T09:00:00Z", "2027-03-03T09:00:01Z", "2026-13-01T00:00:00Z", "1772442000",
    ],
)  # fmt: skip
def test_a_deadline_out_of_bounds_is_a_problem(deadline: str) -> None:
    asked = read(deadline)
    assert asked.deadline is None
    assert [problem.tag for problem in asked.problems] == [DEADLINE_TAG]


def test_a_deadline_is_at_most_366_days_ahead() -> None:
    assert read((BEGIN + YEAR).isoformat()).deadline == BEGIN + YEAR


def test_both_tags_have_their_own_problem() -> None:
    assert [str(problem) for problem in read("soon", "0").problems] == [
        "tag spotwarden:deadline: found 'soon', wanted an ISO 8601 time such as 2026-11-20T18:00:00+01:00",
        "tag spotwarden:expected-runtime: found '0', wanted a duration above zero, such as 5400, 90m or 5h",
    ]


def test_without_a_creation_time_only_the_form_is_checked() -> None:
    assert not directives_of({DEADLINE_TAG: "2020-01-01T00:00:00Z"}, created_at=None).problems
    assert directives_of({DEADLINE_TAG: "9999-12-31T23:59:59-14:00"}, created_at=None).problems


zones = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
)
moments = st.builds(lambda at, zone: f"{at.isoformat()}{zone}", st.datetimes(), zones)
spans = st.builds(lambda number, unit: f"{number}{unit}", st.integers(-1, 10**12), st.sampled_from(["", "s", "m", "h", "d", "w"]))


@given(st.one_of(moments, st.text(max_size=256)), st.one_of(spans, st.text(max_size=256)))
def test_whatever_tags_say_the_values_are_in_bounds_or_a_short_problem(deadline: str, runtime: str) -> None:
    asked = read(deadline, runtime)
    assert asked.deadline is None or BEGIN < asked.deadline <= BEGIN + YEAR
    assert asked.expected_s is None or 1 <= asked.expected_s <= 2_419_200
    assert len(asked.problems) == (asked.deadline is None) + (asked.expected_s is None)
    assert all(len(problem.found) <= 60 for problem in asked.problems)
