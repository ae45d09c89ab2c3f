"""Secrets: a rotated signing secret is not accepted, and values of hyperparameters and environment variables stay secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import wiring
from controller.aws.sagemaker.hide_secrets import without_credentials, without_values
from controller.aws.sagemaker.read_job import DocumentKind, job_of
from controller.cli.history.redaction import redacted
from infra.local.host import CLIENT_CONFIG, REPORTS, TABLE, Host
from infra.local.sagemaker.errors import ApiError
from infra.local.slack.server import ME
from infra.local.slack.users import AppRequests
from tests.security.lab import lab, launch, log, messages, on_call, request, run, status, texts

POLICY = """
version: 1
defaults: {mode: enforce, channel: "#ml"}
rules:
  - {name: short-wait, rule: max-wait-limit, options: {at_most: 12h}, mode: warn}
  - {name: spot-only, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: stop, match: {tags: {team: ads}}}
  - {name: spot, rule: spot-required, options: {runtime_over: 1h}, mode: enforce, action: repair, match: {tags: {team: speech}}}
resubmit:
  - name: again
    mode: enforce
    within: 6h
    causes: {internal: {limit: 2}}
slack: {tell: all}
"""
OLD, NEW = "the-old-signing-secret", "the-new-signing-secret"
NAME = "slack"


def stored(host: Host, signing_secret: str, token: str = "") -> str:
    text = json.dumps({"bot_token": token or host.slack.token, "signing_secret": signing_secret})
    secrets = host.aws.client("secretsmanager")
    try:
        secrets.put_secret_value(SecretId=NAME, SecretString=text)
    except secrets.exceptions.ResourceNotFoundException:
        secrets.create_secret(Name=NAME, SecretString=text)
    return NAME


@contextmanager
def deployed() -> Iterator[Host]:
    """A lab with its Slack secret in Secrets Manager."""
    with lab(POLICY) as running, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv("SPOTWARDEN_SLACK_SIGNING_SECRET", raising=False)
        monkeypatch.delenv("SPOTWARDEN_SLACK_TOKEN", raising=False)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", running.aws.url)
        monkeypatch.setenv("SPOTWARDEN_SLACK_TOKEN_SECRET", stored(running, OLD))
        wiring.install(clock=running.clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)
        yield running


@pytest.fixture
def host() -> Iterator[Host]:
    with deployed() as running:
        yield running


def heard(host: Host, secret: str) -> int:
    """The HTTP status of the response to a command that is signed with a secret."""
    assert host.slack.users is not None
    heard.count = getattr(heard, "count", 0) + 1  # type: ignore[attr-defined]
    app = AppRequests(clock=host.clock.now, url=host.slack.users.app.url, signing_secret=secret)
    return app.command({"text": "help", "user_id": ME, "n": str(heard.count)}).status  # type: ignore[attr-defined]


def test_after_a_rotation_the_new_secret_works_at_once_and_the_old_one_no_longer_does(host: Host) -> None:
    assert heard(host, OLD) == 200
    host.clock.at += timedelta(seconds=10)
    stored(host, NEW)
    assert heard(host, NEW) == 200
    assert heard(host, OLD) == 401


def test_a_rotated_secret_is_refused_after_two_minutes_if_nobody_used_the_new_one(host: Host) -> None:
    assert heard(host, OLD) == 200
    stored(host, NEW)
    host.clock.at += timedelta(minutes=2)
    assert heard(host, OLD) == 401
    assert heard(host, NEW) == 200


def test_wrong_signatures_cost_one_read_of_the_secret_in_five_seconds(host: Host) -> None:
    assert heard(host, OLD) == 200
    read: list[object] = []
    on_call(wiring.hurried_client("secretsmanager"), lambda operation, _: read.append(operation))
    host.clock.at += timedelta(seconds=6)
    assert [heard(host, "a guess") for _ in range(5)] == [401] * 5
    assert len(read) == 1
    assert heard(host, OLD) == 200


def test_while_the_secret_cannot_be_read_no_request_is_accepted(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1")
    wiring.install(clock=host.clock)
    assert heard(host, OLD) == 503


def test_a_secret_that_became_unusable_stops_the_old_one(host: Host) -> None:
    assert heard(host, OLD) == 200
    host.aws.client("secretsmanager").put_secret_value(SecretId=NAME, SecretString="{broken")
    host.clock.at += timedelta(minutes=3)
    assert heard(host, OLD) == 500
    assert heard(host, OLD) == 500


def test_a_bot_token_that_was_replaced_is_read_again_and_the_message_is_sent(host: Host) -> None:
    launch(host, request("first", "vision", runtime_h=2, wait_h=20, work_s=600))
    run(host, hours=1)
    before = len(messages(host))
    assert before
    host.slack.token = "xoxb-replaced"
    stored(host, NEW, "xoxb-replaced")
    launch(host, request("second", "vision", runtime_h=2, wait_h=20, work_s=600))
    run(host, hours=1)
    assert len(messages(host)) > before


# ── values of hyperparameters and environment variables ──────────────────────────────────────────────────────────────────────

MARKERS = ("hyper-MARKER-7f3a", "env-MARKER-91bc", "hunter2", "MARKERWITHOUTDIGITS", "two words MARKER")


def published(host: Host) -> list[str]:
    """A list to which the bodies of all later PutEvents calls are added."""
    sent: list[str] = []
    assert host.clock.at
    wiring.client("events").meta.events.register(
        "before-call.events.PutEvents", lambda params, **_: sent.append(str(params["body"]))
    )
    return sent


def everything(host: Host) -> str:
    """All output of the controller, except events: rows, log lines, messages and reports."""
    rows = wiring.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    s3 = host.aws.client("s3")
    reports = [
        s3.get_object(Bucket=REPORTS, Key=found["Key"])["Body"].read().decode()
        for found in s3.list_objects_v2(Bucket=REPORTS).get("Contents", ())
    ]
    posted = json.dumps([message.to_json() for message in messages(host)])
    return "\n".join((str([page["Items"] for page in rows]), log(host), posted, texts(host), *reports))


def test_no_hyperparameter_or_environment_value_is_in_rows_logs_messages_or_reports(host: Host) -> None:
    hyper, env, short, letters, words = MARKERS
    plan = {"token": hyper, "password": short, "key": letters, "phrase": words}
    reason = (
        f"AlgorithmError: ExecuteUserScriptError: bad token {hyper} {letters} for {env}, {words}\n"
        f'Command "python train.py --token {hyper} --password {short} --epochs 10"'
    )
    jobs = {
        "fails": request("fails", "vision", work_s=900, fails_with=reason, **plan),
        "retried": request("retried", "search", work_s=900, fails_with="internal", **plan),
        "stopped": request("stopped", "ads", spot=False, work_s=9000, **plan),
        "repaired": request("repaired", "speech", spot=False, work_s=9000, **plan),
        "completes": request("completes", "ads", work_s=900, **plan),
    }
    launch(host, request("warm-up", "ads", work_s=60))
    run(host, minutes=5)
    events = published(host)
    for job in jobs.values():
        job["Environment"] = {"API_KEY": env}
        launch(host, job)
    run(host, hours=190)
    assert status(host, "fails") == "Failed"
    assert sum(name.startswith("retried-") for name in host.world.jobs) == 2
    assert status(host, "stopped") == "Stopped"
    [again] = [job for name, job in host.world.jobs.items() if name.startswith("repaired-")]
    assert again.spot
    assert again.request["Environment"] == {"API_KEY": env}  # the attempt's request has them
    assert len([body for body in events if "Spotwarden Lineage Finished" in body]) >= len(jobs)
    assert [marker for marker in MARKERS if marker in "".join(events)] == []
    found = everything(host)
    assert "ExecuteUserScriptError" in found  # the reason is kept
    assert "Spotwarden itself cost" in found  # the report is included
    assert [marker for marker in MARKERS if marker in found] == []
    assert "--epochs" not in found


def test_an_error_that_quotes_the_request_is_stored_and_told_without_its_values() -> None:
    request = {"HyperParameters": {"token": MARKERS[0]}, "Environment": {"KEY": MARKERS[1]}}
    said = f"Value '{{token={MARKERS[0]}}}' at 'hyperParameters', '{MARKERS[1]}' at 'environment' failed to satisfy constraint"
    safe = without_values(said, request)
    assert safe == "Value '{token=…}' at 'hyperParameters', '…' at 'environment' failed to satisfy constraint"


CODES = (
    "ThrottlingException", "InternalFailure", "ResourceLimitExceeded", "AccessDeniedException", "ConflictException",
    "ServiceUnavailable", "ExpiredTokenException", "ANewException", "ValidationException",
)  # fmt: skip


def test_no_error_of_create_training_job_brings_a_value_into_rows_logs_or_messages(host: Host) -> None:
    """With any error code: for some, the call is retried; some are refusals; some end the function."""
    launch(host, request("warm-up", "ads", work_s=60))
    run(host, minutes=5)
    launch(host, request("retried", "search", work_s=900, fails_with="internal", token=MARKERS[0], password=MARKERS[2]))
    raised: list[str] = []

    def refusing(asked: dict[str, object], *_: object) -> object:
        raised.append(CODES[len(raised)])
        raise ApiError(raised[-1], f"{asked['HyperParameters']} failed to satisfy constraint")

    host.world._create = refusing  # type: ignore[method-assign,assignment]
    run(host, hours=6)
    assert len(raised) == len(CODES)
    assert [marker for marker in MARKERS if marker in everything(host)] == []


QUOTED: list[tuple[str, str]] = [  # a value, and a text that quotes it in another form
    ('"hunter2"', "bad password hunter2"),
    ('["a", "tok-MARKER1"]', "none of ['a', 'tok-MARKER1'] works"),
    ('{"db": {"password": "MARKER-22"}}', "{'db': {'password': 'MARKER-22'}}"),
    ("postgres://ada:MARKER-3@db.example/x", "password MARKER-3 of ada is wrong"),
    ("postgres://ada:MARKER%2F3@db.example/x", "password MARKER/3 of ada is wrong"),
    ("-----BEGIN KEY-----\nMARKER4\n-----END KEY-----", "cannot read MARKER4"),
    ("MARKER5\n\t\u00fc", "'MARKER5\\n\\t\u00fc'"),
    ('MARKER"6"', 'said "MARKER\\"6\\""'),
    ("MARKER+/7==", "?token=MARKER%2B%2F7%3D%3D"),
    ("MARKER 8/x", "?token=MARKER+8%2Fx"),
    ("x" * 30 + "MARKER9" + "y" * 400, "z" * 960 + "x" * 30 + "MARKER9"),
    ("user=ada;password=MARKER-10;host=db", "login failed for ada with MARKER-10"),
    ("Bearer MARKER11", "401 for MARKER11"),
    ("--token MARKER12 --epochs 5", "bad --token MARKER12"),
    ("token: MARKER-word\nepochs: 5", "no such token 'MARKER-word'"),
    ("MARKER13,MARKER14", "item MARKER14 is wrong"),
    (json.dumps(json.dumps({"t": "MARKER-15"})), "{'t': 'MARKER-15'}"),
    ("https://b.example/x?X-Amz-Signature=MARKER16&v=1", "403 for signature MARKER16"),
    ("MARKER17<\u00e9>", "MARKER17&lt;\u00e9&gt; b'MARKER17<\\xc3\\xa9>'"),
]


@pytest.mark.parametrize(("value", "text"), QUOTED)
@pytest.mark.parametrize("member", ["HyperParameters", "Environment", "ContainerArguments"])
def test_a_value_is_removed_in_whatever_form_a_program_quotes_it(member: str, value: str, text: str) -> None:
    given: dict[str, object] = {member: {"token": value}}
    if member == "ContainerArguments":
        given = {"AlgorithmSpecification": {"ContainerArguments": ["--token", value, f"--other={value}"]}}
    safe = without_values(f"AlgorithmError: {text}", given)
    assert safe.startswith("AlgorithmError: ")
    assert not any(marker in safe for marker in ("MARKER", "hunter2"))


@pytest.mark.parametrize(
    "document",
    [
        {"AlgorithmSpecification": {"ContainerEntrypoint": ["bash", "-c", "export TOKEN=MARKER-1; python train.py"]}},
        {"AlgorithmSpecification": {"ContainerArguments": ["-c", "TOKEN=MARKER-1 python train.py"]}},
        {"DebugRuleConfigurations": [{"RuleParameters": {"key": "MARKER-1"}}]},
        {"DebugHookConfig": {"HookParameters": {}, "CollectionConfigurations": [{"CollectionParameters": {"key": "MARKER-1"}}]}},
        {"ProfilerConfig": {"ProfilingParameters": {"key": "MARKER-1"}}},
        {"InputDataConfig": [{"DataSource": {"S3DataSource": {"S3Uri": "https://ada:MARKER-1@s3.amazonaws.com/b/x"}}}]},
        {"OutputDataConfig": {"S3OutputPath": "https://s3.amazonaws.com/b/x?X-Amz-Signature=MARKER-1"}},
    ],
)
def test_a_secret_in_any_member_of_the_request_is_removed(document: dict[str, object]) -> None:
    assert without_values("AlgorithmError: bash says MARKER-1", document) == "AlgorithmError: bash says …"


def test_a_checkpoint_uri_is_kept_and_shown_without_its_credentials() -> None:
    for uri in ("https://ada:MARKER@s3.amazonaws.com/b/x/", "https://s3.amazonaws.com/b/x/?X-Amz-Signature=MARKER"):
        described = {"TrainingJobName": "j", "RoleArn": "r", "CheckpointConfig": {"S3Uri": uri}}
        assert job_of(described, kind=DocumentKind.DESCRIBE).checkpoint_uri == "https://s3.amazonaws.com/b/x/"
        assert redacted(described)["CheckpointConfig"] == {"S3Uri": "https://s3.amazonaws.com/b/x/"}
    for uri in ("s3://b/x?y", "https://s3.amazonaws.com/b/x", "https://[?"):
        assert without_credentials(uri) == uri


def test_names_of_options_and_common_words_stay_in_a_text() -> None:
    given = {
        "HyperParameters": {"optimizer": '"adam"', "deep": "[" * 90_000, "half": "\ud83d\ud83d\ud83d\ud83d", "url": "http://[x"},
        "AlgorithmSpecification": {"ContainerArguments": ["--epochs", "5"]},
    }
    said = "AlgorithmError: adam needs --epochs above 5"
    assert without_values(said, given) == said


SECRETS = st.dictionaries(st.text(max_size=5), st.from_regex(r"[A-Za-z0-9 ?*._\-]{3,11}[0-9]", fullmatch=True), max_size=4)


@given(SECRETS, st.data())
def test_a_value_that_could_be_a_secret_is_never_left_in_a_text(values: dict[str, str], data: st.DataObject) -> None:
    text = " and ".join(data.draw(st.permutations(["AlgorithmError: it failed", *values.values()])))
    safe = without_values(text, {"HyperParameters": values, "Environment": None})
    assert not any(value in safe for value in values.values())


@pytest.mark.parametrize("document", [{}, {"HyperParameters": None, "Environment": []}, {"Environment": {"A": 1}}])
def test_a_document_without_values_changes_nothing(document: dict[str, object]) -> None:
    assert without_values("InternalServerError: We encountered", document) == "InternalServerError: We encountered"


# ── tags ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tags_that_a_resubmission_loses_are_said(host: Host) -> None:
    launch(host, request("warm-up", "ads", work_s=60))
    run(host, minutes=5)
    many = {f"tag-{number:02d}": "x" for number in range(48)}
    asked = request("tagged", "vision", work_s=900, fails_with="internal", tags=many)
    assert len(asked["Tags"]) == 50
    launch(host, asked)
    run(host, hours=2)
    [told] = [m.text for m in messages(host) if "tagged" in m.text and "Left out" in m.text][:1]
    assert "A job takes 50 tags, three of them Spotwarden's. Left out: tag-45, tag-46, tag-47." in told
    attempts = [job for name, job in host.world.jobs.items() if name.startswith("tagged-")]
    assert attempts
    assert len(attempts[0].request["Tags"]) == 50
    assert Path(host.log.name).exists()
