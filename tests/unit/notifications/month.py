"""A month of figures for reports and digests that has each kind of content."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Entry, Finished, Flagged, Interrupted, Measured, Unmeasured, Waived
from controller.ledger.halt import Halt
from controller.ledger.pool import MarketSignal, MarketSignalKind
from controller.notifications.digest import DigestNotes
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.savings.report import By, Origin, Report, report_of
from controller.savings.rollup import Rollup, roll_up
from tests.builders import BEGIN
from tests.unit.notifications.test_period_sentence import refused
from tests.unit.policy.test_waiver import waiver
from tests.unit.savings.test_report import measured, useful

DAY = timedelta(days=1)
FIRST = date(2026, 3, 1)
TEAMS = ("vision", "speech", "ads", None)
TYPES = (("ml.g5.2xlarge", 1_000_000), ("ml.p3.2xlarge", 3_825_000), ("ml.g4dn.xlarge", 736_000), ("ml.new", None))


def _attempts(n: int) -> list[Measured]:
    """Attempts of the day ``n``, of each kind: on spot, on-demand, interrupted, unpriced, in a warm pool, never started."""
    at = BEGIN - DAY + n * DAY
    kind, rate = TYPES[n % len(TYPES)]
    of = {"at": at, "instance_type": kind, "rate_micros_per_h": rate, "rate_as_of": FIRST, "user": ("ada", "bo", None)[n % 3]}
    return [
        measured(f"spot-{n}", team=TEAMS[n % 4], training_s=3600 + 700 * n, billable_s=1080 + 100 * n, **of),
        measured(f"demand-{n}", team=TEAMS[(n + 1) % 4], spot=False, training_s=5000, billable_s=5000, algorithm="xgboost", **of),
        measured(f"lost-{n}", team="ads", interruptions=n % 4, checkpoint=n % 2 == 0, repeats=n % 3, billable_s=2000 + n, **of),
        measured(f"moved-{n}", team="vision", number=2, first_rate_micros_per_h=9**6, other_instances=True, retained_s=9, **of),
        measured(f"never-{n}", team="speech", training_s=0, billable_s=0, **of),
    ]  # fmt: skip


def _entries(n: int) -> list[Entry]:
    at = BEGIN - DAY + n * DAY
    spot, demand, lost, moved, never = _attempts(n)
    kept = (useful(spot), useful(demand), useful(lost, 0), useful(moved, 1200), useful(never, 0))
    outcome = tuple(Outcome)[n % len(Outcome)]
    ended = Ended(
        job=spot.job, at=at, team=spot.team, outcome=outcome, seen_at=at, failure=None, spot=True,
        instance_type=spot.instance_type, region=spot.region,
    )  # fmt: skip
    finished = Finished(
        job=spot.job, at=at, team=spot.team, family="spot", outcome=Outcome.COMPLETED, attempts=1, spot=True,
        instance_type=spot.instance_type, region=spot.region, work_s=60, deadline=at + (n % 3 - 1) * DAY,
    )  # fmt: skip
    flagged = Flagged(
        job=demand.job, at=at, team=demand.team, rule="spot-required", policy=("use-spot", "*wait* <limit>")[n % 2],
        severity=Severity.HIGH, mode=Mode.ENFORCE, field="F", found="off", wanted="on", revision="r1",
        waived_until=at + DAY if n % 5 == 0 else None,
    )  # fmt: skip
    interrupted = Interrupted(job=lost.job, at=at, team="ads", instance_type=lost.instance_type, region=lost.region)
    unknown = (Unmeasured(job=f"unknown-{n}", at=at, team="ads", spot=True),) if n % 4 == 0 else ()
    return [spot, demand, lost, moved, never, *kept, ended, finished, flagged, interrupted, *unknown]


def days(until: int = 24, *, of: int = 0) -> dict[date, Rollup]:
    """The rollups of the month's days, from the day ``of`` on."""
    signal = MarketSignal(
        kind=MarketSignalKind.INTERRUPTION, instance_id="i-1", family="g5", region="us-east-1", at=BEGIN
    )  # fmt: skip
    return {FIRST + n * DAY: roll_up(_entries(n), [signal] * (n % 3), [refused(n)] * (n % 2)) for n in range(of, until)}


ORIGIN = Origin(
    made_at=BEGIN + 24 * DAY, account="111122223333", region="us-east-1", account_name="research", billed_until=FIRST + 9 * DAY,
    policy="781e8d1c6120",
)  # fmt: skip
MONTH = report_of(days(), FIRST, FIRST + 24 * DAY, origin=ORIGIN)
REPORTS: dict[str, Report] = {
    "month": MONTH,
    "week": report_of(days(), FIRST + 8 * DAY, FIRST + 15 * DAY, origin=replace(ORIGIN, account_name=""), by=By.POOL),
    "day": report_of(days(), FIRST + 7 * DAY, FIRST + 8 * DAY, by=By.USER),
    "team": report_of(days(), FIRST, FIRST + 24 * DAY, teams=["ads"], by=By.ALGORITHM, origin=ORIGIN),
    "loss": report_of(days(4, of=3), FIRST + 3 * DAY, FIRST + 4 * DAY, teams=["ads"], by=By.FAMILY),
    "nothing": report_of({}, FIRST, FIRST + DAY),
}
NOTES: dict[str, DigestNotes] = {
    "month": DigestNotes(
        halt=Halt(why="the new policy", who="ada", since=BEGIN),
        waivers=(
            Waived(
                job="bert", at=BEGIN, team="vision", policy="use-spot", who="U1", reason="long data", ticket="ML-7",
                until=BEGIN + 25 * DAY,
            ),
        ),
        policy_waivers=(waiver(name="old"),), shelved=("bert starved", "gpt gave up"), link="https://reports/month",
        where="research · us-east-1", now=BEGIN + 24 * DAY, policy="781e8d1c6120", policy_since=BEGIN + 3 * DAY,
    ),
    "week": DigestNotes(threads=False, now=BEGIN + 15 * DAY),
}  # fmt: skip
