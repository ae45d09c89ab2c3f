"""What a trigger costs when nothing is new: the calls from the real code to an AWS on this machine are counted."""

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
from controller.aws.system_clock import SystemClock
from controller.policyfile import compile_folder
from controller.runtime.ports import Trigger
from controller.runtime.reconcile import reconcile
from infra.local import aws
from infra.local.host import VirtualClock
from infra.local.sagemaker.server import serve
from tests.unit.infra.local.sagemaker.requests import T0, request, world

POLICIES = Path(__file__).resolve().parents[2] / "policies"
MINUTE = timedelta(minutes=1)

CallsOfTrigger = Callable[[datetime], list[str]]


@pytest.fixture
def calls_of_trigger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CallsOfTrigger]:
    """Trigger a spot job with checkpoints in a warm container; returns the calls to AWS."""
    here, clock = world(), VirtualClock(T0)
    sent: list[str] = []
    here.create_training_job(request(work_s=1800))

    def note(event_name: str, **_: Any) -> None:
        sent.append(event_name.rpartition(".")[2])

    def trigger(at: datetime) -> list[str]:
        clock.at = at
        with server.lock:
            here.advance_to(at)
        sent.clear()
        reconcile(Trigger(job="bert"), wiring.ports())
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
        (tmp_path / "policies.json").write_text(json.dumps(compile_folder(POLICIES)))
        session = boto3.Session()
        session.events.register("before-send", note)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
        running.callback(wiring.install, clock=SystemClock())
        aws.create_table(local.dynamodb_url, "Quiet")
        wiring.install(clock=clock, client_config=aws.CLIENT_CONFIG)
        yield trigger


FOUR_READS = ["DescribeTrainingJob", "ListTags", "GetItem", "Query"]


@pytest.mark.parametrize("after", [timedelta(minutes=10), timedelta(hours=30)], ids=["it trains", "it has ended and is recorded"])
def test_a_trigger_for_an_unchanged_job_costs_four_reads_and_no_write(calls_of_trigger: CallsOfTrigger, after: timedelta) -> None:
    assert "TransactWriteItems" in calls_of_trigger(T0 + after)
    assert calls_of_trigger(T0 + after + timedelta(seconds=1)) == FOUR_READS
