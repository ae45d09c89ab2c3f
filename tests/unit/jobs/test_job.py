"""A job's family comes from its name, its team from its role or its tag."""

from __future__ import annotations

import pytest

from controller.jobs.job import family_of
from tests.builders import job


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("train-bert-2026-11-16-08-00-00-123", "train-bert"),
        ("train-bert-017", "train-bert"),
        ("train-bert-r02", "train-bert"),
        ("bert-1a2b3c4d-r02g2", "bert-1a2b3c4d-r02g2"),
        ("bert-v1.2.3", "bert-v1"),
        ("bert-1.2.3", "bert"),
        ("bert-abcdef", "bert-abcdef"),
        ("bert-abcde1-2", "bert"),
        ("-1-2", "-1-2"),
    ],
)
def test_runs_of_one_kind_share_the_name_without_numbers_dates_and_hashes(name: str, family: str) -> None:
    assert family_of(name) == family


@pytest.mark.parametrize("tag", ["vision", "Vision", "VISION ", "vi-sion", "\uff56\uff49\uff53\uff49\uff4f\uff4e"])
def test_a_tag_that_looks_like_the_team_of_other_roles_does_not_count(tag: str) -> None:
    stranger = job(tags={"team": tag}, role="arn:aws:iam::1:role/other").paid_by({"*/acme-vision": "vision"})
    assert (stranger.team, stranger.claimed_team) == (None, tag)


@pytest.mark.parametrize("tag", ["speech", "visions", ""])
def test_a_tag_that_names_no_team_of_other_roles_is_the_team_of_the_job(tag: str) -> None:
    stranger = job(tags={"team": tag}, role="arn:aws:iam::1:role/other").paid_by({"*/acme-vision": "vision"})
    assert (stranger.team, stranger.claimed_team) == (tag, None)


@pytest.mark.parametrize("part", [".1", "-1", "-123456", "-abcde1", "-2026-11-16", "-1...", ".", "-"])
@pytest.mark.parametrize("length", [128, 1_000_000])
def test_the_family_of_a_name_with_many_numbers_is_found_quickly(part: str, length: int) -> None:
    """With backtracking, the pattern would take exponential time."""
    name = ("a" + part * length)[: length - 2] + " x"
    assert family_of(name) == name
