"""The message about a move says where the next attempt begins, and what training the move loses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from controller.decide.deadline.stop_to_move import moving
from controller.decide.facts import Facts
from controller.jobs.job import Interval
from controller.ledger.entry import CheckpointScanned
from controller.ledger.messages.kind import MoveReason
from controller.notifications.messages.catalogue import describe
from tests.builders import BEGIN, facts, job, lineage

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
URI = "s3://checkpoints/bert/"
SCANNED = CheckpointScanned(
    job="bert", at=BEGIN + HOUR, team=None, occasion="first", uri=URI, objects=1, bytes_seen=1, newest_at=BEGIN + HOUR / 2,
    complete=True, proven_s=0, at_risk_s=0, problem=None,
)  # fmt: skip


def moved(newest_at: datetime | None, *intervals: Interval) -> Facts:
    """A job whose prefix was scanned, an hour after its creation."""
    scanned = replace(SCANNED, newest_at=newest_at, objects=1 if newest_at else 0)
    return facts(job(checkpoint_uri=URI, intervals=intervals), now=BEGIN + HOUR, lineage=lineage(entries=(scanned,)))


LONG, RESTARTED, CUT = (
    Interval(start=BEGIN + 3 * MINUTE, end=None),
    Interval(start=BEGIN + 50 * MINUTE, end=None),
    Interval(start=BEGIN, end=BEGIN + 40 * MINUTE),
)


@pytest.mark.parametrize(
    ("newest_min", "intervals", "since_min"),
    [(30, (LONG,), 30), (30, (CUT, RESTARTED), 10), (30, (CUT,), 0), (70, (LONG,), 0)],
    ids=["it trains on", "it began again later", "it waits", "a file that is newer than now"],
)
def test_what_a_move_loses_is_the_training_since_the_newest_checkpoint(
    newest_min: int, intervals: tuple[Interval, ...], since_min: int
) -> None:
    message = moving(moved(BEGIN + newest_min * MINUTE, *intervals), MoveReason.LATEST_MOMENT, "on-demand")
    assert message.since_s == since_min * 60
    told = "\n".join(line for line in describe(message).lines if line)
    assert "It continues from the checkpoint in" in told
    assert (f"At most {since_min} min of training are lost." in told) is (since_min > 0)


def test_of_a_prefix_that_is_known_to_be_empty_no_checkpoint_is_promised() -> None:
    message = moving(moved(None, LONG), MoveReason.LATEST_MOMENT, "on-demand")
    assert (message.checkpoint, message.since_s) == (None, None)
    told = "\n".join(line for line in describe(message).lines if line)
    assert "No checkpoint was seen: 57 min of training are lost, and the job starts from the beginning." in told
