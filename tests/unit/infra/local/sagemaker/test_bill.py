"""What a training job costs, in the seconds that Describe shows."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.sagemaker.world import World
from tests.unit.infra.local.sagemaker.requests import TYPE, after, request, run, world

FIELDS = ("TrainingTimeInSeconds", "BillableTimeInSeconds")


def said(here: World, name: str = "bert") -> tuple[Any, ...]:
    job = here.describe_training_job(name)
    return tuple(job.get(field) for field in FIELDS)


def test_on_demand_all_time_on_instances_is_billed() -> None:
    here = world()
    here.create_training_job(request(spot=False, work_s=600))
    assert said(run(here)) == (750, 750)  # 120 s of download, 600 s of training, 30 s of upload


def test_spot_is_billed_as_its_cost_in_on_demand_seconds() -> None:
    """The AWS launch post's own job: 2,423 s trained, 837 s billed, 65 % saved."""
    here = world(discounts={TYPE: 1 - 837 / 2423})
    here.create_training_job(request(work_s=2423 - 150))
    training_s, billable_s = said(run(here))
    assert (training_s, billable_s) == (2423, 837)
    assert round(100 * (1 - billable_s / training_s)) == 65


def test_an_interval_lost_within_its_first_hour_is_not_charged() -> None:
    here = world((0, 1), (1000, 0), (2000, 1))
    here.create_training_job(request(work_s=3000, checkpoint_every_s="never"))
    training_s, _ = said(run(here))
    assert training_s == 120 + 3000 + 30


def test_an_interval_lost_after_an_hour_is_charged() -> None:
    here = world((0, 1), (5000, 0), (6000, 1))
    asked = request(work_s=6000, checkpoint_every_s="never")
    asked["StoppingCondition"]["MaxRuntimeInSeconds"] = 20_000
    here.create_training_job(asked)
    training_s, _ = said(run(here))
    assert training_s == 120 + (5000 - 180) + 6000 + 30


def test_the_download_is_charged_once_however_often_the_job_restarts() -> None:
    here = world((0, 1), (1000, 0), (1100, 1), (2000, 0), (2100, 1), (3000, 0), (3100, 1))
    here.create_training_job(request(work_s=600, checkpoint_every_s="never"))
    here.create_training_job(request("long", work_s=2400, checkpoint_every_s=60, prefix="s3://ckpt/long"))
    run(here)
    job = here.jobs["long"]
    assert sum(line.status == "Downloading" for line in job.transitions) == 4
    last = job.runs[-1]
    assert last.trained_at
    assert last.ended_at
    assert said(here, "long")[0] == 120 + (last.ended_at - last.trained_at).total_seconds()


def test_billable_may_be_the_wall_clock_instead() -> None:
    here = world((0, 1), (1000, 0), (2000, 1), billable_as="wall-clock")
    here.create_training_job(request(work_s=3000))
    job = run(here).describe_training_job("bert")
    assert job["BillableTimeInSeconds"] == (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()


@pytest.mark.parametrize(("delay_s", "later_s"), [(120, 120), (900, 900)])
def test_usage_may_appear_minutes_after_the_end(delay_s: int, later_s: int) -> None:
    here = world(usage_delay_s=delay_s)
    here.create_training_job(request(spot=False, work_s=600))
    run(here)
    here.advance_to(after(810 + later_s - 1))
    assert said(here) == (None, None)
    here.advance_to(after(810 + later_s))
    assert said(here) == (750, 750)


def test_usage_may_never_appear_and_the_world_still_knows_it() -> None:
    here = world(usage_delay_s=None)
    here.create_training_job(request(spot=False, work_s=600))
    run(here)
    here.advance_to(after(1_000_000))
    assert said(here) == (None, None)
    assert here.bill("bert") == (750, 750)


@pytest.mark.parametrize(("answer", "usage"), [("absent", (None, None)), ("zero", (0, 0))])
def test_a_job_that_never_trained_has_no_usage_or_zero_usage(answer: str, usage: tuple[Any, ...]) -> None:
    here = world((0, 0), usage_if_never_trained=answer)
    here.create_training_job(request())
    assert said(run(here)) == usage


def test_a_running_job_has_no_usage() -> None:
    here = world()
    here.create_training_job(request())
    here.advance_to(after(1000))
    assert said(here) == (None, None)


def test_the_discount_belongs_to_the_pool() -> None:
    here = world()
    for name in ("a", "b"):
        here.create_training_job(request(name, work_s=1000, prefix=f"s3://ckpt/{name}"))
    run(here)
    assert said(here, "a") == said(here, "b")
