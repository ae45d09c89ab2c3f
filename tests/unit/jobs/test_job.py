"""What a job's name says of its family."""

from __future__ import annotations

import pytest

from controller.jobs.job import family_of


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


@pytest.mark.parametrize("part", [".1", "-1", "-123456", "-abcde1", "-2026-11-16", "-1...", ".", "-"])
@pytest.mark.parametrize("length", [128, 1_000_000])
def test_a_name_of_many_numbers_in_a_document_is_read_at_once(part: str, length: int) -> None:
    """With backtracking this takes longer than anybody waits."""
    name = ("a" + part * length)[: length - 2] + " x"
    assert family_of(name) == name
