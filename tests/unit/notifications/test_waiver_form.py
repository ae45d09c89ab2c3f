"""The form for a waiver offers the broken rules, and each field is checked."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from controller.notifications.waiver_form import WaiverRequest, waiver_form, waiver_request_of

FIRST, LATEST = date(2026, 3, 2), date(2026, 3, 16)
LONG = "r" * 80


def entered(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "policy": {"selected_option": {"value": "use-spot"}}, "reason": {"value": " a demo "}, "ticket": {"value": " T-1 "},
        "until": {"selected_date": LATEST.isoformat()},
    } | changes  # fmt: skip
    return {"state": {"values": {name: {name: value} for name, value in fields.items() if value is not None}}}


def read(**changes: Any) -> tuple[WaiverRequest, dict[str, str]]:
    request, wrong = waiver_request_of(entered(**changes), rules=["use-spot", LONG], first=FIRST, most=LATEST)
    return request, dict(wrong)


def test_the_entered_texts_are_read_without_surrounding_spaces() -> None:
    assert read() == (WaiverRequest(policy="use-spot", reason="a demo", ticket="T-1", until=LATEST), {})


def test_each_field_that_is_missing_or_wrong_is_named() -> None:
    assert set(read(policy={"selected_option": {"value": "other"}})[1]) == {"policy"}
    assert set(read(policy=None)[1]) == {"policy"}
    assert set(read(reason={"value": "  "})[1]) == {"reason"}
    assert set(read(ticket={"value": None})[1]) == {"ticket"}
    assert set(read(until={"selected_date": "soon"})[1]) == {"until"}
    assert set(read(until=None)[1]) == {"until"}
    request, wrong = waiver_request_of({}, rules=["use-spot"], first=FIRST, most=LATEST)
    assert set(wrong) == {"policy", "reason", "ticket", "until"}
    assert (request.reason, request.until) == ("", LATEST)


def test_a_waiver_ends_within_the_days_that_the_policy_allows() -> None:
    def wrong(day: date) -> dict[str, str]:
        return read(until={"selected_date": day.isoformat()})[1]

    assert wrong(FIRST) == wrong(LATEST) == {}
    assert "2026-03-02 to 2026-03-16" in wrong(FIRST - timedelta(days=1))["until"]
    assert set(wrong(LATEST + timedelta(days=1))) == {"until"}


def test_texts_are_cut_to_the_ledger_s_limits() -> None:
    request, wrong = read(reason={"value": "x" * 301}, ticket={"value": "y" * 101})
    assert (len(request.reason), len(request.ticket), wrong) == (300, 100, {})


def test_a_rule_with_a_long_name_is_offered_shortened_and_read_in_full() -> None:
    form = waiver_form("a/b/c/d", "bert", ["use-spot", LONG], most=LATEST)
    options = form["blocks"][0]["element"]["options"]
    assert [option["value"] for option in options] == [option["text"]["text"] for option in options]
    assert len(options[1]["value"]) == 75
    request, wrong = read(policy={"selected_option": {"value": options[1]["value"]}})
    assert (request.policy, wrong) == (LONG, {})


def test_the_form_contains_its_job_and_preselects_the_first_rule_and_the_latest_day() -> None:
    form = waiver_form("a/b/c/d", "bert", ["use-spot"], most=LATEST)
    assert (form["type"], form["callback_id"]) == ("modal", "spotwarden/waive")
    assert json.loads(form["private_metadata"]) == {"lineage": "a/b/c/d", "job": "bert"}
    blocks = {block["block_id"]: block for block in form["blocks"]}
    assert list(blocks) == ["policy", "reason", "ticket", "until"]
    assert all(block["element"]["action_id"] == name for name, block in blocks.items())
    assert blocks["policy"]["element"]["initial_option"]["value"] == "use-spot"
    assert blocks["until"]["element"]["initial_date"] == "2026-03-16"
    assert (blocks["reason"]["element"]["max_length"], blocks["ticket"]["element"]["max_length"]) == (300, 100)
    assert blocks["reason"]["element"]["multiline"] is True


def test_slack_takes_a_hundred_options_at_most() -> None:
    form = waiver_form("a/b/c/d", "bert", [f"rule-{n}" for n in range(120)], most=LATEST)
    assert len(form["blocks"][0]["element"]["options"]) == 100
