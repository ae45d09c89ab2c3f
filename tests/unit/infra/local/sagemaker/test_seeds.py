"""Whole worlds: a seed always gives the same history, bills and supplies are consistent, and each setting has an effect."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from infra.local.sagemaker.capacity import generate
from infra.local.sagemaker.description import describe
from infra.local.sagemaker.random_streams import random_stream
from infra.local.sagemaker.settings import CHOICES, WorldSettings
from infra.local.sagemaker.world import TERMINAL, World
from tests.unit.infra.local.sagemaker.requests import T0, request

TYPES = ("ml.g5.2xlarge", "ml.p3.2xlarge", "ml.g5.xlarge")


def asked(rng: Random, number: int) -> dict[str, Any]:
    job = request(
        f"job-{number}",
        spot=rng.random() < 0.8,
        prefix=rng.choice((f"s3://ckpt/{number}", None)),
        work_s=rng.randint(300, 20_000),
        checkpoint_every_s=rng.choice(("never", 60, 900)),
        exits_after_s=rng.randint(1, 200),
        **(rng.choice(({}, {}, {"fails_with": rng.choice(("internal", "capacity", "exit-code")), "fails_times": 1}))),
    )
    job["ResourceConfig"] |= {"InstanceType": rng.choice(TYPES), "InstanceCount": rng.choice((1, 1, 2))}
    job["StoppingCondition"] |= {"MaxRuntimeInSeconds": (runtime_s := rng.choice((3600, 20_000)))}
    if "MaxWaitTimeInSeconds" in job["StoppingCondition"]:
        job["StoppingCondition"]["MaxWaitTimeInSeconds"] = rng.choice((runtime_s, 86_400))
    return job


def live(seed: int, *, open_events: bool = False, jobs: int = 15) -> tuple[World, list[Any]]:
    """Create some jobs over a day, stop some of them, and run the world until all have ended."""
    rng = random_stream("test", seed)
    here = World(T0, seed=seed, settings=WorldSettings.drawn(rng))
    calls = sorted((T0 + timedelta(seconds=rng.randint(0, 86_400)), rng.random() < 0.2) for _ in range(jobs))
    born = 0
    heard: list[Any] = []
    while calls or here.next_at():
        at = here.next_at()
        if calls and (at is None or calls[0][0] <= at):
            at, stops = calls.pop(0)
            here.advance_to(at)
            running = [job.name for job in here.jobs.values() if job.status == "InProgress"]
            if stops and running:
                here.stop_training_job(rng.choice(running))
            else:
                here.create_training_job(asked(rng, born))
                born += 1
        elif at:
            here.advance_to(at)
        arrived = here.drain_events()
        heard += [tuple(delivery) for delivery in arrived] if open_events else arrived
    return here, heard


def test_two_runs_of_a_seed_have_identical_histories() -> None:
    for seed in range(5):
        (one, heard), (two, heard_again) = live(seed, open_events=True), live(seed, open_events=True)
        assert heard == heard_again
        assert [describe(job, one.now, one.settings) for job in one.jobs.values()] == [
            describe(job, two.now, two.settings) for job in two.jobs.values()
        ]
        assert one.checkpoints == two.checkpoints


def test_two_seeds_have_different_histories() -> None:
    assert live(1, open_events=True)[1] != live(2, open_events=True)[1]


@pytest.mark.parametrize("seed", range(60))
def test_every_job_ends_and_its_bill_adds_up(seed: int) -> None:
    here, _ = live(seed)
    for job in here.jobs.values():
        assert job.status in TERMINAL
        assert (job.failure is not None) is (job.status == "Failed")
        times = [line.started_at for line in job.transitions]
        assert times == sorted(times)
        usage = job.usage("equivalent")
        assert (usage is None) is (job.started_at is None)
        if usage and job.started_at and job.ended_at:
            training_s, billable_s = usage
            assert 0 <= billable_s <= training_s <= round((job.ended_at - job.started_at).total_seconds())
        if limit := job.wait_ends_at:
            assert job.modified_at <= limit + timedelta(seconds=max(120, *here.settings.upload, *here.settings.stuck_for))


@pytest.mark.parametrize("seed", range(10))
def test_spot_jobs_never_hold_more_instances_than_there_are_unless_they_are_leaving(seed: int) -> None:
    rng = random_stream("test", seed)
    here = World(T0, seed=seed, capacity_of=lambda kind: generate(f"{seed}/{kind}", T0))
    for number in range(30):
        here.create_training_job(asked(rng, number))
    while at := here.next_at():
        here.advance_to(at)
        here.drain_events()
        for kind in TYPES:
            running = [job for job in here.jobs.values() if job.spot and job.pool[0] == kind]
            held = sum(job.pool[1] for job in running if job.secondary in ("Downloading", "Training"))
            assert held <= generate(f"{seed}/{kind}", T0).at(here.now)


def test_every_outcome_occurs_in_some_seed() -> None:
    outcomes = {(job.status, job.secondary) for seed in range(40) for job in live(seed)[0].jobs.values()}
    assert outcomes >= {
        ("Completed", "Completed"), ("Failed", "Failed"), ("Stopped", "Stopped"), ("Stopped", "MaxRuntimeExceeded"),
        ("Stopped", "MaxWaitTimeExceeded"),
    }  # fmt: skip


def test_drawn_settings_exist_and_reach_every_value() -> None:
    assert CHOICES.keys() <= {field.name for field in dataclasses.fields(WorldSettings)}
    drawn = [WorldSettings.drawn(random_stream("flips", seed)) for seed in range(200)]
    for name, answers in CHOICES.items():
        assert {getattr(settings, name) for settings in drawn} == set(answers)


def test_a_drawn_world_keeps_fixed_settings() -> None:
    settings = WorldSettings.drawn(random_stream("flips", 3), event_lost=0.05, usage_delay_s=None)
    assert (settings.event_lost, settings.usage_delay_s) == (0.05, None)
