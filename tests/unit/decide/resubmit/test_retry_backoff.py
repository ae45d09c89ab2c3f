"""A retry waits longer each time, up to a limit."""

from __future__ import annotations

from dataclasses import replace

from controller.decide.resubmit.retry_backoff import jitter_share, retry_wait
from tests.builders import budget, lineage


def test_the_wait_grows_by_the_factor_up_to_the_limit() -> None:
    one = budget(first_s=300, factor=2, most_s=1000)
    assert [retry_wait(one, tried).total_seconds() for tried in range(4)] == [300, 600, 1000, 1000]


def test_the_jitter_is_added_to_the_wait_by_its_share() -> None:
    one = budget(first_s=300, factor=1, most_s=300, jitter=0.5)
    assert [retry_wait(one, 0, share).total_seconds() for share in (0, 0.5, 1)] == [300, 375, 450]


def test_an_attempt_has_the_same_share_each_time_and_others_have_another() -> None:
    one = lineage().id
    shares = {jitter_share(one, 2), jitter_share(one, 2), jitter_share(one, 3), jitter_share(replace(one, root="gpt"), 2)}
    assert len(shares) == 3
    assert all(0 <= share <= 1 for share in shares)
