"""People without the right to read get no data about jobs from any command or button. Each command has a short response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller import wiring
from controller.ledger.entry import UserRequested
from infra.local.host import Host
from infra.local.slack.server import HOME, ME, Trouble, full_member
from infra.local.slack.users import Users
from tests.security.lab import entries, lab, launch, request, run
from tests.security.test_halt import ASKED_BY, card

PRESSED_BY = ", ".join(f"{request}: [U0LOCAL1, U0GUEST1]" for request in ("halt", "stop", "waive"))
POLICY = ASKED_BY % f"{PRESSED_BY}%s"
COMMANDS = ("job long", "savings", "savings vision", "savings 2026-10", "waivers", "dance", "job", "job no-such-job")
GUESTS: Mapping[str, Mapping[str, Any]] = {
    "U0GUEST1": {"is_restricted": True},
    "U0GUEST2": {"is_restricted": True, "is_ultra_restricted": True},
    "U0STRANGER1": {"is_stranger": True},
    "U0OTHERTEAM": {"team_id": "T9"},
    "U0GRIDAWAY": {"team_id": "E1", "enterprise_user": {"teams": ["T9"]}},
    "U0DELETED": {"deleted": True},
    "U0BOT": {"is_bot": True},
    "USLACKBOT": {},
    "U0SILENT": {"is_restricted": None},
    "U0ALIAS": {"id": "U0LOCAL1"},
    "U0WORKFLOW": {"is_workflow_bot": True},
    "U0CONNECTOR": {"is_connector_bot": True},
    "U0INWORDS": {"is_restricted": "false"},
    "U0PARTOFAWORD": {"team_id": "E1", "enterprise_user": {"teams": f"{HOME}X"}},
}


def test_only_the_readers_that_the_policy_names_may_read() -> None:
    """This test must be the first in the file, because only one host can run at a time."""
    with lab(POLICY % ", read: [U0GUEST1, S0READERS]") as host:
        people = host.slack.users
        assert people is not None
        host.slack.people |= {who: full_member(who, is_restricted=True) for who in ("U0GUEST1", "U0GUEST2")}
        host.slack.groups["S0READERS"] = ["U0GUEST2"]
        for who, reads in (("U0GUEST1", True), ("U0GUEST2", True), (ME, False)):
            people.command("waivers", user=who)
            assert people.ephemerals[-1].startswith("No waiver is in force.") is reads
        assert people.ephemerals[-1].startswith("You are not allowed to read about jobs")
        people.command("waivers", user="S0READERS")  # the id of a group in the policy is not a person
        assert not people.ephemerals[-1].startswith("No waiver")


@contextmanager
def deployed() -> Iterator[Host]:
    """A lab with two jobs, and Slack users of all kinds."""
    with lab(POLICY % "") as running:
        launch(running, request("warm-up", "ads", checkpoint=None, runtime_h=1, wait_h=2, work_s=300))
        run(running, minutes=1)
        launch(running, request("long", "vision", runtime_h=100, wait_h=120, work_s=300_000))
        run(running, hours=2)
        running.slack.people |= {who: full_member(who, **changes) for who, changes in GUESTS.items()}
        running.slack.people["U0GRID"] = full_member("U0GRID", team_id="E1", enterprise_user={"teams": ["T9", HOME]})
        yield running


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with deployed() as running:
        yield running


@pytest.fixture
def users(host: Host) -> Users:
    assert host.slack.users is not None
    host.slack.users.ephemerals.clear()
    host.slack.users.modals.clear()
    return host.slack.users


def tells_of_jobs(answer: str) -> bool:
    return any(word in answer for word in ("vision", "ml.", "running", "spot saved", "No waiver", "no training job", "November"))


@pytest.mark.parametrize(
    "who", [*GUESTS, "U0NOBODY", "", "members", "S0READERS", "U0LOCAL1\x00", "U0LOCAL1,U0GUEST1", "u0local1", "B0LOCAL1"]
)
@pytest.mark.parametrize("text", COMMANDS)
def test_guests_and_people_of_other_workspaces_get_no_job_data(host: Host, users: Users, who: str, text: str) -> None:
    form = {"command": "/spot", "text": text, "user_id": who, "n": f"{host.slack.calls.total()}"}
    response = users.app.command(form)
    assert response.status == 200
    answer = str(response.json()["text"])
    assert answer.startswith("Only full members of this workspace")
    assert not tells_of_jobs(answer)
    assert not tells_of_jobs(str(response.json()["blocks"]))


@pytest.mark.parametrize("who", [ME, "U0GRID"])
def test_full_members_read_also_where_the_workspace_is_one_of_an_organization(users: Users, who: str) -> None:
    users.command("job long", user=who)
    assert "*long*" in users.ephemerals[-1]
    users.command("job warm-up", user=who)
    assert "*warm-up*" in users.ephemerals[-1]


def test_a_user_who_may_not_read_sees_the_commands_but_not_the_halt(host: Host, users: Users) -> None:
    wiring.ports().ledger.halts.set_halt(None)
    users.command("help", user="U0GUEST1")
    before = users.ephemerals[-1]
    users.press(host.slack, card(host, "long").ts, "spotwarden/halt")
    try:
        users.command("help", user="U0GUEST1")
        assert users.ephemerals[-1] == before
        users.command("help")
        assert "Spotwarden is halted since" in users.ephemerals[-1]
    finally:
        wiring.ports().ledger.halts.set_halt(None)


def test_a_guest_who_may_stop_jobs_can_stop_one_and_reads_nothing_about_it(host: Host, users: Users) -> None:
    users.press(host.slack, card(host, "long").ts, "spotwarden/waive", user="U0GUEST1")
    assert users.ephemerals[-1].startswith("Only full members")
    assert users.modals == {}
    stop = card(host, "long")  # the card before the stop
    users.press(host.slack, stop.ts, "spotwarden/stop", user="U0GUEST1")
    assert users.ephemerals[-1] == "*long* is stopped within two minutes."
    host.slack.messages.append(stop)
    users.press(host.slack, stop.ts, "spotwarden/stop", user="U0GUEST1")
    assert users.ephemerals[-1].startswith("This is not possible now. Only full members")
    run(host, minutes=5)
    assert [entry.who for entry in entries(host, "long", UserRequested)] == ["U0GUEST1"]


def test_the_form_of_a_waiver_shows_a_guest_no_rule(host: Host, users: Users) -> None:
    view = {
        "callback_id": "spotwarden/waive",
        "private_metadata": '{"lineage": "123456789012/us-east-1/long/2026-11-16T00:01:00.000000Z", "job": "long"}',
    }
    users.app.interaction({"type": "view_submission", "user": {"id": "U0GUEST1"}, "view": view})
    heard = users.app.interaction({"type": "view_submission", "user": {"id": "U0GUEST1"}, "view": {**view, "n": 2}})
    assert next(iter(heard.json()["errors"].values())).startswith("Only full members")


@pytest.mark.parametrize("trouble", list(Trouble))
def test_a_user_whom_slack_does_not_describe_reads_nothing(host: Host, users: Users, trouble: Trouble) -> None:
    wiring.install(clock=host.clock)  # a container without cached users
    host.slack.trouble = trouble
    try:
        users.command("job long")
        assert users.ephemerals[-1].startswith("Slack did not say who you are")
    finally:
        host.slack.trouble = None
    users.command("job warm-up")
    assert "*warm-up*" in users.ephemerals[-1]  # a missing response is not cached


def test_slack_is_asked_once_in_a_few_minutes_and_a_demotion_is_heard(host: Host, users: Users) -> None:
    users.command("waivers")
    before = host.slack.calls["users.info"]
    for _ in range(3):
        users.command("waivers")
    assert host.slack.calls["users.info"] == before
    host.slack.people[ME] = full_member(ME, is_restricted=True)
    try:
        host.clock.at += timedelta(minutes=6)
        users.command("waivers")
        assert users.ephemerals[-1].startswith("Only full members")
    finally:
        host.slack.people[ME] = full_member(ME)
        host.clock.at += timedelta(minutes=2)


# ── whatever is typed ────────────────────────────────────────────────────────────────────────────────────────────────────────

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
TYPED = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["job", "savings", "waivers", "help", "JOB", "Savings"]).flatmap(
        lambda word: st.lists(st.text(max_size=30), max_size=4).map(lambda rest: " ".join([word, *rest]))
    ),
    st.from_regex(r"savings [0-9]{1,5}-[0-9]{1,3}", fullmatch=True),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TYPED)
@example("savings 9999-12")
@example("savings 0001-01")
@example("savings 2026-13")
@example("savings ²")
@example("savings \uff12\uff10\uff12\uff16-11")
@example("savings 2026-\u0661\u0661")
@example("job " + "a-" * 1500)
@example("job \uff4c\uff4f\uff4e\uff47")
@example("savings \u202e\x00")
@example("savings 2026-10 2026-09")
@example("savings a team of several words")
@example("job my_job_name")
@example("job " + "x" * 64)
@example("job -bad-")
@example(f"job {ARN}")
@example(f"job {ARN}my_job")
@example("job arn:aws:iam::123456789012:role/x")
@example("job 🎉")
@example("🎉🎉🎉")
@example("job ")
@example("job a b c")
@example("job \x00")
@example("job ../../etc")
@example("x" * 200_000)
@example("job " + "x" * 200_000)
@example("savings " + "x" * 200_000)
@example("savings " + " ".join(["team"] * 20_000))
@example("job <!channel>")
@example("job <https://x|long>")
@example("job long\r\nsavings")
@example("job \u2066long\u2069; savings")
@example("savings <!subteam^S0> " + "\u0661" * 500)
@example("\u202e" * 5000)
@example("waivers " + "x" * 10_000)
@example("\x00")
@example("")
def test_each_command_has_a_short_answer(users: Users, typed: str) -> None:
    form = {"command": "/spot", "text": typed, "user_id": ME, "trigger_id": users.new_trigger()}
    response = users.app.command(form)
    assert response.status == 200, (typed[:100], response)
    answer = str(response.json()["text"])
    assert 0 < len(answer) < 1500
    assert "could not be answered" not in answer
    assert "<!channel" not in answer


@pytest.mark.parametrize(
    "typed",
    [
        f"job {ARN}warm-up",
        "job `warm-up`",
        "job *warm-up*",
        "JOB warm-up",
        f'job "{ARN}warm-up"',
        "job  warm-up  ",
        "\ufeffjob \u202ewarm-up\u200b\x00",
        "job\u00a0warm-up",
        "job “warm-up”",
        "job ‘warm-up’",
    ],
)
def test_the_name_of_a_job_is_found_however_it_was_copied(users: Users, typed: str) -> None:
    users.command(typed)
    assert "*warm-up*" in users.ephemerals[-1]
    assert "Cost so far" in users.ephemerals[-1]


def test_the_arn_of_another_account_or_region_is_not_taken_for_a_job_here(users: Users) -> None:
    for account, region in (("123456789012", "eu-west-1"), ("999999999999", "us-east-1")):
        users.command(f"job {ARN.replace('123456789012', account).replace('us-east-1', region)}warm-up")
        here = "`/spot` here knows only jobs in account 123456789012 · us-east-1."
        assert users.ephemerals[-1] == f"That job is in account {account} · {region}, but {here}"
