"""No decision waits long for an S3 that does not answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from controller.decide import decide
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval, Outcome
from controller.ledger.entry import Ended
from controller.ledger.intent import Submit
from controller.runtime.gather.checkpoint_scans import SCAN_WAIT_MAX, scan_or_go_on
from controller.runtime.ports.answers import Unreachable
from tests.builders import BEGIN, attempt, ended, facts, job, lineage
from tests.unit.decide.deciding import HOUR, actions

MINUTE = timedelta(minutes=1)
URI = "s3://checkpoints/bert/"


def silent() -> Any:
    def scan(uri: str, **_: object) -> CheckpointScan:
        raise Unreachable(f"ListObjectsV2 {uri}: 503")

    return SimpleNamespace(checkpoints=SimpleNamespace(scan=scan))


def test_an_end_waits_a_quarter_of_an_hour_for_s3_and_then_the_job_goes_on() -> None:
    over = ended(attempt(1), Outcome.STARVED)
    assert over.ended_at is not None
    early = facts(over, now=over.ended_at + SCAN_WAIT_MAX - MINUTE, lineage=lineage())
    with pytest.raises(Unreachable):
        scan_or_go_on(early, URI, silent())
    late = replace(early, now=over.ended_at + SCAN_WAIT_MAX)
    found = scan_or_go_on(late, URI, silent())
    assert found is not None
    assert (found.problem, found.complete, found.newest_at) == ("S3 does not answer", False, None)
    decision = decide(replace(late, checkpoint_scan=found))
    assert [e for e in decision.entries if isinstance(e, Ended)]
    assert actions(replace(late, checkpoint_scan=found), Submit)


def test_a_running_job_is_judged_without_an_answer_of_s3() -> None:
    running = job(intervals=(Interval(start=BEGIN, end=None),), checkpoint_uri=URI)
    assert scan_or_go_on(facts(running, now=BEGIN + 2 * HOUR, lineage=lineage()), URI, silent()) is None


def test_an_interruption_waits_for_s3_too() -> None:
    broken = job(intervals=(Interval(start=BEGIN, end=BEGIN + HOUR),), interrupted_at=(BEGIN + HOUR,), checkpoint_uri=URI)
    assert scan_or_go_on(facts(broken, now=BEGIN + HOUR + MINUTE, lineage=lineage()), URI, silent()) is None  # not due yet
    with pytest.raises(Unreachable):
        scan_or_go_on(facts(broken, now=BEGIN + HOUR + 2 * MINUTE, lineage=lineage()), URI, silent())
    assert scan_or_go_on(facts(broken, now=BEGIN + 2 * HOUR, lineage=lineage()), URI, silent()) is None
