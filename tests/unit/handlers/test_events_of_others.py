"""An event of another account or region is logged, counted and not handled. A dead letter is handled as the event in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from controller import wiring
from controller.ledger.entry import Ended
from infra.local import aws
from infra.local.bus import envelope
from infra.local.host import Host
from tests.security import lab as attacks

POLICY = "version: 1\nrules: [{name: spot, rule: spot-required, mode: warn}]\n"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with attacks.lab(POLICY) as deployed:
        attacks.launch(deployed, attacks.request("victim", "vision"))
        attacks.run(deployed, hours=4)
        yield deployed


def event_of(host: Host, **changed: Any) -> dict[str, Any]:
    detail = {"TrainingJobName": "victim", "TrainingJobStatus": "Failed"}
    return envelope(
        "aws.sagemaker", "SageMaker Training Job State Change", detail,
        at=host.clock.at, account=aws.ACCOUNT, region=aws.REGION, event_id="e1",
    ) | changed  # fmt: skip


def logged_by(host: Host, event: dict[str, Any]) -> str:
    before = len(attacks.log(host))
    host.put(event)
    return attacks.log(host)[before:]


def test_what_was_decided_and_done_is_counted_in_log_lines_and_a_job_at_rest_adds_none(host: Host) -> None:
    """This test is the first in the file, because the end of a job is decided only once."""
    lines = [json.loads(line) for line in attacks.log(host).splitlines() if line.startswith('{"_aws"')]
    ours = [line for line in lines if {"Decisions", "Intents", "JobsStarted"} & set(line)]
    assert [line["JobsStarted"] for line in ours if "JobsStarted" in line] == [[1.0]]
    assert {line["verdict"] for line in ours if "Decisions" in line} == {"record"}
    assert ("Publish", "done") in {(line["kind"], line["answer"]) for line in ours if "Intents" in line}
    assert all(line["stack"] and line["service"] == "spotwarden" for line in ours)
    sweeps = [line for line in lines if "SweepLagSeconds" in line]
    assert {line["policy"] for line in sweeps} == {wiring.ports().policies.current().revision}
    assert "Decisions" not in logged_by(host, event_of(host))


@pytest.mark.parametrize("changed", [{"account": "999999999999"}, {"region": "eu-west-1"}], ids=str)
def test_an_event_of_another_account_or_region_is_refused_with_a_log_line_a_metric_and_no_call(
    host: Host, changed: dict[str, Any]
) -> None:
    said = logged_by(host, event_of(host, **changed))
    assert "event refused" in said
    assert '"EventsOfOthers":[1.0]' in said.replace(" ", "")
    assert "no such job" not in said
    assert not host.bus.dead_letters


def test_a_market_signal_of_another_account_is_refused_too(host: Host) -> None:
    warning = envelope(
        "aws.ec2", "EC2 Spot Instance Interruption Warning", {"instance-id": "i-1"},
        at=host.clock.at, account="999999999999", region=aws.REGION, event_id="e2",
    )  # fmt: skip
    assert "event refused" in logged_by(host, warning)


def test_a_dead_letter_of_lambda_is_handled_as_the_event_in_it(host: Host) -> None:
    [rule] = [rule for rule in host.bus.rules.values() if rule.name == "job_changed"]
    record = {"version": "1.0", "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event_of(host)}
    host.bus.invoke(rule.name, record)
    said = attacks.log(host)
    assert '"lineage":"123456789012/us-east-1/victim/' in said.replace(" ", "")
    assert attacks.entries(host, "victim", Ended)
