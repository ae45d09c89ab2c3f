"""A stranger with the right to call AddTags can neither move nor stop other people's running jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.read_directives import read_directives
from controller.decide.user_requests import accepted_requests
from controller.jobs.job import Outcome
from controller.ledger.entry import DirectivesRead, Ended, UserRequested
from controller.ledger.intent import Announce
from controller.notifications.messages.catalogue import text_of
from controller.policy.slack_settings import SlackSettings
from controller.policy.user_request import UserRequest
from infra.local.host import Host
from infra.local.sagemaker.capacity import Steps
from infra.local.slack.message import Message
from tests import builders
from tests.builders import BEGIN
from tests.security.lab import MONDAY, entries, lab, launch, messages, request, run, status, texts
from tests.unit.decide.test_user_requests import STARTED

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
slack: {may: {accept-tags: [U0LOCAL1], stop: [U0LOCAL1]}}
resubmit:
  - name: again
    mode: enforce
    causes: {internal: {limit: 2}}
"""
WITHOUT = POLICY + "    deadline: {move_without_checkpoint: true}\n"
TIGHT = {"spotwarden:deadline": "2026-11-17T10:00:00Z", "spotwarden:expected-runtime": "30h"}


def add_tags(host: Host, job: str, tags: Mapping[str, str]) -> None:
    """Add tags, as anybody with sagemaker:AddTags on the job can."""
    host.world.jobs[job].tags.update(tags)


@contextmanager
def running(policy: str, **plan: object) -> Iterator[Host]:
    """A lab in which a spot job of another team has trained for an hour."""
    with lab(policy) as host:
        launch(host, request("victim", "vision", **({"runtime_h": 60, "wait_h": 80, "work_s": 100_000} | plan)))
        run(host, hours=1)
        yield host


@pytest.mark.parametrize("policy", [POLICY, WITHOUT], ids=["default", "move_without_checkpoint"])
def test_tags_that_a_stranger_adds_do_not_stop_a_running_job(policy: str) -> None:
    with running(policy, checkpoint=None) as host:
        add_tags(host, "victim", TIGHT)
        run(host, hours=30)
        assert status(host, "victim") == "Completed"
        assert [job for job in host.world.jobs if job != "victim"] == []
        told = [message.text for message in messages(host) if "were changed and are not in force" in message.text]
        assert len(told) == 1
        assert "spotwarden:deadline=2026-11-17T10:00:00Z" in told[0]
        assert "The policy names who may do so" in told[0]


RULES = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: say-cost, rule: tags-required, options: {tags: [cost]}, mode: enforce, action: stop}
  - {name: research-on-spot, rule: spot-required, match: {tags: {team: research}}, mode: enforce, action: stop}
  - {name: short, rule: max-runtime-limit, options: {at_most: 20h}, mode: enforce, action: stop}
longest_waiver: 30d
waivers:
  - {name: by-tag, rule: short, match: {tags: {team: vision}}, reason: a long run, owner: ada, ticket: A-1, expires: 2026-12-10}
"""


def test_a_rule_stops_no_job_for_tags_that_somebody_changed_after_they_were_read() -> None:
    """The stranger empties a required tag, or sets a team that a rule selects, or one that a waiver does not select."""
    with lab(RULES) as host:
        launch(host, request("warm-up", "vision", runtime_h=1, work_s=300, tags={"cost": "1"}))
        run(host, minutes=1)
        launch(host, request("victim", "vision", spot=False, runtime_h=60, work_s=20_000, tags={"cost": "1"}))
        for name, tags in (("costless", {"cost": ""}), ("of-research", {"cost": "1", "team": "research"})):
            launch(host, request(name, "vision", spot=False, runtime_h=10, work_s=20_000, tags=tags))
        run(host, hours=1)
        assert [status(host, name) for name in ("victim", "costless", "of-research")] == ["InProgress", "Stopped", "Stopped"]
        add_tags(host, "victim", {"cost": "", "team": "research"})
        run(host, hours=8)
        assert status(host, "victim") == "Completed"
        assert '*victim* breaks the rule "say-cost"' in texts(host)


def test_removed_tags_stay_in_force() -> None:
    """The owner's deadline is kept although somebody deletes its tag."""
    none = lambda pool: Steps(MONDAY, [(0.0, 0)], period_s=90 * 86_400.0)  # noqa: E731  # one line says it
    with lab(POLICY, capacity_of=none) as host:
        tags = {"spotwarden:deadline": "2026-11-16T08:00:00Z", "spotwarden:expected-runtime": "1h"}
        launch(host, request("owner", "vision", runtime_h=10, wait_h=20, work_s=3000, tags=tags))
        run(host, hours=1)
        for tag in tags:
            del host.world.jobs["owner"].tags[tag]
        run(host, hours=7)
        assert "*owner* is moved to on-demand" in texts(host)


def test_a_family_that_a_stranger_names_counts_for_nothing() -> None:
    with running(POLICY) as host:
        add_tags(host, "victim", {"spotwarden:family": "theirs"})
        run(host, hours=40)
        [ended] = entries(host, "victim", Ended)
        assert ended.outcome == "completed"
        [read] = [e for e in entries(host, "victim", DirectivesRead) if e.number == 0]
        assert read.family is None


def test_an_owner_that_a_stranger_names_later_keeps_no_job_from_being_submitted_again() -> None:
    """If somebody removes such a tag later, the job is not submitted in addition to its owner's own retry."""
    with lab(POLICY) as host:
        failing: dict[str, Any] = {
            "work_s": 9000, "fails_with": "InternalServerError: We encountered an internal error.", "fails_in": "training",
            "fails_after_s": 2400,
        }  # fmt: skip
        launch(host, request("victim", "vision", **failing))
        launch(host, request("stepped", "vision", tags={"MANAGED_BY_AWS": ""}, **failing))
        run(host, minutes=30)
        add_tags(host, "victim", {"MANAGED_BY_AWS": "", "sagemaker:notebook-job-origin": "true"})
        del host.world.jobs["stepped"].tags["MANAGED_BY_AWS"]
        run(host, minutes=50)
        assert status(host, "victim") == status(host, "stepped") == "Failed"
        assert [name.partition("-")[0] for name in host.world.jobs] == ["victim", "stepped", "victim", "victim"]
        assert "MANAGED_BY_AWS" not in host.world.jobs[max(host.world.jobs)].tags
        assert "belongs to Step Functions, which may retry it" in texts(host)


def test_a_change_takes_effect_when_the_person_of_the_policy_accepts_the_one_that_was_shown() -> None:
    with running(WITHOUT, checkpoint=None) as host:
        add_tags(host, "victim", TIGHT)
        run(host, hours=2)
        shown = _card(host, "victim")
        assert "You are not allowed" in _press(host, shown, user="U0LOCAL2")
        add_tags(host, "victim", {"spotwarden:expected-runtime": "28h"})
        run(host, hours=2)
        assert "were changed again" in _press_before(host, shown, change=1)
        assert "take effect" in _press_before(host, shown, change=2)
        run(host, hours=3)
        assert "*victim* is moved to on-demand" in texts(host)
        assert "of training are lost" in texts(host)


FIRST = DirectivesRead(job="bert", at=BEGIN, team="vision", number=0, deadline="2026-03-03T09:00Z")
CHANGE = replace(FIRST, number=1, deadline=None, resubmit="never")
AGAIN = replace(FIRST, number=2, deadline="2026-03-03T01:00Z")
TAKEN_BACK = replace(FIRST, number=2)
APPROVAL = UserRequested(
    job="bert", at=BEGIN + timedelta(minutes=50), team=None, request=UserRequest.ACCEPT_TAGS, who="U0LOCAL1", number=1
)
ENDED = Ended(
    job="bert", at=BEGIN, team="vision", outcome=Outcome.FAILED, seen_at=BEGIN, failure="", spot=True,
    instance_type="ml.g5.xlarge", region="us-east-1",
)  # fmt: skip


def approved(
    *waiting: UserRequested, after: tuple[Any, ...] = (CHANGE,), may: tuple[str, ...] = ("U0LOCAL1", "U0LOCAL3")
) -> list[str]:
    """Who approved a change of tags, after the next look at the job."""
    rules = builders.policy(slack=SlackSettings(may={UserRequest.ACCEPT_TAGS: may} if may else {}))
    known = builders.lineage(entries=(STARTED, FIRST, *after))
    taken = accepted_requests(waiting, known, rules, BEGIN + timedelta(hours=1))
    return [one.who for one in taken if isinstance(one, UserRequested) and one.number == 1]


def test_only_the_change_that_was_shown_is_accepted_and_only_by_whom_the_policy_lists() -> None:
    assert approved(APPROVAL) == ["U0LOCAL1"]
    for wrong in (
        replace(APPROVAL, who="U0GUEST"),
        replace(APPROVAL, who="u0local1"),
        replace(APPROVAL, who="U0LOCAL1 "),
        replace(APPROVAL, who=""),
        replace(APPROVAL, number=0),
        replace(APPROVAL, number=2),
        replace(APPROVAL, number=-1),
        replace(APPROVAL, job="gpt"),
        replace(APPROVAL, request=UserRequest.WAIVE),
        replace(APPROVAL, at=BEGIN - timedelta(days=2)),
    ):
        assert approved(wrong) == [], wrong
    assert approved(APPROVAL, may=()) == []


def test_a_change_is_accepted_once_and_not_after_it_was_changed_again_taken_back_or_the_job_ended() -> None:
    other = replace(APPROVAL, who="U0LOCAL3", at=APPROVAL.at + timedelta(minutes=1))
    assert approved(other, APPROVAL) == ["U0LOCAL1"]
    assert approved(APPROVAL, after=(CHANGE, AGAIN)) == []
    assert approved(APPROVAL, after=(CHANGE, TAKEN_BACK)) == []
    assert approved(APPROVAL, after=(CHANGE, ENDED)) == []
    assert approved(other, after=(CHANGE, APPROVAL)) == []


def test_the_message_about_a_change_shows_all_of_it() -> None:
    """A long value does not hide another value that is accepted with it."""
    values = {"spotwarden:deadline": "d" * 256, "spotwarden:family": "f" * 256, "spotwarden:resubmit": "never"}
    about = builders.facts(
        builders.job(tags={"team": "vision", **values}), now=BEGIN + timedelta(minutes=10),
        lineage=builders.lineage(entries=(FIRST,)),
    )  # fmt: skip
    [said] = read_directives(about).intents
    assert isinstance(said.action, Announce)
    body = text_of(said.action.kind, said.action.facts).body
    for key, value in values.items():
        assert f"{key}={value}" in body


def test_a_running_job_without_a_checkpoint_is_moved_only_where_the_policy_says_so() -> None:
    for policy, moved in ((POLICY, False), (WITHOUT, True)):
        with running(policy, checkpoint=None, tags=TIGHT) as host:
            run(host, hours=20)
            assert ("*victim* is moved to on-demand" in texts(host)) is moved
            assert ("a move would lose" in texts(host)) is not moved
            assert "continues from" not in texts(host)


def _card(host: Host, name: str) -> Message:
    return next(m for m in messages(host) if m.thread_ts is None and f"*{name}*" in m.text)


def _press(host: Host, card: Message, user: str = "") -> str:
    """Press Accept tags in a job's message. Returns the response to the person."""
    users = host.slack.users
    assert users is not None
    assert users.press(host.slack, card.ts, "spotwarden/accept-tags", user).status == 200
    return users.ephemerals[-1]


def _press_before(host: Host, card: Message, change: int) -> str:
    """Press the button as the person saw it, with that change, although the message may show another one now."""
    users = host.slack.users
    assert users is not None
    found = next(m for m in host.slack.messages if m.ts == card.ts)
    for block in found.blocks:
        for element in block.get("elements", ()):
            if isinstance(element, dict) and element.get("action_id") == "spotwarden/accept-tags":
                element["value"] = json.dumps(json.loads(element["value"]) | {"change": change})
    return _press(host, card)
