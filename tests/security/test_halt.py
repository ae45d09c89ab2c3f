"""Each press of the halt button halts, in any state of the job whose message has the button."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from unicodedata import category

import pytest

from controller import wiring
from controller.cli import main
from controller.ledger.entry import UserRequested, Waived
from controller.ledger.halt import Halt
from infra.local.host import TABLE, Host
from infra.local.slack.message import Message
from infra.local.slack.users import Users
from tests.security.lab import entries, lab, launch, messages, request, run, status

ASKED_BY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: short-wait, rule: max-wait-limit, options: {at_most: 1h}, mode: warn}
slack:
  tell: all
  may: {%s}
"""
POLICY = ASKED_BY % "halt: [U0LOCAL1], stop: [U0LOCAL1], waive: [U0LOCAL1]"
HOSTILE = "the\x00 policy\x1b[2J\nstops\u202e everything\u200b \x9b31m" + "!" * 2000


@contextmanager
def deployed() -> Iterator[Host]:
    """A lab with one finished and one running job."""
    with lab(POLICY) as running:
        launch(running, request("warm-up", "ads", checkpoint=None, runtime_h=1, wait_h=2, work_s=300))
        run(running, minutes=1)
        launch(running, request("long", "vision", runtime_h=100, wait_h=120, work_s=300_000))
        run(running, minutes=10)
        yield running


@pytest.fixture
def host() -> Iterator[Host]:
    with deployed() as running:
        yield running


def users_of(host: Host) -> Users:
    assert host.slack.users is not None
    return host.slack.users


def halt() -> Halt | None:
    return wiring.ports().ledger.halts.halt()


def card(host: Host, name: str) -> Message:
    return next(m for m in messages(host) if m.thread_ts is None and f"*{name}*" in m.text)


def press_halt(host: Host, ts: str) -> str:
    """Press the button. Returns the response to the person."""
    assert users_of(host).press(host.slack, ts, "spotwarden/halt").status == 200
    return users_of(host).ephemerals[-1]


def resume() -> str:
    """Resume from the command line. Returns the output."""
    with redirect_stdout(StringIO()) as printed:
        assert main(["resume", "--table", TABLE]) == 0
    return printed.getvalue().strip()


HALTED = "Halted: all actions and messages in this account are paused. Recording continues. To resume: `spotwarden resume`"
TRANSCRIPT = [
    HALTED, "resumed; it was halted since 2026-11-16 00:11 UTC by U0LOCAL1: Halt was pressed in Slack, on the message of long",
    HALTED, "resumed; it was halted since 2026-11-16 00:21 UTC by U0LOCAL1: Halt was pressed in Slack, on the message of long",
    HALTED, "resumed; it was halted since 2026-11-16 00:31 UTC by U0LOCAL1: Halt was pressed in Slack, on the message of long",
]  # fmt: skip


def test_a_halt_holds_each_of_three_times_that_it_is_pressed_with_a_resume_in_between(host: Host) -> None:
    said: list[str] = []
    for _ in range(3):
        assert halt() is None
        said.append(press_halt(host, card(host, "long").ts))
        called = halt()
        assert called is not None
        assert (called.who, called.why, called.since) == (
            "U0LOCAL1",
            "Halt was pressed in Slack, on the message of long",
            host.clock.at,
        )
        said.append(resume())
        run(host, minutes=10)
    assert said == TRANSCRIPT
    assert entries(host, "long", UserRequested) == []  # a halt is no request about a job, so it leaves no entry


def test_a_repeated_halt_names_who_started_it_first_and_keeps_the_reason(host: Host) -> None:
    assert main(["halt", "--table", TABLE, "--why", "incident 4711", "--who", "ada"]) == 0
    told = press_halt(host, card(host, "long").ts)
    assert told.startswith("Already halted since ")
    assert "by ada: incident 4711" in told
    called = halt()
    assert called is not None
    assert called.why == "incident 4711"


def test_a_halt_that_is_called_again_on_the_command_line_keeps_its_reason_and_says_so(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    press_halt(host, card(host, "long").ts)
    first = halt()
    run(host, minutes=10)
    assert main(["halt", "--table", TABLE, "--why", "another reason", "--who", "eve"]) == 0
    assert halt() == first
    told = capsys.readouterr().out
    assert "already halted since 2026-11-16 00:11 UTC by U0LOCAL1: Halt was pressed in Slack, on the message of long;" in told
    assert "; this reason is kept" in told


@pytest.mark.parametrize("readable", [True, False])
def test_a_halt_row_with_an_expiry_becomes_permanent_once_somebody_halts(host: Host, readable: bool) -> None:
    """An attacker who controls the API's function may write the halt's row, with a time at which DynamoDB deletes it."""
    press_halt(host, card(host, "long").ts)
    dynamodb = wiring.client("dynamodb")
    [row] = [row for row in dynamodb.scan(TableName=TABLE)["Items"] if row["pk"]["S"] == "halt"]
    kept_of = {name: value for name, value in row.items() if readable or name in ("pk", "sk")}
    dynamodb.put_item(TableName=TABLE, Item={**kept_of, "expires_at": {"N": "1"}})
    assert main(["halt", "--table", TABLE, "--why", "incident", "--who", "ada"]) == 0
    [kept] = [row for row in dynamodb.scan(TableName=TABLE)["Items"] if row["pk"]["S"] == "halt"]
    assert "expires_at" not in kept
    called = halt()
    assert called is not None
    assert called.why == ("Halt was pressed in Slack, on the message of long" if readable else "incident")


def test_a_halt_can_be_called_from_the_message_of_a_job_that_is_finished(host: Host) -> None:
    run(host, hours=2)
    assert status(host, "warm-up") == "Completed"
    assert press_halt(host, card(host, "warm-up").ts).startswith("Halted: ")
    assert halt() is not None


@pytest.mark.parametrize(
    "whose",
    [
        {"lineage": "123456789012/us-east-1/never-seen/2020-01-01T00:00:00.000000Z", "job": "never-seen"},
        {"job": "an-older-attempt"},
        {"job": "x" * 3000},
    ],
)
def test_a_halt_can_be_started_from_a_message_about_an_unknown_job(host: Host, whose: dict[str, str]) -> None:
    message = card(host, "long")
    value = next(e["value"] for b in message.blocks if b["type"] == "actions" for e in b["elements"])
    button = {"type": "button", "action_id": "spotwarden/halt", "value": json.dumps({**json.loads(value), **whose})}
    host.slack.messages.append(replace(message, ts="9.9", blocks=({"type": "actions", "elements": [button]},)))
    assert press_halt(host, "9.9").startswith("Halted: ")
    called = halt()
    assert called is not None
    assert len(called.why) <= 500


def test_a_halt_that_the_ledger_did_not_answer_is_pressed_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """A press is one write. Whether it took effect or not, pressing again results in a halt."""
    with monkeypatch.context() as broken:
        broken.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
        wiring.install(clock=host.clock)
        told = press_halt(host, card(host, "long").ts)
    wiring.install(clock=host.clock)
    assert "did not answer in time" in told
    assert "unknown" in told
    assert press_halt(host, card(host, "long").ts).startswith("Halted: ")
    assert halt() is not None


def test_during_a_halt_nothing_is_stopped_and_the_halt_is_the_only_write(host: Host) -> None:
    before = wiring.client("dynamodb").scan(TableName=TABLE)["Items"]
    press_halt(host, card(host, "long").ts)
    after = wiring.client("dynamodb").scan(TableName=TABLE)["Items"]
    new = {row["pk"]["S"].partition("#")[0] for row in after if row not in before}
    assert new == {"halt", "once"}  # once: the row that marks Slack's signature as used


def test_the_reason_of_a_halt_is_bounded_and_has_no_control_characters(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["halt", "--table", TABLE, "--why", HOSTILE, "--who", HOSTILE]) == 0
    called = halt()
    assert called is not None
    assert called.why.startswith("the policy[2J stops everything 31m!!!")
    assert (len(called.why), len(called.who)) == (500, 100)
    assert not any(category(c) in ("Cc", "Cf") for c in called.why + called.who + capsys.readouterr().out.rstrip("\n"))
    assert main(["halt", "--table", TABLE, "--why", "\x00\u200b\n"]) == 2


@pytest.mark.parametrize("who", ["", " \n", "\u200b\x00", "\u202e"])
def test_a_halt_names_somebody_whatever_name_is_given(host: Host, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada\x1b[2J")
    assert main(["halt", "--table", TABLE, "--why", "x", "--who", who]) == 0
    called = halt()
    assert called is not None
    assert called.who == "ada[2J"


def test_a_reason_that_is_cut_in_half_a_character_still_halts(host: Host) -> None:
    assert main(["halt", "--table", TABLE, "--why", "broken \udc80 terminal", "--who", "\ud800"]) == 0
    called = halt()
    assert called is not None
    assert called.why == "broken terminal"


def test_the_texts_of_a_waiver_are_limited_and_have_no_control_characters(host: Host) -> None:
    people = users_of(host)
    people.press(host.slack, card(host, "long").ts, "spotwarden/waive")
    [(view_id, view)] = people.modals.items()
    rule = view["blocks"][0]["element"]["options"][0]["value"]
    until = host.clock.at.date().isoformat()
    assert people.submit(view_id, {"policy": rule, "reason": "\x07", "ticket": "\u200b", "until": until}).status == 200
    assert sorted(people.modals[view_id]["errors"]) == ["reason", "ticket"]
    people.submit(view_id, {"policy": rule, "reason": HOSTILE, "ticket": HOSTILE, "until": until})
    assert not people.modals
    run(host, minutes=3)
    [waived] = entries(host, "long", Waived)
    assert waived.reason.startswith("the policy[2J stops everything 31m!!!")
    assert (len(waived.reason), len(waived.ticket)) == (300, 100)
    assert not any(category(c) in ("Cc", "Cf") for c in waived.reason + waived.ticket)
