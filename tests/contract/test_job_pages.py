"""The list of all jobs has the same pages from the fake and from the adapter with the embedded SageMaker, also over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from controller.aws.sagemaker.jobs import TERMINAL, SageMakerJobs
from controller.runtime.ports.aws import JobPage, ListedJob
from infra.local.sagemaker.client import Client
from infra.local.sagemaker.server import serve
from infra.local.sagemaker.world import World
from tests.simulation.memory import MemoryJobList
from tests.unit.infra.local.sagemaker.requests import T0, request, world

Newest = Callable[[str], JobPage | None]
MINUTE = timedelta(minutes=1)
COUNT = 250


@pytest.fixture(params=["fake", "adapter in memory", "adapter over HTTP"])
def newest(request: pytest.FixtureRequest, account: World) -> Iterator[Newest]:
    if request.param == "fake":
        yield MemoryJobList(
            ListedJob(name=name, created_at=job.created_at, modified_at=job.modified_at, ended=job.status in TERMINAL)
            for name, job in account.jobs.items()
        ).newest
    elif request.param == "adapter in memory":
        yield SageMakerJobs(Client(account)).newest
    else:
        with serve(account) as server:
            client: Any = boto3.client(
                "sagemaker", endpoint_url=server.url, region_name="us-east-1",
                aws_access_key_id="local", aws_secret_access_key="local",
            )  # fmt: skip
            yield SageMakerJobs(client).newest


@pytest.fixture
def account() -> World:
    """A world with 250 past jobs (two with the same creation time) and a running job."""
    here = world()
    for n in range(COUNT):
        created_at = T0 - max(n, 1) * MINUTE
        here.add_past(request(f"past-{n:03}", prefix=f"s3://ckpt/{n}"), created_at=created_at, ended_at=created_at + MINUTE / 2)
    here.create_training_job(request("runs"))
    return here


def pages(newest: Newest) -> list[JobPage]:
    found, token = [], ""
    while (page := newest(token)) is not None:
        found.append(page)
        token = page.token
        if not token:
            return found
    raise AssertionError("a fresh token was refused")


def test_every_job_is_on_one_page_newest_first(newest: Newest) -> None:
    names = [job.name for page in pages(newest) for job in page.jobs]
    assert names == ["runs", "past-001", "past-000", *(f"past-{n:03}" for n in range(2, COUNT))]


def test_a_page_has_a_hundred_jobs_and_the_last_has_no_token(newest: Newest) -> None:
    assert [(len(page.jobs), bool(page.token)) for page in pages(newest)] == [(100, True), (100, True), (51, False)]


def test_a_job_is_listed_with_its_times_and_whether_it_has_ended(newest: Newest) -> None:
    jobs = {job.name: job for page in pages(newest) for job in page.jobs}
    assert jobs["runs"] == ListedJob(name="runs", created_at=T0, modified_at=T0, ended=False)
    created_at = T0 - 7 * MINUTE
    assert jobs["past-007"] == ListedJob(name="past-007", created_at=created_at, modified_at=created_at + MINUTE / 2, ended=True)


def test_a_token_that_is_not_accepted_gives_no_page(newest: Newest) -> None:
    assert newest("from another time") is None
