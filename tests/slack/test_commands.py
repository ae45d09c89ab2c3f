"""The commands that read the ledger, over the embedded AWS."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from slack_sdk.models.views import View

from controller import wiring
from controller.cli import main
from controller.notifications.waiver_form import waiver_form
from infra.local.demo.scenario import MONDAY
from infra.local.host import REPORTS, TABLE, Host
from tests.slack.conftest import later

DAY = timedelta(days=1)


def test_the_report_and_the_audit_agree_with_what_was_billed(
    host: Host, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later(host, 30)
    period = ["--table", TABLE, "--period", "2026-11"]
    assert main(["report", *period, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"]["attempts"] > 3
    assert main(["audit", *period]) == 0
    said = capsys.readouterr().out
    assert f"{found['total']['attempts']} attempts audited" in said
    assert said.splitlines()[-1] == "no difference"
    page = tmp_path / "report.html"
    assert main(["report", *period, "--format", "html", "--out", str(page)]) == 0
    assert "How these figures are made" in page.read_text("utf-8")


def test_a_bad_period_ends_with_2_and_says_what_was_wanted(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--table", TABLE, "--period", "soon"]) == 2
    assert "spotwarden report: --period: found 'soon', wanted 2026-10" in capsys.readouterr().err


def test_the_audit_names_a_job_whose_recorded_usage_differs(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    client = wiring.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=TABLE)
    row = next(item for page in pages for item in page["Items"] if item["sk"]["S"].startswith("entry#measured/"))
    held = row["body"]["M"]["billable_s"]["N"]
    try:
        row["body"]["M"]["billable_s"]["N"] = "1"
        client.put_item(TableName=TABLE, Item=row)
        assert main(["audit", "--table", TABLE, "--period", "2026-11"]) == 1
        assert f"billable_s 1 recorded, {held} recomputed" in capsys.readouterr().out
    finally:
        row["body"]["M"]["billable_s"]["N"] = held
        client.put_item(TableName=TABLE, Item=row)


def test_the_weekly_digest_links_to_the_week_s_page(host: Host) -> None:
    host.run(max(host.clock.at, MONDAY + 7 * DAY + timedelta(hours=9)))
    digest = next(m for m in host.slack.messages if "from 16 November to 22 November" in m.text)
    [found] = host.aws.client("s3").list_objects_v2(Bucket=REPORTS, Prefix="reports/2026-11-16")["Contents"]
    assert f"prefix={found['Key']}|Full report>" in json.dumps(digest.blocks)


def test_the_waiver_s_form_is_one_that_slack_sdk_knows_and_validates() -> None:
    view = waiver_form("a/b/c/d", "bert", ["rule " + "x" * 200, "use-spot"], most=MONDAY.date())
    View(**{name: value for name, value in view.items() if name != "type"}, type="modal").validate_json()
