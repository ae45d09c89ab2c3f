"""The calls of a trigger if nothing is new, counted from the real code to an AWS on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from controller import wiring
from controller.aws import price_lookup
from controller.aws.dynamodb import items
from controller.aws.read_at_init import prepare
from controller.aws.sagemaker import described_members
from controller.aws.system_clock import SystemClock
from controller.jobs import algorithm
from controller.policyfile import compile_folder
from controller.runtime.read_events import Trigger
from controller.runtime.reconcile import reconcile
from infra.local import aws
from infra.local.host import VirtualClock
from infra.local.sagemaker.server import serve
from tests.unit.infra.local.sagemaker.requests import T0, world
from tests.unit.infra.local.sagemaker.requests import request as request_of

POLICIES = Path(__file__).resolve().parents[2] / "policies"
MINUTE = timedelta(minutes=1)

CallsOfTrigger = Callable[[datetime], list[str]]


@pytest.fixture
def calls_of_trigger(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CallsOfTrigger]:
    """Trigger a look at a spot job with checkpoints in a warm container. Returns the calls to AWS."""
    here, clock = world(), VirtualClock(T0)
    sent: list[str] = []
    job = getattr(request, "param", "bert")
    here.create_training_job(request_of(work_s=1800) | {"TrainingJobName": job})

    def note(event_name: str, **_: Any) -> None:
        sent.append(event_name.rpartition(".")[2])

    def trigger(at: datetime) -> list[str]:
        clock.at = at
        with server.lock:
            here.advance_to(at)
        sent.clear()
        reconcile(Trigger(job=job), wiring.ports())
        return list(sent)

    with ExitStack() as running:
        server, local = running.enter_context(serve(here)), running.enter_context(aws.start(dynamodb=aws.ATOMIC))
        settings = {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": aws.REGION,
            "AWS_ENDPOINT_URL": local.url, "AWS_ENDPOINT_URL_SAGEMAKER": server.url, "SPOTWARDEN_TABLE": "Quiet",
            "SPOTWARDEN_POLICIES": str(tmp_path / "policies.json"),
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        compiled = compile_folder(POLICIES)
        asked = compile_folder(_folder(tmp_path))
        (tmp_path / "policies.json").write_text(json.dumps({**compiled, "rules": [*compiled["rules"], *asked["rules"]]}))
        session = boto3.Session()
        session.events.register("before-send", note)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        running.callback(wiring.install, clock=SystemClock())
        aws.create_table(local.dynamodb_url, "Quiet")
        wiring.install(clock=clock, client_config=aws.CLIENT_CONFIG)
        yield trigger


def _folder(tmp_path: Path) -> Path:
    """A policy folder with rules that need more than the job's description, beside the shipped ones."""
    (tmp_path / "a.yaml").write_text(
        "version: 1\nrules: [{name: alive, rule: checkpoint-alive}, {name: pays, rule: spot-worth-it}]\n"
    )
    return tmp_path


FOUR_READS = ["DescribeTrainingJob", "ListTags", "GetItem", "Query"]


@pytest.mark.parametrize("after", [timedelta(minutes=10), timedelta(hours=30)], ids=["it trains", "it has ended and is recorded"])
def test_a_trigger_for_an_unchanged_job_costs_four_reads_and_no_write(calls_of_trigger: CallsOfTrigger, after: timedelta) -> None:
    assert "TransactWriteItems" in calls_of_trigger(T0 + after)
    assert calls_of_trigger(T0 + after + timedelta(seconds=1)) == FOUR_READS


@pytest.mark.parametrize("calls_of_trigger", ["bert-0a1b2c3d-r02", "bert-0a1b2c3d-r02g3", "bert-0a1b2c3d-p02001"], indirect=True)
@pytest.mark.parametrize("after", [timedelta(minutes=10), timedelta(hours=30)], ids=["it trains", "it has ended and is recorded"])
def test_under_a_name_that_an_attempt_or_a_probe_could_have_it_costs_one_read_more(
    calls_of_trigger: CallsOfTrigger, after: timedelta
) -> None:
    """Anybody can give a job such a name. It is looked up once, so later looks cost no more."""
    calls_of_trigger(T0 + after)
    for _ in range(2):
        assert sorted(calls_of_trigger(T0 + after + timedelta(seconds=1))) == sorted([*FOUR_READS, "GetItem"])


@pytest.mark.parametrize(
    "calls_of_trigger",
    ["bert-0a1b2c3-r02", "bert-0A1B2C3D-r02", "bert-0a1b2c3d-r2", "bert-0a1b2c3d-r02g1234", "x-r02"],
    indirect=True,
)
def test_a_name_that_only_looks_like_an_attempt_s_costs_no_fifth_read(calls_of_trigger: CallsOfTrigger) -> None:
    calls_of_trigger(T0 + timedelta(minutes=10))
    assert calls_of_trigger(T0 + timedelta(minutes=10, seconds=1)) == FOUR_READS


def test_what_init_prepares_is_all_that_an_unchanged_job_needs_to_be_read_once(
    calls_of_trigger: CallsOfTrigger,
) -> None:
    """After init, a function has only a part of a CPU, so reading takes seven times as long."""
    caches = (algorithm.known_images, price_lookup.packaged_rates, described_members.described, items.codec)
    calls_of_trigger(T0 + timedelta(minutes=10))
    for one in caches:
        one.cache_clear()
    prepare()
    read = [one.cache_info().misses for one in caches]
    assert min(read) > 0
    assert calls_of_trigger(T0 + timedelta(minutes=10, seconds=1)) == FOUR_READS
    assert [one.cache_info().misses for one in caches] == read
