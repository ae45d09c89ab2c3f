"""What a job's description shows is recorded; its prefix and quota are held until it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.decide.observe import observe, scan_reason
from controller.decide.wakeups import schedule_wakeups
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Interval, Outcome, Service
from controller.ledger.entry import CheckpointScanned, Interrupted, Repeated, Started
from controller.ledger.intent import Intent, IntentResult, Submit
from tests.builders import BEGIN, ended, facts, job

MINUTE = timedelta(minutes=1)


def test_a_live_on_demand_job_holds_its_part_of_the_quota_until_its_end() -> None:
    running = job(spot=False, instance_count=3)
    [hold] = observe(facts(running)).holds
    assert (hold.region, hold.instance_type, hold.instances) == ("us-east-1", "ml.g5.2xlarge", 3)
    assert observe(facts(ended(running, Outcome.COMPLETED))).freed == (hold,)
    assert observe(facts(replace(running, spot=True))).holds == ()


def test_sagemaker_s_own_repetition_is_recorded_once_and_its_prefix_is_scanned() -> None:
    at = BEGIN + timedelta(minutes=40)
    repeated = job(repeated_at=(at,))
    seen = CheckpointScan(uri="s3://checkpoints/bert/", scanned_at=at, objects=1, bytes_seen=1, newest_at=at, complete=True)
    entries = observe(replace(facts(repeated, now=at + 2 * MINUTE), checkpoint_scan=seen)).entries
    assert [e for e in entries if isinstance(e, Repeated)] == [Repeated(job="bert", at=at, team="vision")]
    assert [e.occasion for e in entries if isinstance(e, CheckpointScanned)] == [f"repeated/{at.isoformat()}"]


def test_the_last_interruption_or_restart_is_the_reason_for_the_scan() -> None:
    first, last = BEGIN + timedelta(minutes=40), BEGIN + timedelta(minutes=90)
    now = last + 2 * MINUTE
    assert scan_reason(facts(job(repeated_at=(first,), interrupted_at=(last,)), now=now)) == f"interrupted/{last.isoformat()}"
    assert scan_reason(facts(job(repeated_at=(last,), interrupted_at=(first,)), now=now)) == f"repeated/{last.isoformat()}"


def test_an_interrupted_job_is_looked_at_once_its_container_can_write_no_more() -> None:
    cut = BEGIN + timedelta(minutes=90)
    waits = job(intervals=(Interval(start=BEGIN, end=cut),), interrupted_at=(cut,))
    again = replace(waits, intervals=(*waits.intervals, Interval(start=cut + MINUTE, end=None)))
    wanted = f"interrupted/{cut.isoformat()}"
    assert [scan_reason(facts(waits, now=cut + timedelta(seconds=s))) for s in (1, 119, 120)] == [None, None, wanted]
    assert scan_reason(facts(again, now=cut + MINUTE)) == wanted
    assert scan_reason(facts(ended(waits, ended_at=cut + MINUTE), now=cut + MINUTE)) == "ended"
    moments = {i.due_at for i in schedule_wakeups(facts(waits, now=cut + timedelta(seconds=1))).intents}
    assert cut + 2 * MINUTE in moments


def test_the_start_has_what_later_attempts_are_compared_with() -> None:
    shown = job(role="arn:aws:iam::111122223333:role/Train", identity="1:abc")
    [started] = [e for e in observe(facts(shown)).entries if isinstance(e, Started)]
    assert (started.role, started.identity) == (shown.role, "1:abc")


def test_the_work_of_a_job_is_known_while_it_lives_and_after_its_end() -> None:
    running = facts(job())
    assert observe(running).works == (running.work,)
    over = facts(ended(job(), Outcome.COMPLETED))
    assert observe(over).works == (over.work,)


def test_each_interruption_is_recorded_with_its_job_and_its_pool() -> None:
    at = BEGIN + timedelta(hours=1)
    entries = observe(facts(job(interrupted_at=(at,)), now=at)).entries
    assert [e for e in entries if isinstance(e, Interrupted)] == [
        Interrupted(job="bert", at=at, team="vision", instance_type="ml.g5.2xlarge", region="us-east-1")
    ]


def test_a_prefix_is_scanned_for_the_newest_attempt_that_has_one_and_that_no_service_owns() -> None:
    over = facts(ended(job()))
    assert scan_reason(over) == "ended"
    assert scan_reason(facts(ended(job(checkpoint_uri=None)))) is None
    assert scan_reason(replace(over, job=replace(over.job, service=Service.TUNING))) is None
    later = Intent(
        action=Submit(about="bert", job="bert-r02", number=2, cause="starved"), due_at=BEGIN, claim=1, closed=IntentResult.DONE
    )
    assert scan_reason(replace(over, lineage=replace(over.lineage, intents=(later,)))) is None
