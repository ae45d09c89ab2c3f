"""``spotwarden status`` shows messages that wait or were set aside; ``redrive`` sends them, through the real handlers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller import wiring
from controller.cli import main
from controller.cli.status import READ_MAX, SHOWN_MAX, as_text, status_of
from controller.decide.decision import Decision
from controller.ledger.intent import Intent, Wake
from controller.runtime.ports.ledger import Overdue
from controller.runtime.ports.outbox import Message
from controller.runtime.read_events import Trigger
from infra.local.host import Host
from tests.builders import BEGIN, lineage, lineage_id
from tests.security import lab as attacks
from tests.simulation.memory import MemoryLedger, MemoryOutbox

POLICY = "version: 1\nslack: {tell: all}\nrules: [{name: spot, rule: spot-required, mode: warn, options: {runtime_over: 1m}}]\n"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def host() -> Iterator[Host]:
    with attacks.lab(POLICY) as deployed:
        yield deployed


def status(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["status", "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_slack_refuses_is_shown_and_sent_once_it_is_redriven(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.slack.refuses = "some_error_that_is_new"
    attacks.launch(host, attacks.request("bert", "vision", spot=False))
    attacks.run(host, minutes=45)
    found = status(capsys)
    assert [(one["what"], one["job"]) for one in found["set_aside"]] == [("finished", "bert")]
    assert "some_error_that_is_new" in found["set_aside"][0]["why"]
    assert found["waiting"] == []
    assert found["policy"]["revision"] == wiring.ports().policies.current().revision
    host.slack.refuses = ""
    assert main(["redrive"]) == 0
    assert capsys.readouterr().out == "1 message queued again, to be sent within two minutes\n"
    assert status(capsys)["waiting"] == [{"channel": "#ml-spot", "waiting": 1, "oldest_s": 0}]
    host.bus.fire("drain")
    assert "bert" in attacks.texts(host)
    found = status(capsys)
    assert (found["set_aside"], found["waiting"]) == ([], [])
    assert main(["redrive"]) == 0
    assert capsys.readouterr().out == "no message was set aside\n"


def test_a_halt_is_shown_with_who_called_it_and_how_it_ends(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "halt       none\n" in capsys.readouterr().out
    assert main(["halt", "--why", "the wrong jobs stop", "--who", "ada"]) == 0
    assert status(capsys)["halt"]["why"] == "the wrong jobs stop"
    assert main(["status"]) == 0
    assert "by ada: the wrong jobs stop; spotwarden resume ends it\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], "found nothing to send again, wanted --table for messages, or --queue for dead letters"),
        (["--function", "JobChanged"], "found --function without --queue, wanted the stack's output DeadLetters"),
    ],
)
def test_redrive_says_what_it_needs(
    arguments: list[str], wanted: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPOTWARDEN_TABLE", raising=False)
    assert main(["redrive", *arguments]) == 2
    assert wanted in capsys.readouterr().err


def queued(number: int, at: Any = BEGIN, channel: str = "#ml") -> Message:
    return Message(key=f"note/{number}", channel=channel, at=at, words=("hello",), topic="note/hello")


def test_overdue_work_and_what_waits_are_shown_with_the_age_of_the_oldest() -> None:
    ledger, outbox = MemoryLedger(), MemoryOutbox()
    wake = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN)
    assert ledger.commit(lineage(), Decision(intents=(wake, replace(wake, action=Wake(about="gpt", at=BEGIN)))))
    ledger.note_failing(
        Overdue(trigger=Trigger(job="bert", lineage=lineage_id()), key=wake.key, trigger_at=BEGIN),
        BEGIN + MINUTE,
        "it\x1b[2J raised",
    )
    for number in range(3):
        outbox.put(queued(number, BEGIN + number * MINUTE))
    outbox.put(queued(9, BEGIN + 9 * MINUTE, "#other"))
    now = BEGIN + timedelta(hours=3)
    text = as_text(status_of(ledger, outbox, now), now)
    assert "work       2 intents due, the oldest for 3 h\n" in text
    assert "failing    1 trigger; each is tried again every five minutes\n" in text
    assert f"  bert since {BEGIN:%Y-%m-%d %H:%M} UTC: it[2J raised\n" in text
    assert "  #ml     3 messages, the oldest for 3 h\n  #other  1 message, the oldest for 2 h 51 min\n" in text
    assert text.endswith("set aside  none")


def test_a_long_list_is_cut_and_says_so() -> None:
    ledger, outbox = MemoryLedger(), MemoryOutbox()
    for number in range(READ_MAX + 5):
        outbox.put(queued(number))
    for number in range(SHOWN_MAX + 2):
        outbox.set_aside(queued(number, channel="#no"), "no\nway")
    text = as_text(status_of(ledger, outbox, BEGIN), BEGIN)
    assert f"at least {READ_MAX:,} messages" in text
    assert text.endswith("note/hello: no way\n  and 2 more; --format json has all")


def test_an_installation_that_has_not_run_yet_has_no_policy() -> None:
    text = as_text(status_of(MemoryLedger(), MemoryOutbox(), BEGIN), BEGIN)
    assert text.splitlines() == [
        "halt       none", "policy     none was used yet", "work       nothing is overdue",
        "messages   none wait", "set aside  none",
    ]  # fmt: skip
