"""An audit recomputes seconds, dollars and useful seconds, and names each figure that differs from the recorded one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from controller.jobs.job import Interval, Job, Outcome, Usage
from controller.ledger.entry import CheckpointScanned, Credited, Entry, Measured, Started, Unmeasured
from controller.savings.audit import Audit, audit
from controller.savings.rollup import roll_up
from controller.units.money import Rate
from tests.builders import BEGIN, attempt, ended, job, usage

HOUR = timedelta(hours=1)
RATE = 1_000_000
LINEAGE = "111122223333/us-east-1/bert/2026-03-02T09:00:00.000000Z"
ROOT = ended(job(), usage=usage(3600, 1080))
DONE = ended(job(), Outcome.COMPLETED, usage=usage(3600, 1080))
SECOND = ended(
    attempt(2, created_at=BEGIN + 2 * HOUR, started_at=BEGIN + 2 * HOUR, tags={"spotwarden:lineage": LINEAGE},
            intervals=(Interval(start=BEGIN + 2 * HOUR, end=None),)),
    Outcome.COMPLETED, usage=usage(1800, 600),
)  # fmt: skip


def rate_of(instance_type: str, region: str, at: datetime, since: datetime | None) -> Rate | None:
    """A price that depends on every argument."""
    if region != "us-east-1" or since is None or at < since:
        return None
    micros = {"ml.g5.2xlarge": RATE, "ml.g5.xlarge": RATE // 2}[instance_type]
    return Rate(micros_per_h=micros, as_of=date(2026, 3, 1), source="made up")


def measured(of: Job, **changes: object) -> Measured:
    assert of.usage is not None
    assert of.ended_at is not None
    plain = Measured(
        job=of.name, at=of.ended_at, team="vision", training_s=of.usage.training_s, billable_s=of.usage.billable_s, spot=of.spot,
        instance_type=of.instance_type, instance_count=of.instance_count, region=of.region, rate_micros_per_h=RATE,
        rate_as_of=date(2026, 3, 1), rate_source="made up",
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def credited(of: Job, useful_s: int) -> Credited:
    assert of.ended_at is not None
    return Credited(job=of.name, at=of.ended_at, team="vision", useful_s=useful_s, basis="whole")


def started(of: Job, number: int) -> Started:
    return Started(
        job=of.name, at=of.created_at, team="vision", number=number, spot=of.spot, instance_type=of.instance_type,
        instance_count=of.instance_count, region=of.region, service=None, checkpoint_uri=of.checkpoint_uri,
    )  # fmt: skip


def scan_at_the_end(of: Job, newest_at: datetime | None) -> CheckpointScanned:
    assert of.ended_at is not None
    return CheckpointScanned(
        job=of.name, at=of.ended_at, team=None, occasion="ended", uri="s3://checkpoints/bert/", objects=1, bytes_seen=1,
        newest_at=newest_at, complete=True, proven_s=0, at_risk_s=0, problem=None,
    )  # fmt: skip


def audited(entries: list[Entry], *jobs: Job, since: datetime = BEGIN, until: datetime = BEGIN + 24 * HOUR) -> Audit:
    """The audit of these jobs. Lineages come from the jobs' tags here; the audit itself never reads tags."""
    lineages = {of.name: of.tags.get("spotwarden:lineage", LINEAGE if of.name == "bert" else of.name) for of in jobs}
    return audit(entries, {of.name: of for of in jobs}, lineages, rate_of, since, until)


def test_recorded_usage_that_agrees_with_sagemaker_has_no_differences() -> None:
    result = audited([measured(DONE), credited(DONE, 3600)], DONE)
    assert (result.attempts, result.differences, result.gone) == (1, (), ())
    assert result.recorded == result.recomputed
    assert result.recorded.saved_micros == 700_000


def test_seconds_that_differ_from_sagemaker_are_named() -> None:
    result = audited([measured(DONE, billable_s=2000), credited(DONE, 3600)], DONE)
    assert result.differences == ("bert: billable_s 2000 recorded, 1080 recomputed",)
    assert (result.recorded.billable_s, result.recomputed.billable_s) == (2000, 1080)


def test_every_recorded_figure_is_compared() -> None:
    wrong = measured(
        DONE, training_s=1, billable_s=2, spot=False, instance_type="ml.p3.2xlarge", instance_count=7, rate_micros_per_h=9
    )
    named = {difference.split()[1] for difference in audited([wrong, credited(DONE, 3600)], DONE).differences}
    assert named == {"training_s", "billable_s", "spot", "instance_type", "instance_count", "rate_micros_per_h"}


def test_useful_seconds_that_differ_are_named() -> None:
    result = audited([measured(DONE), credited(DONE, 100)], DONE)
    assert result.differences == ("bert: 100 useful seconds recorded, 3600 recomputed",)
    assert (result.recorded.useful_s, result.recomputed.useful_s) == (100, 3600)


def test_an_attempt_without_a_credit_has_zero_useful_seconds_recorded() -> None:
    assert audited([measured(DONE)], DONE).differences == ("bert: 0 useful seconds recorded, 3600 recomputed",)


def test_of_two_credits_the_larger_one_is_compared_in_either_order() -> None:
    small, large = credited(DONE, 100), credited(DONE, 3600)
    assert audited([measured(DONE), small, large], DONE).differences == ()
    assert audited([measured(DONE), large, small], DONE).differences == ()


def test_a_job_that_sagemaker_no_longer_describes_keeps_its_recorded_usage() -> None:
    result = audited([measured(DONE), credited(DONE, 1800)])
    assert (result.gone, result.differences) == (("bert",), ())
    assert result.recorded == result.recomputed
    assert result.recomputed.useful_s == 1800


def test_a_job_without_usage_in_sagemaker_keeps_its_recorded_usage_and_is_not_gone() -> None:
    silent = replace(DONE, usage=None)
    result = audited([measured(DONE), credited(DONE, 1800)], silent)
    assert (result.gone, result.differences) == ((), ())
    assert result.recorded == result.recomputed


def test_a_job_that_is_described_as_running_keeps_its_recorded_usage() -> None:
    running = replace(DONE, outcome=None)
    assert audited([measured(DONE), credited(DONE, 1800)], running).differences == ()


def test_only_attempts_that_ended_within_the_period_are_audited() -> None:
    assert DONE.ended_at is not None
    at = DONE.ended_at
    entries: list[Entry] = [measured(DONE), credited(DONE, 3600)]
    assert audited(entries, DONE, since=at, until=at + HOUR).attempts == 1
    assert audited(entries, DONE, since=at - HOUR, until=at).attempts == 0
    assert audited(entries, DONE, since=at + HOUR, until=at + 2 * HOUR).attempts == 0


def test_an_attempt_that_was_resumed_is_useful_up_to_its_checkpoint() -> None:
    newest_at = BEGIN + timedelta(minutes=33)
    entries: list[Entry] = [
        measured(ROOT), measured(SECOND, number=2, first_rate_micros_per_h=RATE), credited(SECOND, 1800),
        started(ROOT, 1), started(SECOND, 2), scan_at_the_end(ROOT, newest_at),
    ]  # fmt: skip
    result = audited(entries, ROOT, SECOND)
    assert result.differences == ("bert: 0 useful seconds recorded, 1800 recomputed",)


def test_useful_seconds_are_never_more_than_the_training_that_sagemaker_counts() -> None:
    short = replace(ROOT, usage=Usage(training_s=600, billable_s=300))
    entries: list[Entry] = [
        measured(short), started(ROOT, 1), started(SECOND, 2), scan_at_the_end(ROOT, BEGIN + timedelta(minutes=33))
    ]  # fmt: skip
    assert audited(entries, short, SECOND).differences == ("bert: 0 useful seconds recorded, 600 recomputed",)


def test_an_attempt_that_was_not_resumed_has_no_useful_training() -> None:
    scan = scan_at_the_end(ROOT, BEGIN + timedelta(minutes=33))
    attempts: list[Entry] = [measured(ROOT), started(ROOT, 1), started(SECOND, 2)]
    elsewhere = replace(SECOND, checkpoint_uri="s3://checkpoints/other/")
    strangers = replace(SECOND, tags={"spotwarden:lineage": "111122223333/us-east-1/gpt/2026-03-02T09:00:00.000000Z"})
    never_trained = replace(SECOND, intervals=())
    without_checkpoints = replace(ROOT, checkpoint_uri=None)
    assert audited([*attempts, scan], ROOT).differences == ()
    assert audited([*attempts, scan], ROOT, elsewhere).differences == ()
    assert audited([*attempts, scan], ROOT, strangers).differences == ()
    assert audited([*attempts, scan], ROOT, never_trained).differences == ()
    assert audited([*attempts, scan], without_checkpoints, SECOND).differences == ()
    assert audited(attempts, ROOT, SECOND).differences == ()


def test_only_a_scan_after_the_end_proves_what_was_resumed_from() -> None:
    early = replace(scan_at_the_end(ROOT, BEGIN + timedelta(minutes=33)), occasion="first")
    assert audited([measured(ROOT), started(ROOT, 1), started(SECOND, 2), early], ROOT, SECOND).differences == ()


def test_another_job_s_scan_proves_nothing() -> None:
    strange = replace(scan_at_the_end(ROOT, BEGIN + timedelta(minutes=33)), job="gpt")
    assert audited([measured(ROOT), started(ROOT, 1), started(SECOND, 2), strange], ROOT, SECOND).differences == ()


def test_the_attempt_that_resumed_is_the_next_one_of_the_lineage() -> None:
    third = replace(SECOND, name="bert-r03", checkpoint_uri="s3://checkpoints/other/")
    scan = scan_at_the_end(ROOT, BEGIN + timedelta(minutes=33))
    entries: list[Entry] = [measured(ROOT), started(third, 3), started(ROOT, 1), started(SECOND, 2), scan]
    assert audited(entries, ROOT, SECOND, third).differences == ("bert: 0 useful seconds recorded, 1800 recomputed",)


def test_a_later_attempt_is_compared_with_the_price_of_the_first_attempt_s_instance_type() -> None:
    small = replace(ROOT, instance_type="ml.g5.xlarge")
    entries: list[Entry] = [
        measured(SECOND, number=2, first_rate_micros_per_h=RATE), credited(SECOND, 1800), started(small, 1), started(SECOND, 2)
    ]  # fmt: skip
    result = audited(entries, small, SECOND)
    assert result.differences == (f"{SECOND.name}: first_rate_micros_per_h {RATE} recorded, {RATE // 2} recomputed",)


def test_where_the_first_attempt_is_gone_its_recorded_price_is_used() -> None:
    entries: list[Entry] = [measured(SECOND, number=2, first_rate_micros_per_h=RATE), credited(SECOND, 1800), started(ROOT, 1)]
    assert audited(entries, SECOND).differences == ()


def test_an_unknown_price_is_a_difference_and_no_error() -> None:
    abroad = replace(DONE, region="eu-west-1")
    result = audited([measured(DONE), credited(DONE, 3600)], abroad)
    assert result.differences == (f"bert: rate_micros_per_h {RATE} recorded, None recomputed",)


def test_an_audit_counts_the_attempts_that_a_report_counts() -> None:
    unknown = Unmeasured(job="lost", at=BEGIN, team="vision", spot=True)
    entries: list[Entry] = [measured(DONE), credited(DONE, 3600), unknown]
    found = audit(entries, {}, {}, rate_of, BEGIN, BEGIN + 24 * HOUR)
    assert (found.attempts, found.unmeasured) == (roll_up(entries).total.attempts, 1) == (2, 1)


def test_usage_that_sagemaker_shows_later_is_a_difference() -> None:
    entries: list[Entry] = [Unmeasured(job=DONE.name, at=BEGIN, team="vision", spot=True)]
    found = audit(entries, {DONE.name: DONE}, {DONE.name: LINEAGE}, rate_of, BEGIN, BEGIN + 24 * HOUR)
    assert found.differences == ("bert: unknown usage recorded, SageMaker shows 3600 s trained and 1080 s billed",)


def test_two_jobs_that_had_one_name_are_two_attempts_and_only_the_one_that_exists_is_recomputed() -> None:
    """The name of a deleted job can be used again."""
    later = replace(DONE, created_at=BEGIN + 5 * HOUR, ended_at=BEGIN + 6 * HOUR, usage=usage(1800, 900))
    entries: list[Entry] = [e for of in (DONE, later) for e in (started(of, 1), measured(of), credited(of, usage_of(of)))]
    result = audited(entries, later)
    assert (result.attempts, result.gone, result.differences) == (2, ("bert",), ())
    assert result.recorded == result.recomputed == roll_up(entries).total
    assert result.recorded.spent_micros == 550_000


def test_a_job_with_the_name_of_a_deleted_attempt_is_not_that_attempt() -> None:
    scan = scan_at_the_end(ROOT, BEGIN + timedelta(minutes=33))
    again = replace(SECOND, created_at=BEGIN + 5 * HOUR)
    assert audited([measured(ROOT), started(ROOT, 1), started(SECOND, 2), scan], ROOT, SECOND).differences
    assert audited([measured(ROOT), started(ROOT, 1), started(SECOND, 2), started(again, 1), scan], ROOT, again).differences == ()
    before = replace(ROOT, created_at=BEGIN - 5 * HOUR, instance_type="ml.g5.xlarge")
    entries: list[Entry] = [
        measured(SECOND, number=2, first_rate_micros_per_h=RATE), credited(SECOND, 1800), started(before, 1), started(ROOT, 1),
    ]  # fmt: skip
    assert audited(entries, ROOT, SECOND).differences == ()


def usage_of(of: Job) -> int:
    assert of.usage is not None
    return of.usage.training_s
