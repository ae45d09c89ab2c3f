"""Each bad input of an installation, and the words that the operator finds: here where the functions say them.

A secret and two deployments at once, before anything is deployed: ``test_deploy.py``. An unknown stage: ``test_stage_files.py``.
A Python without wheels: ``tests/packaging/test_package.py``. The same installations seen from outside:
``tests/unit/cli/doctor/test_command.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from controller import wiring
from controller.policy.compiled_document import document_text
from controller.runtime.ports.outbox import Message
from infra.local import aws
from infra.local.bus import envelope
from infra.local.host import CLIENT_CONFIG, Host
from infra.local.http_server import HttpServer, json_response
from tests.security import lab as attacks

POLICY = "version: 1\ndefaults: {channel: '#ml'}\nrules: [{name: spot, rule: spot-required, mode: warn}]\n"
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:spotwarden"
JOB = {"TrainingJobName": "bert", "TrainingJobStatus": "InProgress"}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with attacks.lab(POLICY) as deployed:
        yield deployed


@pytest.fixture(autouse=True)
def _as_deployed(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test breaks one thing; ports are built again before and after it."""
    yield
    monkeypatch.undo()
    renew(host)
    host.bus.waiting.clear()
    host.bus.dead_letters.clear()


def renew(host: Host) -> None:
    wiring.install(clock=host.clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)


def logged(host: Host, act: Callable[[], object]) -> list[dict[str, Any]]:
    """The lines of the functions' log that an act adds."""
    before = len(attacks.log(host))
    act()
    lines = attacks.log(host)[before:].splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and '"message"' in line]


def told(lines: list[dict[str, Any]], message: str) -> str:
    """The one line with that message, as text; its stack trace is for us."""
    [line] = [line for line in lines if line["message"] == message]
    return json.dumps(
        {name: value for name, value in line.items() if not name.startswith(("exception", "stack"))}, sort_keys=True
    )


def a_message_waits(host: Host, key: str) -> None:
    wiring.ports().outbox.put(Message(key=key, channel="#ml", at=host.clock.at, words=("bert was submitted again",)))


def test_a_secret_that_was_deleted_is_named_with_what_to_do(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    a_message_waits(host, "secret")
    monkeypatch.delenv("SPOTWARDEN_SLACK_TOKEN")
    monkeypatch.setenv("SPOTWARDEN_SLACK_TOKEN_SECRET", ARN)
    renew(host)
    lines = logged(host, lambda: host.bus.fire("drain"))
    assert f"found no secret {ARN}: create it, or deploy without SlackTokenSecret" in told(lines, "failed")
    assert len(host.bus.waiting) + len(host.bus.dead_letters) == 1  # an error of the function: its alarm fires


def test_a_revoked_token_is_told_with_slack_s_own_word(host: Host) -> None:
    host.slack.refuses = "token_revoked"
    try:
        a_message_waits(host, "token")
        host.clock.at += timedelta(minutes=5)
        lines = logged(host, lambda: host.bus.fire("drain"))
    finally:
        host.slack.refuses = ""
    assert "token_revoked" in told(lines, "channel waits")  # the runbook's line of MessagesWait: renew the token


def test_a_click_under_a_revoked_token_is_logged_with_slack_s_own_word_and_a_secret_that_cannot_be_read_with_its_reason(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever clicked is only told to try again."""
    users = host.slack.users
    assert users is not None
    renew(host)
    monkeypatch.setattr(host.slack, "token", "xoxb-renewed")
    lines = logged(host, lambda: users.command("status"))
    assert "invalid_auth" in told(lines, "not answered")
    with HttpServer(lambda _: json_response({"__type": "ThrottlingException", "message": "Rate exceeded"}, 400)) as throttling:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", throttling.url)
        monkeypatch.setenv("SPOTWARDEN_SLACK_TOKEN_SECRET", ARN)
        monkeypatch.delenv("SPOTWARDEN_SLACK_SIGNING_SECRET")
        renew(host)
        lines = logged(host, lambda: users.command("status"))
    assert "Rate exceeded" in told(lines, "not answered")


def test_a_deleted_table_is_named_with_the_way_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPOTWARDEN_TABLE", "Deleted")
    renew(host)
    for function in ("sweep", "discover", "drain"):
        lines = logged(host, lambda function=function: host.bus.fire(function))
        assert "the table Deleted is gone: restore it from its backup, and deploy with its name as ExistingLedger" in told(
            lines, "failed"
        )


def test_a_command_in_slack_that_fails_is_told_with_what_to_do_as_its_alarm_says(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runbook of SlackRequestsFail."""
    users = host.slack.users
    assert users is not None
    monkeypatch.setenv("SPOTWARDEN_TABLE", "Deleted")
    renew(host)
    lines = logged(host, lambda: users.command("status"))
    assert "the table Deleted is gone: restore it from its backup" in told(lines, "failed")


def test_a_role_without_a_permission_is_told_the_call_that_it_may_not_make(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    denial = {"__type": "AccessDeniedException", "message": "User: arn:aws:sts::1:assumed-role/x is not authorized"}
    with HttpServer(lambda _: json_response(denial, 400)) as denying:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER", denying.url)
        renew(host)
        lines = logged(host, lambda: host.put(job_event(host)))
    said = told(lines, "failed")
    assert "the function's role may not call DescribeTrainingJob: deploy the stack again" in said
    assert "is not authorized" in said


@pytest.mark.parametrize("version", ["0.9", None])
def test_a_dead_letter_of_an_older_schema_is_refused_with_both_versions(host: Host, version: str | None) -> None:
    record = {"requestContext": {"functionArn": "arn"}, "requestPayload": job_event(host), "version": version}
    lines = logged(host, lambda: host.bus.invoke("job_changed", record))
    assert f"the dead letter is a record of version {version!r}, wanted '1.0'" in told(lines, "failed")


def test_a_broken_policy_document_is_told_and_changes_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = wiring.client("s3")
    s3.create_bucket(Bucket="acme-policies")
    s3.put_object(Bucket="acme-policies", Key="policies.json", Body=document_text({"version": 1, "rules": "none"}).encode())
    monkeypatch.setenv("POLICY_URI", "s3://acme-policies/policies.json")
    renew(host)
    lines = logged(host, lambda: host.bus.fire("sweep"))
    assert "write a good one with spotwarden compile DIR --to s3://acme-policies/policies.json" in told(lines, "policy refused")
    assert [rule.name for rule in wiring.ports().policies.current().rules] == ["spot"]


def job_event(host: Host) -> dict[str, Any]:
    return envelope(
        "aws.sagemaker", "SageMaker Training Job State Change", JOB,
        at=host.clock.at, account=aws.ACCOUNT, region=aws.REGION, event_id="e1",
    )  # fmt: skip
