"""Every kind of message has texts, can be stored and loaded, and escapes other people's text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.jobs.checkpoint import NOT_READ
from controller.jobs.job import Outcome
from controller.ledger.messages import message as m
from controller.ledger.messages.kind import GiveUpReason, MessageKind, MoveReason, NextStep, asked_by
from controller.ledger.messages.message import JobFacts, Message
from controller.ledger.messages.stored_facts import facts_to_json, message_of
from controller.notifications.messages.catalogue import describe, importance_of, row_of, text_of
from controller.notifications.messages.storm import storm_head
from controller.notifications.messages.text import NEXT, TO_DO, WHY, reason
from controller.policy.slack_settings import Importance
from controller.runtime.ports.outbox import Message as Queued
from tests.builders import BEGIN

EVIL = "<!channel> *bold* `tick` & <@U1>"
AS_CODE = "&lt;!channel&gt; *bold* 'tick' &amp; &lt;@U1&gt;"
JOB = JobFacts(name=EVIL, instance_type="ml.g5.*", instances=2, spot=True, team=EVIL, outcome=Outcome.STARVED)
RUNNING = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True)
CAP = m.CapFacts(cap_micros=3_000_000, spent_micros=2_000_000, next_micros=1_500_000)
CHECKPOINT = m.CheckpointFacts(uri="s3://b/p/", scanned=True, newest_at=BEGIN, at_risk_s=600, objects=3, bytes_seen=9)
LATER = BEGIN + timedelta(hours=6)

EXAMPLES: tuple[Message, ...] = (
    m.WaiverExpiring(waiver=EVIL, rules=EVIL, expires=LATER, reason=EVIL, owner=EVIL, ticket=EVIL),
    m.PolicyRefused(place=EVIL, problem=EVIL, revision=EVIL),
    m.CreateRefused(
        name=EVIL, why="quota", caller=EVIL, role=EVIL, team=EVIL, instance_type=EVIL, instances=1, spot=True, quota=EVIL,
        limit=1, used=1, asked=2, holders=EVIL,
    ),
    m.TuningFlagged(
        job=JOB, definition=EVIL, policy=EVIL, severity="high", field="F", found=EVIL, wanted=EVIL, fix='{"a": 1}', mode="warn",
        revision=EVIL,
    ),
    m.RuleBroken(
        job=JOB, policy=EVIL, severity="high", field="F", found=EVIL, wanted=EVIL, fix='{"a": 1}',
        next_step=NextStep.CANNOT_REPAIR, why_not=EVIL,
    ),
    m.Resubmitting(
        job=JOB, cause="starved", attempt=EVIL, due_at=LATER, tried=1, limit=3, changes='{"A": true}', why=asked_by("U1"),
        checkpoint=CHECKPOINT,
    ),
    m.WouldResubmit(job=JOB, cause="starved", block=EVIL, limit=3),
    m.GaveUp(job=JOB, reason=GiveUpReason.OVER_CAP, cause="starved", tried=2, checkpoint=CHECKPOINT, cap=CAP),
    m.CannotRepeat(job=JOB, why=EVIL),
    m.Refused(name=EVIL, attempt=EVIL, why=EVIL),
    m.Abandoned(name=EVIL, why=EVIL),
    m.NameTaken(name=EVIL, attempt=EVIL, why=EVIL),
    m.NotPermitted(name=EVIL, attempt=EVIL, why=EVIL),
    m.DoneElsewhere(job=JOB, other=EVIL),
    m.ChangedBack(
        name=EVIL, attempt=EVIL, why=EVIL, instance_type=EVIL, instances=1, back_to_type=EVIL, back_to_instances=2, volume_gb=1,
        back_to_volume_gb=2, subnets=EVIL, back_to_subnets=EVIL,
    ),
    m.StepSkipped(name=EVIL, attempt=EVIL, why=EVIL, quota=EVIL, limit=0, asked=1),
    m.Deleted(name=EVIL, stops=1, submissions=2),
    m.CheckpointsUnseen(job=JOB, uri=EVIL, problem=EVIL),
    m.StillStopping(job=JOB, for_s=4000, secondary=EVIL),
    m.Interrupted(job=JOB, at=BEGIN),
    m.Finished(job=JOB, attempts=2),
    m.Moving(job=JOB, reason=MoveReason.INTERRUPTIONS, to="next-step", interruptions=5, within_s=7200, limit=2),
    m.WouldMove(job=JOB, reason=MoveReason.LATEST_MOMENT, to="on-demand", deadline=LATER, block=EVIL),
    m.CannotAfford(job=JOB, cap=CAP),
    m.DeadlineLost(job=JOB, deadline=BEGIN, finish_at=LATER),
    m.DeadlineAtRisk(job=JOB, deadline=LATER),
    m.DeadlineUnreadable(job=JOB, problem=EVIL),
    m.OnDemandForbidden(job=JOB, block=EVIL, deadline=LATER),
    m.NoRoom(job=JOB, room=1, deadline=LATER),
    m.NoEstimate(job=JOB, family=EVIL, runs=1, deadline=LATER),
    m.MaxWaitBeforeDeadline(job=JOB, wait_s=7200, ends_at=BEGIN, deadline=LATER),
    m.Probing(job=JOB),
    m.StoppingAsAsked(job=JOB, who=EVIL),
    m.CalledOff(job=JOB, attempt="bert-r02", who=EVIL, why=EVIL),
    m.RateLimit(what="stop", limit=1, until=LATER),
    m.NotMoved(job=JOB, reason=MoveReason.LATEST_MOMENT, lost_s=4000, deadline=LATER),
    m.TagsChanged(job=JOB, before=EVIL, after=EVIL),
    m.DeciderFailed(job=JOB, decider=EVIL, error=EVIL),
    m.SurpriseHeld(job=JOB, policy=EVIL, revision=EVIL, jobs=21, teams=4),
)  # fmt: skip


def test_the_examples_are_of_every_kind() -> None:
    assert {example.kind for example in EXAMPLES} == set(MessageKind)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.kind))
def test_a_message_is_read_from_the_ledger_as_it_was_written(example: Message) -> None:
    assert message_of(example.kind, facts_to_json(example)) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.kind))
def test_other_people_s_text_mentions_and_formats_nothing(example: Message) -> None:
    text = describe(example)
    shown = f"{text.body}\n{text.small}"
    assert "<!channel>" not in shown
    assert "*bold*" not in "".join(shown.split("`")[::2]), "outside code"
    assert shown.count("`") % 2 == 0
    assert "<@U1>" not in shown.replace("Requested by <@U1>", "")


@pytest.mark.parametrize("kind", MessageKind)
def test_a_message_needs_a_person_exactly_where_the_catalogue_says_what_to_do(kind: MessageKind) -> None:
    row = row_of(kind)
    assert isinstance(row.todo, str)
    assert (row.importance is Importance.PERSON) == bool(row.todo)
    assert importance_of(f"{kind}/anything") is row.importance


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example.kind))
def test_every_message_but_that_of_a_finished_job_answers_why_what_comes_next_and_what_to_do(example: Message) -> None:
    lines = describe(example).lines
    if example.kind is not MessageKind.FINISHED:
        assert [sum(line.startswith(label) for line in lines) for label in (WHY, NEXT, TO_DO)] == [1, 1, 1]
        assert all(line != label for line in lines for label in (WHY, NEXT, TO_DO))


@pytest.mark.parametrize("kind", MessageKind)
def test_only_texts_that_people_copy_are_formatted_as_code(kind: MessageKind) -> None:
    [example] = [one for one in EXAMPLES if one.kind is kind]
    spans = re.findall(r"`([^`]*)`", describe(example).body)
    pasted = ("{", "s3://", "mode: enforce", "guarantee: money", "move_without_checkpoint: true", "spotwarden:", "5h")
    assert [span for span in spans if not span.startswith(pasted) and span != AS_CODE] == []


def test_every_kind_has_a_storm_text_of_its_own() -> None:
    texts = [row_of(kind).many for kind in MessageKind]
    assert len(set(texts)) == len(texts)


def test_a_storm_message_names_the_jobs_what_to_do_and_whom_it_concerns() -> None:
    names = [f"job-{n}" for n in range(12)]
    said = " | ".join(getattr(part, "mrkdwn", "") for part in storm_head(MessageKind.NO_ROOM, names, ["U1", "S2", "", "U1"]))
    assert "*12 jobs may miss their deadline: no on-demand quota*: *job-0*, *job-1*" in said
    assert "*job-9* and 2 more\nRequest more quota, or stop other jobs." in said
    assert "<!subteam^S2> <@U1>" in said


def test_an_unknown_kind_of_message_is_an_action() -> None:
    assert importance_of("exploded/x") is Importance.ACTION


def test_facts_of_another_version_still_reach_people() -> None:
    text = text_of(MessageKind.NO_ROOM, '{"seats": 3}')
    assert "no-room" in text.title
    assert '{"seats": 3}' in text.body


@pytest.mark.parametrize(
    ("example", "line"),
    [
        (
            m.RuleBroken(job=RUNNING, policy="p", severity="low", field="F", wanted="w",
                         found="no checkpoint after 31 min (limit 30 min)", risk="If interrupted, the job starts over."),
            "No checkpoint after 31 min (limit 30 min). If interrupted, the job starts over.",
        ),
        (
            m.GaveUp(job=JOB, reason=GiveUpReason.NO_CHECKPOINT_NO_OTHER_TYPE),
            "The job has no checkpoint, and no other instance type is allowed.",
        ),
        (
            m.WouldResubmit(job=JOB, cause="starved", block="b", limit=3),
            'The policy allows 3 retries for this cause, but its resubmit block "b" is in warn mode, which only reports.',
        ),
        (m.GaveUp(job=JOB, reason=GiveUpReason.OVER_CAP, cap=CAP), "Spend cap: $3.00. Spent so far, at most: $2.00."),
        (m.Moving(job=RUNNING, reason=asked_by("U7"), to="on-demand"), "Requested by <@U7>."),
    ],
)  # fmt: skip
def test_a_message_has_this_line(example: Message, line: str) -> None:
    assert line in describe(example).body


@pytest.mark.parametrize("give_up", GiveUpReason)
def test_every_reason_to_give_up_says_what_a_person_can_do(give_up: GiveUpReason) -> None:
    body = describe(m.GaveUp(job=JOB, reason=give_up, cause="starved", cap=CAP)).body
    todo = body.partition(TO_DO)[2]
    assert todo
    assert todo != "Nothing."


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("latest-moment", "Spot may not finish it in time, and a later move to on-demand would miss the deadline"),
        ("asked-by:U7", "Requested by <@U7>"),
        ("U7 asked for it", "Requested by <@U7>"),
        ("asked-by:<!here>", "Requested by &lt;!here&gt;"),
        ("save-it, spot-first", "save-it, spot-first"),
    ],
)
def test_a_stored_reason_is_shown_in_words(stored: str, shown: str) -> None:
    assert reason(stored) == shown


def test_a_bucket_that_does_not_exist_is_no_question_of_permissions() -> None:
    gone = m.CheckpointsUnseen(job=RUNNING, uri="s3://gone/p/", problem="the bucket does not exist")
    assert "a bucket that exists" in describe(gone).lines[2]
    assert "role to list" in describe(replace(gone, problem="AccessDenied")).lines[2]


def test_a_bucket_that_is_not_listed_is_named_as_the_reason_also_in_a_row_of_an_older_version() -> None:
    for problem in (NOT_READ, "not looked into: the bucket is not in CheckpointBuckets"):
        unseen = m.CheckpointsUnseen(job=RUNNING, uri="s3://other/p/", problem=problem)
        assert "the stack parameter CheckpointBuckets" in describe(unseen).lines[2]


def test_a_message_about_an_ended_job_does_not_say_that_it_runs_or_is_being_stopped() -> None:
    ended = replace(RUNNING, outcome=Outcome.COMPLETED)
    for step in NextStep:
        broken = m.RuleBroken(
            job=ended, policy="p", severity="low", field="F", found="1", wanted="2", next_step=step, fix="{}", why_not="x"
        )
        text = str(Queued(key="k", channel="#ml", at=BEGIN, kind=broken.kind, facts=facts_to_json(broken)).text())
        assert "The job has ended. Nothing is done automatically." in text
        assert "keeps running" not in text
        assert "being stopped" not in text


def test_the_tags_of_a_fix_are_listed_apart_from_its_json() -> None:
    fix = '{"EnableManagedSpotTraining": true, "Tags": [{"Key": "a", "Value": "b c"}, {"Key": "d", "Value": "x"}]}'
    broken = m.RuleBroken(job=RUNNING, policy="p", severity="low", field="F", found="1", wanted="2", fix=fix)
    text = str(Queued(key="k", channel="#ml", at=BEGIN, kind=broken.kind, facts=facts_to_json(broken)).text())
    assert """change the request: `{"EnableManagedSpotTraining": true}`; keep its tags and add `a=b c`, `d=x`""" in text


def test_a_message_names_the_mode_and_the_policy_once_where_they_were_written_down() -> None:
    asked = m.StoppingAsAsked(job=RUNNING, who="U1")
    broken = m.RuleBroken(
        job=RUNNING, policy="short", severity="low", field="F", found="1", wanted="2", mode="warn", revision="781e8d1c6120"
    )  # fmt: skip

    def small(message: Message, **under: str) -> str:
        queued = Queued(key="k", channel="#ml", at=BEGIN, kind=message.kind, facts=facts_to_json(message), **under)
        return queued.text().small

    assert small(asked, revision="781e8d1c6120", mode="enforce").endswith(" · mode enforce, policy 781e8d1c6120")
    assert small(asked, revision="781e8d1c6120").endswith(" · policy 781e8d1c6120")
    assert "policy" not in small(asked)  # a message from an older version
    assert small(broken, revision="781e8d1c6120", mode="warn").count("781e8d1c6120") == 1
    assert AS_CODE[:12] in small(asked, revision=EVIL, mode=EVIL)
