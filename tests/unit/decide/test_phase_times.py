"""The times that recent jobs took to start, to restore and to upload can raise the policy's times, and never lower them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide
from controller.decide.phase_times import LEARNED_S_MAX, learned, phase_times
from controller.jobs.job import Interval, Job, Outcome, Service
from controller.ledger.intent import Stop
from controller.ledger.pool import PhaseTimes
from controller.policy.resubmission import DeadlineSettings
from tests.builders import BEGIN, ended, facts, job
from tests.properties.lives import learn
from tests.unit.decide.deciding import HOUR, WAITING, actions, looked_up

MINUTE = timedelta(minutes=1)
LATE = BEGIN + timedelta(hours=3, minutes=40)  # the latest moment with a start of five minutes


def at(minutes: float) -> Interval:
    """An interval that begins so many minutes after the creation, and lasts ten minutes."""
    return Interval(start=BEGIN + minutes * MINUTE, end=BEGIN + (minutes + 10) * MINUTE)


def seen(of: Job) -> PhaseTimes | None:
    return next(iter(phase_times(facts(of, now=of.ended_at or BEGIN + HOUR)).times), None)


ON_DEMAND = job(spot=False, wait_s_max=None, downloading=(at(28),), intervals=(replace(at(38), end=None),))


def times(minutes: Sequence[float], **changes: int | None) -> tuple[PhaseTimes, ...]:
    return tuple(
        replace(
            PhaseTimes(region="us-east-1", instance_type="ml.g5.2xlarge", job=f"j{n}", at=BEGIN, start_s=round(60 * m)), **changes
        )
        for n, m in enumerate(minutes)
    )


def test_the_start_of_an_on_demand_job_is_from_its_creation_to_its_download() -> None:
    found = seen(ON_DEMAND)
    assert found is not None
    assert (found.start_s, found.restore_s, found.upload_s) == (28 * 60, 600, None)
    assert found.instance_type == "ml.g5.2xlarge"
    without_download = seen(replace(ON_DEMAND, downloading=()))
    assert without_download is not None
    assert (without_download.start_s, without_download.restore_s) == (38 * 60, None)


def test_a_spot_job_shows_no_start_and_a_job_without_a_checkpoint_prefix_no_restore() -> None:
    spot = seen(replace(ON_DEMAND, spot=True))
    assert spot is not None
    assert (spot.start_s, spot.restore_s) == (None, 600)
    plain = seen(replace(ON_DEMAND, checkpoint_uri=None))
    assert plain is not None
    assert plain.restore_s is None
    assert seen(replace(ON_DEMAND, spot=True, checkpoint_uri=None)) is None


def test_the_upload_is_known_at_the_end() -> None:
    done = ended(replace(ON_DEMAND, uploading=(at(50),)), Outcome.COMPLETED)
    found = seen(done)
    assert found is not None
    assert found.upload_s == 600


def test_of_several_downloads_the_first_counts_and_of_several_uploads_the_last() -> None:
    """A job that SageMaker restarted shows a download and an upload for each start."""
    longer = Interval(start=BEGIN, end=BEGIN + 30 * MINUTE)
    found = seen(ended(replace(ON_DEMAND, downloading=(at(28), longer), uploading=(longer, at(50))), Outcome.COMPLETED))
    assert found is not None
    assert (found.restore_s, found.upload_s) == (600, 600)


def test_a_probe_and_a_job_that_never_trained_show_nothing() -> None:
    assert seen(replace(ON_DEMAND, service=Service.PROBE)) is None
    assert seen(ended(replace(ON_DEMAND, intervals=()), Outcome.CAPACITY)) is None


def test_times_alone_are_no_reason_to_write() -> None:
    """A trigger that finds nothing new writes nothing."""
    running = facts(ON_DEMAND, now=BEGIN + HOUR)
    decision = decide(running)
    assert decision.times
    assert not decide(learn(running, decision))


@pytest.mark.parametrize("minutes", [(28, 41, 58), (28, 30, 35, 58)])
def test_slow_starts_make_the_latest_moment_earlier(minutes: tuple[int, ...]) -> None:
    longest = max(minutes) * MINUTE
    earlier = LATE - (longest - 5 * MINUTE)
    assert not actions(looked_up(WAITING, now=earlier), Stop)
    assert actions(looked_up(WAITING, now=earlier + 7 * MINUTE, phase_times=times(minutes)), Stop)
    assert not actions(looked_up(WAITING, now=earlier - 15 * MINUTE, phase_times=times(minutes)), Stop)


def test_the_times_of_the_policy_are_minimums_and_fewer_than_three_jobs_do_not_count() -> None:
    settings = DeadlineSettings()
    assert learned(settings, times((1, 1, 1), restore_s=1, upload_s=1)) == settings
    assert learned(settings, times((58, 58))) == settings
    assert learned(settings, ()) == settings
    slow = learned(settings, times((58, 58, 58), restore_s=700, upload_s=900))
    assert (slow.start_s, slow.restore_s, slow.upload_s) == (58 * 60, 700, 900)


def test_one_slow_job_of_twenty_does_not_count_and_no_time_counts_beyond_the_limit() -> None:
    assert learned(DeadlineSettings(), times((*(6,) * 19, 58))).start_s == 360
    assert learned(DeadlineSettings(), times((9999, 9999, 9999))).start_s == LEARNED_S_MAX
