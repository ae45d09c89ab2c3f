"""A rule is rolled out to a share of the lineages, from a day on, and with a guard that no team alone can trigger."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.policy.rollout import HeldBack, Rollout, SurpriseGuard, position_of

AT = datetime(2026, 12, 1, tzinfo=UTC)
LINEAGES = [f"111122223333/us-east-1/job-{n}/2026-11-16T08:00:00" for n in range(2000)]


def inside(share: float) -> set[str]:
    return {lineage for lineage in LINEAGES if Rollout(share=share).held_back(lineage, AT) is None}


def test_a_share_selects_this_part_of_the_lineages_and_a_larger_share_includes_a_smaller_one() -> None:
    tenth, fifth = inside(0.1), inside(0.2)
    assert 150 < len(tenth) < 250
    assert tenth < fifth
    assert (inside(1.0), inside(0.0)) == (set(LINEAGES), set())


@given(st.text())
def test_the_position_of_a_lineage_is_from_0_to_1(lineage: str) -> None:
    assert 0 <= position_of(lineage) < 1


def test_the_position_of_a_lineage_is_the_same_in_every_process_and_version() -> None:
    assert [round(position_of(lineage), 9) for lineage in ("bert", "")] == [0.197639244, 0.889415995]


def test_a_rule_enforces_from_its_day_on() -> None:
    rollout = Rollout(enforce_from=date(2026, 12, 1))
    assert rollout.held_back("x", datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)) is HeldBack.DATE
    assert rollout.held_back("x", AT) is None


LAST_DAY = {"vision": 40, "speech": 30, "ads": 20, "": 10}


@pytest.mark.parametrize(
    ("guard", "acted", "surprised"),
    [
        (SurpriseGuard(jobs=20), {"vision": 20}, False),
        (SurpriseGuard(jobs=20), {"vision": 21}, True),
        (SurpriseGuard(jobs=20), {"vision": 10, "speech": 11}, True),
        (SurpriseGuard(jobs=30), {"ads": 500}, False),  # ads counts as 20 jobs, as on the last day
        (SurpriseGuard(jobs=30), {"": 500}, False),
        (SurpriseGuard(jobs=30), {f"made-up-{n}": 1 for n in range(500)}, False),  # unknown teams count as one team
        (SurpriseGuard(jobs=30), {"ads": 500, "": 500}, True),
        (SurpriseGuard(percent=25), {"vision": 25}, False),
        (SurpriseGuard(percent=25), {"vision": 26}, True),
        (SurpriseGuard(jobs=5, percent=25), {"vision": 6}, True),  # the smaller limit applies
        (SurpriseGuard(percent=50), {"vision": 1, "speech": 1, "ads": 1}, True),  # three of four teams
        (SurpriseGuard(percent=1), {"vision": 2}, False),  # fewer than three jobs are never a surprise
        (SurpriseGuard(percent=1), {"vision": 3}, True),
    ],
)
def test_a_surprise_is_more_jobs_or_teams_than_expected_and_not_a_flood_of_one_team(
    guard: SurpriseGuard, acted: dict[str, int], surprised: bool
) -> None:
    assert guard.surprised(acted, LAST_DAY) is surprised


@pytest.mark.parametrize("guard", [SurpriseGuard(jobs=20), SurpriseGuard(percent=25), SurpriseGuard(jobs=20, percent=25)])
def test_after_a_day_with_few_jobs_a_rule_that_acts_on_all_jobs_is_a_surprise(guard: SurpriseGuard) -> None:
    """A Sunday does not show the teams of a Monday, so all jobs count."""
    assert guard.surprised({f"team-{number}": 5 for number in range(20)}, {"operations": 2})
    assert not guard.surprised({"vision": 2}, {"operations": 2})


@pytest.mark.parametrize("last_day", [None, {}])
def test_a_percentage_of_a_day_without_jobs_still_limits_a_rule(last_day: dict[str, int] | None) -> None:
    assert SurpriseGuard(jobs=20).surprised({"a": 21}, last_day)
    assert not SurpriseGuard(jobs=20).surprised({"a": 20}, last_day)
    assert SurpriseGuard(percent=10).surprised({"a": 3}, last_day)
    assert SurpriseGuard(jobs=20, percent=10).surprised({"a": 3}, last_day)
    assert not SurpriseGuard(percent=10).surprised({"a": 2}, last_day)


@given(st.dictionaries(st.sampled_from([*LAST_DAY, "other"]), st.integers(0, 200)), st.sampled_from([*LAST_DAY, "other"]))
def test_one_more_job_never_ends_a_surprise(acted: dict[str, int], team: str) -> None:
    guard = SurpriseGuard(jobs=30, percent=40)
    more = {**acted, team: acted.get(team, 0) + 1}
    assert guard.surprised(more, LAST_DAY) or not guard.surprised(acted, LAST_DAY)
