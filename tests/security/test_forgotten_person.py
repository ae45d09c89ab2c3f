"""After a person is forgotten, the name is in no data or output of the controller, and all sums stay the same."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.cli import main
from infra.local import aws
from infra.local.bus import envelope
from infra.local.host import TABLE, Host
from tests.security.lab import lab, launch, log, messages, request, run
from tests.security.test_call_off import card
from tests.unit.runtime.test_refused_creates import event as refused

pytestmark = pytest.mark.nightly  # it runs for several virtual days

PERSON = ("ada-lovelace", "U0LOCAL1")
POLICY = """
version: 1
defaults: {mode: warn, channel: "#ml"}
labels: {user: owner}
slack: {tell: all, may: {halt: [S0EVERYONE], stop: [S0EVERYONE], cancel: [S0EVERYONE]}}
rules: [{name: short-wait, rule: max-wait-limit, options: {at_most: 1h}, mode: warn}]
resubmit: [{name: again, mode: enforce, causes: {internal: {limit: 2, backoff: {first: 2h, factor: 1, most: 2h}}}}]
"""


def rows() -> list[dict[str, Any]]:
    pages = wiring.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    return [row for page in pages for row in page["Items"]]


def naming(found: object) -> bool:
    return any(name in (found if isinstance(found, str) else repr(found)) for name in PERSON)


def said(*words: str) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        assert main([*words]) == 0
    return out.getvalue()


def week_of_a_person(host: Host) -> None:
    """Run jobs with each outcome, clicks, a halt and a refused create, all of one person."""
    host.slack.groups["S0EVERYONE"] = [PERSON[1]]  # the policy names this group, because a person's name in it would stay
    tags = {"owner": PERSON[0]}
    for name, plan in (
        ("quick", {"work_s": 3000}), ("fails", {"fails_with": "internal", "fails_after_s": 600}),
        ("long", {"checkpoint": None, "work_s": 20_000, "runtime_h": 100, "wait_h": 120}),
        ("unsaved", {"checkpoint": None, "work_s": 9000}),
    ):  # fmt: skip
        launch(host, request(name, "vision", tags=tags, **plan))
    run(host, hours=1)
    users = host.slack.users
    assert users is not None
    for name, act in (("fails", "cancel"), ("quick", "halt")):
        users.press(host.slack, card(host, name).ts, f"spotwarden/{act}")
    run(host, minutes=5)
    said("resume", "--table", TABLE)
    asked = refused()["detail"]["requestParameters"] | {"tags": [{"key": "owner", "value": PERSON[0]}]}
    detail = refused(asked=asked)["detail"]
    detail["userIdentity"]["arn"] = f"arn:aws:sts::{aws.ACCOUNT}:assumed-role/dev/{PERSON[0]}"
    told = envelope(
        "aws.sagemaker", "AWS API Call via CloudTrail", detail, at=host.clock.at, account=aws.ACCOUNT, region=aws.REGION,
        event_id="e1",
    )  # fmt: skip
    host.bus.invoke("market_signalled", told)
    run(host, hours=30)


def test_no_row_message_log_report_or_export_has_the_name_afterwards(tmp_path: Path) -> None:
    with lab(POLICY) as host:
        week_of_a_person(host)
        before = [row for row in rows() if naming(row)]
        assert len(before) > 10
        assert any(PERSON[1] in repr(row) for row in before)
        posted, logged = len(messages(host)), len(log(host))
        exports = [tmp_path / name for name in ("before.jsonl", "after.jsonl")]
        said("export", "ledger", "--out", str(exports[0]), "--table", TABLE)
        assert "rewritten" in said("forget", *PERSON, "--yes", "--table", TABLE)
        assert [(row["pk"], row["sk"]) for row in rows() if naming(row)] == []
        said("export", "ledger", "--out", str(exports[1]), "--table", TABLE)
        assert not naming(exports[1].read_text())
        run(host, hours=24 * 4)  # meanwhile, days are closed, and digests and the weekly report are written
        assert [(row["pk"], row["sk"]) for row in rows() if naming(row)] == []
        assert [message for message in messages(host)[posted:] if naming(message)] == []
        assert len(messages(host)) > posted
        assert not naming(log(host)[logged:])  # includes metrics, which are lines of the log
        s3 = wiring.client("s3")
        for bucket in s3.list_buckets()["Buckets"]:
            for found in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ()):
                assert not naming(
                    s3.get_object(Bucket=bucket["Name"], Key=found["Key"])["Body"].read().decode("utf-8", "replace")
                )
        reports = [json.loads(said("report", "--ledger", str(path), "--format", "json")) for path in exports]
        assert reports[0]["total"] == reports[1]["total"]
        for form in ("text", "html", "csv"):
            assert not naming(said("report", "--ledger", str(exports[1]), "--format", form))
        assert not naming(said("explain", "fails", "--table", TABLE))
