"""A lineage is closed once, with its last outcome, its work, its deadline, and an event on the account's bus."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.decide import decide
from controller.decide.close_lineage import close_lineage, event_of_deleted, work_s
from controller.jobs.job import Interval, Job, Outcome, Service
from controller.ledger.entry import CheckpointScanned, Ended, Finished, Measured
from controller.ledger.intent import Intent, IntentResult, Publish, Submit
from controller.ledger.lineage_id import LineageId
from controller.ledger.move_cause import MoveCause
from controller.policy.resubmission import DeadlineSettings
from tests.builders import BEGIN, attempt, block, ended, facts, job, lineage, policy, usage

HOUR = timedelta(hours=1)
DONE = ended(job(), Outcome.COMPLETED, usage=usage(3600, 1080), model_artifacts="s3://models/bert.tar.gz")


def event(of: Any) -> dict[str, Any]:
    [intent] = close_lineage(of).intents
    assert isinstance(intent.action, Publish)
    assert (intent.action.about, intent.action.detail_type) == (of.job.name, "Spotwarden Lineage Finished")
    assert intent.due_at == of.now
    found: dict[str, Any] = json.loads(intent.action.detail)
    return found


def test_a_finished_lineage_is_recorded() -> None:
    closed = close_lineage(facts(DONE, number=3))
    assert closed.entries == (
        Finished(
            job="bert", at=BEGIN + HOUR, team="vision", family="bert", outcome=Outcome.COMPLETED, attempts=3, spot=True,
            instance_type="ml.g5.2xlarge", region="us-east-1", work_s=57 * 60, deadline=None,
        ),
    )  # fmt: skip


def test_the_event_of_a_finished_lineage_says_what_it_cost() -> None:
    assert event(facts(DONE)) == {
        "lineage": str(LineageId.of(DONE)),
        "rootTrainingJobName": "bert",
        "trainingJobName": "bert",
        "trainingJobArn": DONE.arn,
        "ending": "completed",
        "modelArtifacts": "s3://models/bert.tar.gz",
        "attempts": 1,
        "spentUsd": "0.454500",
        "unmeasured": 0,
    }


def test_attempts_whose_price_or_usage_is_unknown_are_counted_apart_and_never_below_zero() -> None:
    assert event(facts(DONE, number=3))["unmeasured"] == 2
    assert event(facts(DONE, rate=None))["unmeasured"] == 1
    more = [
        Measured(job=name, at=BEGIN, team=None, training_s=1, billable_s=1, spot=True, instance_type="ml.g5.2xlarge",
                 instance_count=1, region="us-east-1", rate_micros_per_h=1, rate_as_of=None, rate_source=None)
        for name in ("a", "b")
    ]  # fmt: skip
    assert event(facts(DONE, lineage=lineage(LineageId.of(DONE), entries=more)))["unmeasured"] == 0


def test_a_job_without_its_model_shows_none() -> None:
    failed = ended(job(), Outcome.ALGORITHM, usage=usage(), model_artifacts="s3://models/bert.tar.gz")
    assert event(facts(failed))["modelArtifacts"] is None


def test_a_lineage_waits_fifteen_minutes_for_its_usage() -> None:
    unknown = replace(DONE, usage=None)
    assert not close_lineage(facts(unknown, now=BEGIN + HOUR + timedelta(minutes=15, microseconds=-1)))
    assert close_lineage(facts(unknown, now=BEGIN + HOUR + timedelta(minutes=15)))


def test_a_job_that_runs_that_is_owned_or_that_goes_on_is_not_closed() -> None:
    assert not close_lineage(facts(job()))
    assert not close_lineage(facts(replace(DONE, service=Service.TUNING)))
    assert not close_lineage(facts(ended(job(), usage=usage())))
    assert close_lineage(facts(ended(job(), usage=usage()), policy=policy(resubmissions=())))


def test_an_older_attempt_is_not_closed() -> None:
    submit = Submit(about="bert", job="bert-r02", number=2, cause=MoveCause.ASKED)
    newer = Intent(action=submit, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    assert not close_lineage(facts(DONE, lineage=lineage(LineageId.of(DONE), intents=(newer,))))


def test_the_deadline_is_recorded_and_one_that_cannot_be_read_leaves_the_policys() -> None:
    def deadline(of: Job, settings: DeadlineSettings | None = None) -> object:
        blocks = (block(deadline=settings or DeadlineSettings(finish_within_s=7200)),)
        [finished] = close_lineage(facts(of, policy=policy(resubmissions=blocks))).entries
        assert isinstance(finished, Finished)
        return finished.deadline

    assert deadline(DONE) == BEGIN + 2 * HOUR
    assert deadline(DONE, DeadlineSettings()) is None
    assert deadline(replace(DONE, tags={"spotwarden:deadline": "soon"})) == BEGIN + 2 * HOUR


def scan(of: str, **changes: Any) -> CheckpointScanned:
    plain = CheckpointScanned(
        job=of, at=BEGIN, team=None, occasion="ended", uri="s3://checkpoints/bert/", objects=1, bytes_seen=1, newest_at=BEGIN,
        complete=True, proven_s=100, at_risk_s=0, problem=None,
    )  # fmt: skip
    return replace(plain, **changes)


def test_the_work_of_a_model_includes_what_earlier_attempts_left_in_its_checkpoints() -> None:
    def work(*scans: CheckpointScanned, of: Job = DONE) -> int | None:
        return work_s(facts(of, lineage=lineage(LineageId.of(DONE), entries=scans)))

    own = 57 * 60
    assert work() == own
    assert work(scan("a"), scan("b", kept_s=30), scan("c", kept_s=0)) == own + 130
    assert work(scan("bert"), scan("a", occasion="first"), scan("a", uri="s3://checkpoints/other/")) == own
    assert work(of=replace(DONE, outcome=Outcome.STARVED)) is None
    assert work(of=replace(DONE, intervals=())) is None
    open_end = replace(DONE, intervals=(Interval(start=BEGIN + timedelta(minutes=50), end=None),))
    assert work(of=open_end) == 600


@pytest.mark.parametrize(("ended_at", "trained_s"), [(BEGIN + HOUR, 600), (None, 4200)])
def test_training_whose_end_is_not_shown_ends_with_the_job_or_now(ended_at: datetime | None, trained_s: int) -> None:
    open_end = (Interval(start=BEGIN + timedelta(minutes=50), end=None),)
    later = facts(DONE, job=replace(DONE, intervals=open_end, ended_at=ended_at), now=BEGIN + 2 * HOUR)
    assert work_s(later) == trained_s
    [finished] = close_lineage(later).entries
    assert finished.at == (ended_at or later.now)


def test_the_work_of_a_model_has_no_training_that_an_interruption_lost() -> None:
    """Two hours of work without a checkpoint, interrupted once after 1 h 43 min."""
    begin, cut, again = BEGIN, BEGIN + timedelta(seconds=6200), BEGIN + timedelta(seconds=7000)
    end = again + 2 * HOUR
    intervals = (Interval(start=begin, end=cut), Interval(start=again, end=end))
    done = replace(DONE, intervals=intervals, interrupted_at=(cut,), ended_at=end)

    def work(of: Job, *scans: CheckpointScanned) -> int | None:
        return work_s(facts(of, lineage=lineage(LineageId.of(DONE), entries=scans)))

    assert work(replace(done, checkpoint_uri=None)) == 7200
    seen = scan("bert", occasion="interrupted/1", at=cut + timedelta(seconds=120), newest_at=None)
    assert work(done, seen) == 7200
    early = replace(seen, at=cut + timedelta(seconds=60))
    assert work(done, early) == 7200 + 6200  # the container could still write
    assert work(done, replace(seen, newest_at=begin + HOUR)) == 7200 + 3600
    assert work(done, replace(seen, problem="AccessDenied")) == 7200 + 6200  # the scan failed, so the maximum counts
    assert work(done) == 7200 + 6200


@pytest.mark.parametrize(
    ("scan_of_a", "useful_s"),
    [
        ({"kept_s": 3000}, 3000),
        ({"kept_s": 0}, 0),
        ({"kept_s": 3000, "exact": False}, 18_000),  # what an interruption lost is not known, so the maximum counts
        ({"kept_s": 0, "exact": False, "problem": "AccessDenied"}, 18_000),  # the scan failed
        ({"kept_s": None, "proven_s": 100, "problem": "AccessDenied"}, 18_000),
        ({"uri": "s3://checkpoints/other/"}, 0),  # it wrote to another prefix, so its training is not in this model
        (None, 18_000),  # there was no scan
    ],
)
def test_training_of_an_earlier_attempt_that_no_scan_shows_counts_in_full(
    scan_of_a: dict[str, Any] | None, useful_s: int
) -> None:
    """The next run's duration is estimated from it, and a low estimate misses deadlines."""
    uri = str((scan_of_a or {}).get("uri", DONE.checkpoint_uri))
    first = replace(ended(attempt(2), usage=usage(18_000, 5_000)), checkpoint_uri=uri)
    known = [e for e in decide(facts(first, number=2)).entries if not isinstance(e, CheckpointScanned)]
    known += [scan(first.name, **scan_of_a)] if scan_of_a is not None else []
    assert work_s(facts(DONE, lineage=lineage(LineageId.of(DONE), entries=known))) == 57 * 60 + useful_s


def test_the_event_of_a_finished_lineage_is_made_again_from_what_was_recorded_after_its_job_was_deleted() -> None:
    known = lineage(LineageId.of(DONE), entries=decide(facts(DONE)).entries)
    publish = event_of_deleted(known, "bert")
    assert publish is not None
    assert (publish.about, publish.detail_type) == ("bert", "Spotwarden Lineage Finished")
    assert json.loads(publish.detail) == event(facts(DONE)) | {"trainingJobArn": None, "modelArtifacts": None}


@pytest.mark.parametrize("missing", [Finished, Ended], ids=["it is not finished", "nobody saw its end"])
def test_of_a_deleted_job_that_is_not_known_to_be_finished_there_is_no_event(missing: type) -> None:
    entries = [e for e in decide(facts(DONE)).entries if not isinstance(e, missing)]
    assert event_of_deleted(lineage(LineageId.of(DONE), entries=entries), "bert") is None


def test_a_finished_entry_with_another_outcome_than_its_job_makes_no_event() -> None:
    entries = [replace(e, outcome=Outcome.STOPPED) if isinstance(e, Ended) else e for e in decide(facts(DONE)).entries]
    assert event_of_deleted(lineage(LineageId.of(DONE), entries=entries), "bert") is None
