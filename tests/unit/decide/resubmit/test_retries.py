"""A budget counts all retries or those without progress; each retry waits longer; giving up reports how far the job got."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.resubmit.retries import RETRIES_MAX, jitter_share, retry_wait
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.jobs.job import Interval, Outcome
from controller.ledger.entry import CheckpointScanned
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.policy.resubmission import BudgetPer
from tests.builders import BEGIN, attempt, block, budget, ended, job, lineage
from tests.properties.lives import learn
from tests.unit.decide.deciding import actions, looked_up, text, topics

DAY = timedelta(days=1)
URI = "s3://checkpoints/bert/"
TAGS = {"team": "vision", "spotwarden:expected-runtime": "10d"}
PER_PROGRESS = block(causes={FailureCause.STARVED: budget(3, per=BudgetPer.PROGRESS)})


def after(gains_h: tuple[int | None, ...], **changes: object) -> Facts:
    """The last of several attempts has ended. Each trained for two days and kept ``gains_h`` hours of it; None: no scan."""
    entries: list[CheckpointScanned] = []
    intents: list[Intent] = []
    for number, gain_h in enumerate(gains_h, start=1):
        begin = BEGIN + (number - 1) * 2 * DAY
        name = attempt(number).name
        if number > 1:
            before = attempt(number - 1).name
            submit = Submit(about=before, job=name, number=number, cause=FailureCause.STARVED)
            intents.append(Intent(action=submit, due_at=begin, claim=1, closed=IntentResult.DONE))
        kept_s = (gain_h or 0) * 3600
        newest_at = begin + timedelta(seconds=kept_s) if any(gains_h[:number]) else None
        scanned = CheckpointScanned(
            job=name, at=begin + 2 * DAY, team="vision", occasion="ended", uri=URI, objects=1, bytes_seen=1,
            newest_at=newest_at, complete=True, proven_s=kept_s, at_risk_s=0,
            problem="no answer" if gain_h is None else None, kept_s=kept_s, exact=gain_h is not None,
        )  # fmt: skip
        entries.append(scanned)
    begin = BEGIN + (len(gains_h) - 1) * 2 * DAY
    last = attempt(
        len(gains_h), checkpoint_uri=URI, created_at=begin, tags=TAGS, intervals=(Interval(start=begin, end=begin + 2 * DAY),)
    )  # fmt: skip
    given = {
        "now": begin + 2 * DAY, "number": len(gains_h), "lineage": lineage(entries=entries, intents=intents), "claims": None,
        "resubmission": PER_PROGRESS, "history": None,
    }  # fmt: skip
    return looked_up(ended(last, Outcome.STARVED, ended_at=begin + 2 * DAY), **(given | changes))


def test_a_ten_day_job_is_not_given_up_if_every_attempt_gains_two_days() -> None:
    for attempts in range(1, 9):
        gaining = after((48,) * attempts)
        assert [submit.number for submit in actions(gaining, Submit)] == [attempts + 1]
        assert "gave-up" not in topics(gaining)
        assert not decide(learn(gaining, decide(gaining)))


def test_a_budget_of_the_lineage_counts_every_retry() -> None:
    assert not actions(after((48,) * 4, resubmission=block()), Submit)
    assert actions(after((48,) * 3, resubmission=block()), Submit)


@pytest.mark.parametrize("gain_h", [0, None, -48], ids=["no checkpoint", "nobody could look", "less than nothing"])
def test_retries_without_a_new_checkpoint_use_the_budget_up(gain_h: int | None) -> None:
    assert actions(after((48, gain_h, 48, gain_h)), Submit)
    stuck = after((48, gain_h, 48, gain_h, gain_h))
    assert not actions(stuck, Submit)
    assert "It was retried 3 times without progress for this cause" in text(stuck, "gave-up")


def test_the_wait_grows_only_with_retries_without_progress() -> None:
    def wait(of: Facts) -> timedelta:
        (due,) = (i.due_at for i in decide(of).intents if isinstance(i.action, Submit))
        return due - (of.job.ended_at or of.now)

    assert wait(after((48,) * 6)) == wait(after((48,)))
    assert wait(after((48, 0, 0))) > wait(after((48,)))


def test_an_error_that_repeats_and_a_lineage_without_end_stop_whatever_their_progress() -> None:
    endless = after((1,) * (RETRIES_MAX + 1))
    assert not actions(endless, Submit)
    assert f"It was retried {RETRIES_MAX} times for" in text(endless, "gave-up")


def test_giving_up_tells_how_far_the_lineage_got() -> None:
    stuck = after((48, 48, 0, 0, 0))
    assert "Checkpoints prove 4 d of training of about 10 d." in text(stuck, "gave-up")
    assert "No checkpoint proves any training of about 10 d." in text(after((0, 0, 0, 0)), "gave-up")
    blind = after((None,) * 4)
    assert "prove" not in text(blind, "gave-up")


def test_what_an_attempt_showed_just_now_counts_as_its_progress() -> None:
    """The end of the job is seen in this look, so its scan is not recorded yet."""
    last = after((0, 0, 0, 48))
    known = tuple(e for e in last.lineage.entries if isinstance(e, CheckpointScanned) and e.job != last.job.name)
    at = last.now - timedelta(minutes=5)
    for newest_at, submits in ((at, 1), (None, 0)):
        scan = CheckpointScan(uri=URI, scanned_at=last.now, objects=1, bytes_seen=1, newest_at=newest_at, complete=True)
        now = looked_up(
            last.job, now=last.now, number=4, lineage=lineage(entries=known, intents=last.lineage.intents), claims=None,
            resubmission=PER_PROGRESS, history=None, checkpoint_scan=scan,
        )  # fmt: skip
        assert len(actions(now, Submit)) == submits


def test_an_attempt_that_sagemaker_repeated_by_itself_counts_once() -> None:
    """After an internal error, RetryStrategy restarts the job under the same name. The budget counts only submissions."""
    repeated = tuple(BEGIN + timedelta(minutes=minute) for minute in range(10, 60, 10))
    failed = ended(job(repeated_at=repeated), Outcome.INTERNAL)
    one_retry = block(causes={FailureCause.INTERNAL: budget(1)})
    [submit] = actions(looked_up(failed, resubmission=one_retry), Submit)
    assert (submit.number, submit.cause) == (2, FailureCause.INTERNAL)


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
