"""A digest names the three jobs that lost the most and the three that saved the most, with reasons and advice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from controller.notifications.mrkdwn import unmarked
from controller.notifications.parts import Text
from controller.notifications.top_jobs import movers
from controller.savings.report import report_of
from controller.savings.rollup import Mover

DAY = date(2026, 3, 2)
EMPTY = report_of({}, DAY, DAY.replace(day=3))
CENT = 10_000
PLAIN = Mover("vision", "bert", "ml.g5.xlarge", "us-east-1", True, 0, 0, 0, True)


def lines(*found: Mover) -> list[str]:
    """The lines about jobs in a digest, without the heading."""
    parts = list(movers(replace(EMPTY, movers=found)))
    assert all(isinstance(part, Text) for part in parts)
    told = "\n".join(unmarked(part.mrkdwn) for part in parts if isinstance(part, Text))
    head, *rest = told.split("\n")
    assert head == ("Jobs with the largest losses and savings" if rest else "")
    return [line.removeprefix("• ").replace(" (vision)", "", 1) for line in rest]


def lost(job: str, saved: int = 0, wasted: int = 0) -> Mover:
    return PLAIN._replace(job=job, saved_micros=saved * CENT, wasted_micros=wasted * CENT, interruptions=1)


def test_the_three_that_lost_the_most_come_first_by_what_they_cost_more_or_wasted() -> None:
    found = (lost("a", wasted=1), lost("b", saved=-4), lost("c", saved=9, wasted=3), lost("d", wasted=2), lost("e", -1, 5))
    assert [line.split()[0] for line in lines(*found)] == ["e", "b", "c"]


def test_of_jobs_that_lost_the_same_the_first_by_name_comes_first() -> None:
    assert [line.split()[0] for line in lines(lost("b", wasted=1), lost("a", saved=-1))] == ["a", "b"]


def test_the_first_three_that_saved_follow_and_none_is_named_twice() -> None:
    saved = tuple(lost(name, saved=cents) for name, cents in (("a", 4), ("b", 3), ("c", 2), ("d", 1)))
    assert lines(*saved) == ["a saved $0.04", "b saved $0.03", "c saved $0.02"]
    both = lost("a", saved=4, wasted=1)
    assert [line.split()[0] for line in lines(both, *saved[1:])] == ["a", "b", "c"]


def test_without_jobs_that_saved_or_lost_there_is_no_text() -> None:
    assert lines() == []
    assert lines(PLAIN) == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"saved_micros": -3 * CENT, "wasted_micros": CENT, "interruptions": 2},
            "cost $0.03 more than on-demand: interrupted 2 times. Save checkpoints more",
        ),
        (
            {"saved_micros": -3 * CENT, "spot": False, "wasted_micros": CENT},
            "wasted $0.01: it ended without a model. Open the job to see why.",
        ),
        (
            {"wasted_micros": CENT},
            "wasted $0.01: it ended without a model. Open the job to see why. If it wrote a checkpoint",
        ),
        ({"saved_micros": -CENT, "wasted_micros": CENT}, "wasted $0.01: it ended without a model. Open the job to see why."),
        (
            {"saved_micros": -CENT},
            "cost $0.01 more than on-demand: its billed hours cost more than on-demand hours of the first attempt's instances.",
        ),
        (
            {"saved_micros": -CENT, "spot": False},
            "cost $0.01 more than on the first attempt's instances. Check the instance types that it may use.",
        ),
        ({"wasted_micros": CENT, "checkpoint": False}, "wasted $0.01: it ended without a model. Add a CheckpointConfig."),
        ({"wasted_micros": CENT, "interruptions": 1}, "wasted $0.01: interrupted once. Save checkpoints more often."),
        (
            {"wasted_micros": CENT, "interruptions": 1, "checkpoint": False},
            "wasted $0.01: interrupted once without a checkpoint. Add a CheckpointConfig.",
        ),
        (
            {"wasted_micros": CENT, "repeats": 2},
            "wasted $0.01: SageMaker repeated it 2 times after internal errors. Save checkpoints more often.",
        ),
        (
            {"wasted_micros": CENT, "repeats": 2, "checkpoint": False},
            "wasted $0.01: SageMaker repeated it 2 times after internal errors. Add a CheckpointConfig.",
        ),
        (
            {"wasted_micros": CENT, "repeats": 2, "interruptions": 1},
            "wasted $0.01: interrupted once. Save checkpoints more often.",
        ),
    ],
)
def test_a_job_that_lost_is_told_with_the_reason_and_what_to_do(changes: dict[str, int], text: str) -> None:
    [line] = lines(PLAIN._replace(**changes))
    assert line.startswith(f"bert {text}")


def test_a_digest_says_whose_job_each_mover_is() -> None:
    [part] = movers(replace(EMPTY, movers=(lost("a", wasted=1)._replace(team="<!here>"),)))
    assert isinstance(part, Text)
    assert "|a> (&lt;!here&gt;) wasted $0.01" in part.mrkdwn
