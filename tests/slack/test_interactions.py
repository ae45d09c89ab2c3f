"""A click becomes an entry, and the controller acts on it: through Chalice's own routing, with Slack's own signature."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller import wiring
from controller.ledger.entry import UserRequested, Waived
from infra.local.demo.scenario import MONDAY
from infra.local.host import Host
from infra.local.slack.users import Users
from tests.slack.conftest import card, later, offered


def asked(host: Host) -> list[UserRequested]:
    entries = wiring.ports().ledger.journal.entries(MONDAY, host.clock.at + timedelta(days=1))
    return [entry for entry in entries if isinstance(entry, UserRequested)]


def test_a_move_that_a_rule_forbids_is_refused_with_its_finding_and_the_job_keeps_running(host: Host, users: Users) -> None:
    users.press(host.slack, card(host, "keeper").ts, "spotwarden/on-demand")
    later(host)
    assert [name for name in host.world.jobs if name.startswith("keeper")] == ["keeper"]
    assert host.world.jobs["keeper"].status == "InProgress"
    told = next(m.text for m in host.slack.messages if "is not moved to on-demand" in m.text)
    assert "It would break spot-first (EnableManagedSpotTraining is" in told
    assert "Waive spot-first for this job" in told


def test_a_user_without_permission_is_told_who_has_it(host: Host, users: Users) -> None:
    users.press(host.slack, card(host, "ranker-patient").ts, "spotwarden/stop", user="U0STRANGER")
    assert users.ephemerals[-1] == "You are not allowed to do this (stop). The policy allows it for: <@U0LOCAL1>."


def test_a_waiver_needs_a_reason_a_ticket_and_an_end_that_the_policy_allows(host: Host, users: Users) -> None:
    users.press(host.slack, card(host, "ranker-patient").ts, "spotwarden/waive")
    [(view_id, view)] = users.modals.items()
    rule = view["blocks"][0]["element"]["options"][0]["value"]
    users.submit(view_id, {"policy": rule, "reason": " ", "ticket": "", "until": "2030-01-01"})
    assert sorted(users.modals[view_id]["errors"]) == ["reason", "ticket", "until"]
    until = (host.clock.at + timedelta(days=3)).date().isoformat()
    assert users.submit(view_id, {"policy": rule, "reason": "long data", "ticket": "ML-7", "until": until}).status == 200
    assert not users.modals
    later(host, 0.05)  # the next sweep takes it in
    [waived] = list(wiring.ports().ledger.waivers.in_force(host.clock.at))
    assert isinstance(waived, Waived)
    assert (waived.policy, waived.reason, waived.ticket, waived.who) == (rule, "long data", "ML-7", "U0LOCAL1")
    users.command("waivers")
    assert "long data" in users.ephemerals[-1]


def test_the_command_shows_the_state_of_a_job_and_the_savings(host: Host, users: Users) -> None:
    users.command("job ranker-patient")
    assert "*ranker-patient*" in users.ephemerals[-1]
    users.command("job no-such-job")
    assert users.ephemerals[-1] == "SageMaker has no training job *no-such-job* in account 123456789012 · us-east-1."
    users.command("job arn:aws:sagemaker:eu-west-1:222222222222:training-job/bert")
    assert users.ephemerals[-1] == (
        "That job is in account 222222222222 · eu-west-1, but `/spot` here knows only jobs in account 123456789012 · us-east-1."
    )
    users.command("savings")
    assert "November 2026" in users.ephemerals[-1]
    users.command("savings 2026-13")
    assert "is not a month" in users.ephemerals[-1]
    users.command("dance <!channel>")
    assert users.ephemerals[-1].startswith("Unknown command `dance`")


def test_a_halt_pauses_everything_and_names_who_started_it(host: Host, users: Users) -> None:
    try:
        users.press(host.slack, card(host, "ranker-patient").ts, "spotwarden/halt")
        halt = wiring.ports().ledger.halts.halt()
        assert users.ephemerals[-1].startswith("Halted")
        assert halt is not None
        assert (halt.who, halt.why) == ("U0LOCAL1", "Halt was pressed in Slack, on the message of ranker-patient")
    finally:
        wiring.ports().ledger.halts.set_halt(None)


def test_try_again_submits_a_job_that_was_given_up(host: Host, users: Users) -> None:
    message = card(host, "planner-internal")
    assert "try-again" in offered(message)
    before = len(host.world.jobs)
    assert users.press(host.slack, message.ts, "spotwarden/try-again").status == 200
    assert "is submitted again" in users.ephemerals[-1]
    later(host)
    assert len(host.world.jobs) == before + 1
    assert [(entry.who, entry.request) for entry in asked(host) if entry.job.startswith("planner")] == [("U0LOCAL1", "try-again")]


def test_a_second_click_is_answered_and_changes_nothing(host: Host, users: Users) -> None:
    message = card(host, "stopper")
    users.press(host.slack, message.ts, "spotwarden/stop")
    users.press(host.slack, message.ts, "spotwarden/stop", user="U0LOCAL1")
    assert users.ephemerals[-1].startswith("<@U0LOCAL1> already requested this")
    later(host, 0.05)
    assert sum(entry.job == "stopper" for entry in asked(host)) == 1


def test_a_requested_stop_stops_the_job_for_good(host: Host, users: Users) -> None:
    later(host, 1)
    assert host.world.jobs["stopper"].status == "Stopped"
    later(host, 8)
    assert [name for name in host.world.jobs if name.startswith("stopper")] == ["stopper"]


def test_a_job_is_moved_to_on_demand_from_its_checkpoint(host: Host, users: Users) -> None:
    users.press(host.slack, card(host, "mover").ts, "spotwarden/on-demand")
    later(host, 2)
    [moved] = [job for name, job in host.world.jobs.items() if name.startswith("mover-")]
    assert not moved.spot
    assert host.world.jobs["mover"].status == "Stopped"


def test_a_click_on_an_older_attempt_names_the_newer_one(host: Host, users: Users) -> None:
    message = card(host, "mover")
    old = message.blocks
    button = {"type": "button", "text": {"type": "plain_text", "text": "Stop"}, "action_id": "spotwarden/stop"}
    [value] = {e["value"] for b in old if b["type"] == "actions" for e in b["elements"]} or {""}
    stale = value.replace(next(n for n in host.world.jobs if n.startswith("mover-")), "mover")
    block = {"type": "actions", "elements": [{**button, "value": stale}]}
    host.slack.messages.append(replace(message, ts="9.9", blocks=(block,)))
    users.press(host.slack, "9.9", "spotwarden/stop")
    assert "already has a newer attempt: *mover-" in users.ephemerals[-1]
