"""What the benchmark of warm events counts, and what its SageMaker answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from infra.local.http_server import HttpServer
from tests.benchmarks.coldstart.runtime_api import Started
from tests.benchmarks.warm_trigger import Measured, Services, post, precomputed
from tests.unit.infra.local.sagemaker.requests import T0, request, world

JOBS = ("a", "b")


def asked_of(services: Services, operation: str, asked: Mapping[str, str]) -> tuple[int, object]:
    """Ask over HTTP; returns the status and the answer."""
    with HttpServer(services.respond) as server:
        answer = post(server.url, "/", {"X-Amz-Target": f"SageMaker.{operation}"}, json.dumps(asked).encode())
    return answer.status, json.loads(answer.body)


def test_sagemaker_answers_what_was_computed_and_refuses_everything_else() -> None:
    here = world()
    for job in JOBS:
        here.create_training_job(request(job))
    here.advance_to(T0 + timedelta(minutes=5))
    services = Services(precomputed(here, JOBS), "http://127.0.0.1:9")
    here.advance_to(T0 + timedelta(days=2))
    status, described = asked_of(services, "DescribeTrainingJob", {"TrainingJobName": "b"})
    assert (status, described["TrainingJobStatus"]) == (200, "InProgress")  # type: ignore[index]  # an answer of SageMaker
    assert asked_of(services, "ListTrainingJobs", {})[0] == 200
    assert asked_of(services, "ListTrainingJobs", {"StatusEquals": "Failed"})[0] == 400


def test_an_event_costs_the_mean_of_a_process_after_its_first_event_and_the_calls_of_its_time() -> None:
    started = Started(
        asked_at=(0.0, 1.0, 2.0, 3.0), init_s=0, done_s=(1, 2, 3), init_cpu_s=0.5, cpu_s=(0.7, 0.71, 0.73), peak_mb=1, answers=()
    )
    services = Services({}, "", calls=[(0.5, "cold"), (1.5, "read"), (2.1, "read"), (2.2, "write"), (3.5, "later")])
    measured, c7n = Measured(), Measured(cpu_s=[0.15])
    measured.add(started, 1, 3, services)
    assert measured.row("ours", c7n) == "| ours | 15.0 ms | 15.0 to 15.0 | 0.100 | 1.5 | 1 read, 0.5 write |"
