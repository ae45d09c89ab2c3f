"""A waiting attempt is called off exactly once, by people whom the policy allows. A stranger's tag calls nothing off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller import wiring
from controller.cli import main
from controller.ledger.entry import Finished, UserRequested
from controller.ledger.intent import IntentResult, Submit
from infra.local import aws
from infra.local.bus import envelope
from infra.local.host import Host
from infra.local.slack.message import Message
from tests.security.lab import entries, lab, launch, lineage_id, lineage_of, messages, next_name, request, run, texts

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
slack: {may: {cancel: [U0LOCAL1], stop: [U0LOCAL1], try-again: [U0LOCAL1], accept-tags: [U0LOCAL1]}}
resubmit:
  - name: again
    mode: enforce
    causes: {internal: {limit: 2, backoff: {first: 2h, factor: 1, most: 2h}}}
"""


@contextmanager
def waiting(**plan: object) -> Iterator[Host]:
    """A lab in which a job has failed, and its next attempt waits for two hours."""
    with lab(POLICY) as host:
        launch(host, request("bert", "vision", **({"fails_with": "internal", "fails_after_s": 600} | plan)))
        run(host, hours=1)
        yield host


def card(host: Host, name: str = "bert") -> Message:
    return next(m for m in messages(host) if m.thread_ts is None and f"*{name}*" in m.text)


def press(host: Host, act: str = "cancel", user: str = "") -> str:
    """Press a button in the job's message. Returns the response to the person."""
    users = host.slack.users
    assert users is not None
    users.press(host.slack, card(host).ts, f"spotwarden/{act}", user)
    return users.ephemerals[-1]


def told(host: Host) -> int:
    """The number of replies in the thread that say that the job is not submitted again. The card may repeat it."""
    return sum(m.thread_ts is not None and "*bert* is not submitted again" in m.text for m in messages(host))


def submits(host: Host) -> list[tuple[int, IntentResult | None]]:
    """The attempts in the ledger, each with its result."""
    found = ((i.action, i.closed) for i in lineage_of(host, "bert").intents)
    return [(action.number, closed) for action, closed in found if isinstance(action, Submit)]


def test_the_button_calls_off_what_waits_for_whom_the_policy_lets() -> None:
    with waiting() as host:
        assert submits(host) == [(2, None)]
        assert press(host, user="U0STRANGER").startswith("You are not allowed to do this (cancel)")
        assert press(host) == "The waiting attempt of *bert* is cancelled, unless it is being submitted at this moment."
        assert press(host).startswith("<@U0LOCAL1> already requested this at ")
        run(host, hours=6)
        assert list(host.world.jobs) == ["bert"]
        assert submits(host) == [(2, IntentResult.WITHDRAWN)]
        assert [entry.outcome for entry in entries(host, "bert", Finished)] == ["internal"]
        assert told(host) == 1
        assert f"<@U0LOCAL1> cancelled attempt {next_name(host, 'bert')}." in texts(host)


@pytest.mark.parametrize("name", ["the job", "the attempt that waits", "an ARN"])
def test_the_command_calls_off_what_waits_at_once_and_says_where_nothing_does(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with waiting() as host:
        arn = f"arn:aws:sagemaker:{aws.REGION}:{aws.ACCOUNT}:training-job/bert"
        job = {"the job": "bert", "the attempt that waits": next_name(host, "bert"), "an ARN": arn}[name]
        assert main(["cancel", job, "--why", "the data\nis wrong", "--who", "ada"]) == 0
        assert capsys.readouterr().out == f"{next_name(host, 'bert')} is cancelled: bert is not submitted again automatically\n"
        assert submits(host) == [(2, IntentResult.WITHDRAWN)]
        assert main(["cancel", job]) == 1
        said = "no attempt waits after bert (it failed with an internal error of SageMaker); nothing was changed\n"
        assert capsys.readouterr().out == said
        run(host, hours=6)
        assert list(host.world.jobs) == ["bert"]
        [asked] = entries(host, "bert", UserRequested)
        assert (asked.who, asked.why, asked.number) == ("ada", "the data is wrong", 2)
        assert "ada cancelled attempt" in texts(host)
        assert "Reason: the data is wrong." in texts(host)


def test_a_click_and_the_command_call_off_one_attempt_once() -> None:
    with waiting() as host:
        press(host)
        assert main(["cancel", "bert", "--who", "ada"]) == 0
        run(host, hours=6)
        assert [entry.who for entry in entries(host, "bert", UserRequested)] == ["ada"]
        assert told(host) == 1


def test_a_click_that_waits_holds_although_the_attempt_is_due_before_it_is_taken_in() -> None:
    with waiting() as host:
        run(host, minutes=60)
        due = next(i for i in lineage_of(host, "bert").intents if isinstance(i.action, Submit))
        assert due.due_at > host.clock.at
        press(host)
        host.clock.at = due.due_at
        host.put(state_change(host))
        assert list(host.world.jobs) == ["bert"]
        assert submits(host) == [(2, IntentResult.WITHDRAWN)]


def test_what_was_called_off_can_be_requested_and_called_off_again() -> None:
    with waiting() as host:
        press(host)
        run(host, minutes=5)
        assert "is submitted again" in press(host, "try-again")
        run(host, hours=1)
        assert list(host.world.jobs) == ["bert", next_name(host, "bert", 3)]


def test_once_the_attempt_runs_the_command_and_the_old_button_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting(fails_times=1, work_s=40_000, runtime_h=20) as host:
        users = host.slack.users
        assert users is not None
        old = next(e for b in card(host).blocks for e in b.get("elements", ()) if e.get("action_id") == "spotwarden/cancel")
        run(host, hours=3)
        assert len(host.world.jobs) == 2
        assert main(["cancel", "bert"]) == 1
        assert f"no attempt waits after {next_name(host, 'bert')} (it is running)" in capsys.readouterr().out
        actions = next(block["elements"] for block in card(host).blocks if block["type"] == "actions")
        actions.append(old)
        assert "already has a newer attempt" in press(host)


def test_a_job_that_nobody_knows_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with lab(POLICY):
        assert main(["cancel", "nobody"]) == 2
        assert "found no training job nobody in this account and region" in capsys.readouterr().err
        assert main(["cancel", "not a name"]) == 2
        assert "JOB: found 'not a name', wanted a training job's name or ARN" in capsys.readouterr().err


# ── the tag ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

NEVER = {"spotwarden:resubmit": "never"}


def state_change(host: Host, job: str = "bert") -> dict[str, object]:
    detail = {"TrainingJobName": job, "TrainingJobStatus": "Failed"}
    kind = "SageMaker Training Job State Change"
    return envelope("aws.sagemaker", kind, detail, at=host.clock.at, account=aws.ACCOUNT, region=aws.REGION, event_id="e1")


@pytest.mark.parametrize("after_s", [30, 600], ids=["before the tags are read", "later"])
def test_a_job_that_its_creator_tagged_is_never_submitted_again(after_s: int) -> None:
    with waiting(tags=NEVER, fails_after_s=after_s) as host:
        run(host, hours=6)
        assert list(host.world.jobs) == ["bert"]
        assert submits(host) == []
        assert len(entries(host, "bert", Finished)) == 1


def test_a_tag_that_a_stranger_adds_calls_nothing_off_until_a_person_of_the_policy_accepts_it() -> None:
    with waiting() as host:
        host.world.jobs["bert"].tags.update(NEVER)
        host.put(state_change(host))
        run(host, minutes=5)
        assert submits(host) == [(2, None)]
        assert texts(host).count("spotwarden:resubmit=never") == 1
        assert press(host, "accept-tags", user="U0STRANGER").startswith("You are not allowed to do this (accept-tags)")
        assert "take effect" in press(host, "accept-tags")
        run(host, hours=6)
        assert list(host.world.jobs) == ["bert"]
        assert submits(host) == [(2, IntentResult.WITHDRAWN)]


def test_a_stranger_s_tag_alone_changes_nothing_and_neither_does_the_removal_of_the_owner_s() -> None:
    with waiting(fails_times=1) as host:
        host.world.jobs["bert"].tags.update(NEVER)
        run(host, hours=6)
        assert len(host.world.jobs) == 2
    with lab(POLICY) as host:
        launch(host, request("bert", "vision", fails_with="internal", fails_after_s=2000, tags=NEVER))
        run(host, minutes=20)
        del host.world.jobs["bert"].tags["spotwarden:resubmit"]
        run(host, hours=6)
        assert list(host.world.jobs) == ["bert"]


def test_another_value_of_the_tag_has_no_effect_and_is_told() -> None:
    with waiting(tags={"spotwarden:resubmit": "Never"}, fails_times=1) as host:
        run(host, hours=6)
        assert len(host.world.jobs) == 2
        assert "Tag spotwarden:resubmit: found 'Never', wanted never, or no such tag" in texts(host)


def test_a_request_row_for_calling_off_from_somebody_without_the_right_is_not_taken_in() -> None:
    with waiting() as host:
        from controller.decide.user_requests import request_of
        from controller.policy.user_request import UserRequest

        lineage = lineage_of(host, "bert")
        forged = request_of(UserRequest.CANCEL, lineage, job="bert", who="U0STRANGER", at=host.clock.at)
        wiring.ports().ledger.user_requests.add(lineage_id(host, "bert"), forged, host.clock.at)
        run(host, minutes=10)
        assert submits(host) == [(2, None)]
