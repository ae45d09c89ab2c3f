"""A job that does not stop, checkpoints that cannot be read, and intents that failed are announced."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.alerts import alert
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.failure import FailureCause
from controller.ledger.entry import UserRequested
from controller.ledger.intent import (
    NAME_TAKEN,
    NEVER_FITS,
    NO_PERMISSION,
    NOT_DECIDED,
    Announce,
    Intent,
    IntentResult,
    Purpose,
    Stop,
    Submit,
    Wake,
)
from controller.ledger.messages.kind import MessageKind
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.policy.mode import Mode
from controller.policy.selector import Selector
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, block, facts, job, lineage, policy
from tests.unit.decide.scenes import entry_of

STOPPING = job(status="Stopping", secondary="Uploading", stopping_at=BEGIN)
REFUSED_SCAN = CheckpointScan(
    uri="s3://checkpoints/bert/",
    scanned_at=BEGIN,
    objects=0,
    bytes_seen=0,
    newest_at=None,
    complete=False,
    problem="AccessDenied",
)
SUBMIT = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=BEGIN, why="no quota")
STOP = Intent(action=Stop(about="bert", because="use-spot"), due_at=BEGIN, why="AccessDenied")


def messages(of: Any) -> list[dict[str, Any]]:
    found = [i.action for i in alert(of).intents]
    assert all(isinstance(action, Announce) for action in found)
    return [{"kind": a.kind, "channel": a.channel, "topic": a.topic} | json.loads(a.facts) for a in found]


def test_a_job_may_be_stopping_for_thirty_minutes() -> None:
    assert not messages(facts(STOPPING, now=BEGIN + timedelta(minutes=30, microseconds=-1)))
    [late] = messages(facts(STOPPING, now=BEGIN + timedelta(minutes=30)))
    assert (late["kind"], late["for_s"], late["secondary"]) == (MessageKind.STILL_STOPPING, 1800, "Uploading")


def test_only_a_job_that_is_stopping_is_stuck() -> None:
    late = BEGIN + timedelta(days=1)
    assert not messages(facts(replace(STOPPING, status="InProgress"), now=late))
    assert not messages(facts(replace(STOPPING, stopping_at=None), now=late))


def test_a_stuck_job_is_reported_in_the_policy_s_own_channel() -> None:
    own = policy(channel="#ops", resubmissions=(block(channel="#team"),))
    [told] = messages(facts(STOPPING, now=BEGIN + timedelta(days=1), policy=own))
    assert (told["channel"], told["job"]["name"], told["for_s"], told["secondary"]) == ("#ops", "bert", 86_400, "Uploading")


def test_unreadable_checkpoints_are_reported_with_the_reason() -> None:
    [told] = messages(facts(checkpoint_scan=REFUSED_SCAN))
    assert (told["kind"], told["uri"], told["problem"]) == (
        MessageKind.CHECKPOINTS_UNSEEN,
        "s3://checkpoints/bert/",
        "AccessDenied",
    )


def test_unreadable_checkpoints_that_no_block_would_use_are_not_reported() -> None:
    assert not messages(facts(checkpoint_scan=None))
    assert not messages(facts(checkpoint_scan=replace(REFUSED_SCAN, problem=None)))
    assert not messages(facts(checkpoint_scan=REFUSED_SCAN, policy=policy(resubmissions=())))
    of_others = block(match=Selector(name=("gpt-*",)))
    assert not messages(facts(checkpoint_scan=REFUSED_SCAN, policy=policy(resubmissions=(of_others,))))
    assert not messages(facts(checkpoint_scan=REFUSED_SCAN, policy=policy(resubmissions=(block(mode=Mode.AUDIT),))))
    newer = replace(SUBMIT, claim=1, closed=IntentResult.DONE)
    assert not messages(facts(checkpoint_scan=REFUSED_SCAN, lineage=lineage(intents=(newer,))))
    assert messages(facts(checkpoint_scan=REFUSED_SCAN, policy=policy(resubmissions=(block(mode=Mode.WARN),))))


@pytest.mark.parametrize(
    ("intent", "closed", "kind", "attempt_of"),
    [
        (SUBMIT, IntentResult.REFUSED, MessageKind.REFUSED, "bert-r02"),
        (SUBMIT, IntentResult.ABANDONED, MessageKind.ABANDONED, "bert-r02"),
        (STOP, IntentResult.REFUSED, MessageKind.REFUSED, ""),
        (STOP, IntentResult.ABANDONED, MessageKind.ABANDONED, ""),
    ],
)
def test_a_failed_stop_or_submission_is_reported(
    intent: Intent, closed: IntentResult, kind: MessageKind, attempt_of: str
) -> None:
    [told] = messages(facts(lineage=lineage(intents=(replace(intent, closed=closed),))))
    assert (told["kind"], told["name"], told["attempt"], told["why"]) == (kind, "bert", attempt_of, intent.why)
    assert told["topic"] == f"{kind}/{intent.key}"
    assert told["channel"] == "#ml-spot"


def test_open_done_and_other_jobs_intents_are_no_failures() -> None:
    wake = Intent(action=Wake(about="bert", at=BEGIN), due_at=BEGIN, closed=IntentResult.ABANDONED)
    others = replace(STOP, action=Stop(about="gpt", because=""), closed=IntentResult.REFUSED)
    fine = (STOP, replace(SUBMIT, closed=IntentResult.DONE), wake, others)
    assert not messages(facts(lineage=lineage(intents=fine)))


def test_a_name_that_somebody_else_took_is_told_as_such_and_not_as_a_refusal() -> None:
    taken = replace(SUBMIT, closed=IntentResult.REFUSED, why=f"{NAME_TAKEN}bert-r02 was created by somebody else")
    [told] = messages(facts(lineage=lineage(intents=(taken,))))
    assert (told["kind"], told["name"], told["attempt"], told["why"]) == (
        MessageKind.NAME_TAKEN, "bert", "bert-r02", "bert-r02 was created by somebody else",
    )  # fmt: skip


LIMIT = (
    "The account-level service limit 'ml.g5.4xlarge for spot training job usage' is 2 Instances, with current utilization of 0"
    " Instances and a request delta of 3 Instances."
)


@pytest.mark.parametrize(
    ("why", "quota"), [(LIMIT, ("ml.g5.4xlarge for spot training job usage", 2, 3)), ("no such subnet", ("", 0, 0))]
)
def test_a_step_that_never_fits_is_told_with_its_changes_and_with_the_quota_that_the_refusal_names(
    why: str, quota: tuple[str, int, int]
) -> None:
    changes = '{"ResourceConfig": {"InstanceType": "ml.g5.4xlarge"}}'
    skipped = Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.CAPACITY, changes=changes)
    refused = replace(SUBMIT, action=skipped, closed=IntentResult.REFUSED, why=f"{NEVER_FITS}{why}")
    [told] = messages(facts(lineage=lineage(intents=(refused,))))
    assert (told["kind"], told["name"], told["attempt"]) == (MessageKind.STEP_SKIPPED, "bert", "bert-r02")
    assert (told["why"], told["changes"]) == (why, changes)
    assert (told["quota"], told["limit"], told["asked"]) == quota


def test_a_submission_that_waits_for_a_permission_is_told_once_while_it_waits() -> None:
    waiting = replace(SUBMIT, why=f"{NO_PERMISSION}not authorized to perform iam:PassRole", claim=1)
    [told] = messages(facts(lineage=lineage(intents=(waiting,))))
    assert (told["kind"], told["why"]) == (MessageKind.NOT_PERMITTED, "not authorized to perform iam:PassRole")
    assert told["topic"] == f"not-permitted/{SUBMIT.key}"
    assert not messages(facts(lineage=lineage(intents=(replace(waiting, closed=IntentResult.DONE),))))
    assert not messages(facts(lineage=lineage(intents=(replace(waiting, why="throttled"),))))


@pytest.mark.parametrize(
    ("cause", "number", "stopped_to", "kind"),
    [
        (FailureCause.CAPACITY, 2, None, MessageKind.STEP_SKIPPED),
        (FailureCause.CAPACITY, 5, None, MessageKind.STEP_SKIPPED),
        (MoveCause.DEADLINE, 2, Purpose.MOVE, MessageKind.STEP_SKIPPED),
        (MoveCause.ASKED, 2, Purpose.MOVE, MessageKind.STEP_SKIPPED),
        (MoveCause.RETURN, 3, Purpose.MOVE, MessageKind.REFUSED),
        (MoveCause.RETURN, 2, None, MessageKind.REFUSED),
        (MoveCause.REPAIR, 2, Purpose.REPAIR, MessageKind.REFUSED),
        (MoveCause.ASKED, 2, None, MessageKind.REFUSED),
        (MoveCause.ASKED, 2, Purpose.RULE, MessageKind.REFUSED),
        (MoveCause.CHANGED_BACK, 2, None, MessageKind.REFUSED),
    ],
)
def test_what_never_fits_is_told_as_a_skipped_step_only_where_another_step_follows(
    cause: AttemptCause, number: int, stopped_to: Purpose | None, kind: MessageKind
) -> None:
    submit = Submit(about="bert", job=f"bert-r{number:02d}", number=number, cause=cause)
    never = Intent(action=submit, due_at=BEGIN, closed=IntentResult.REFUSED, why="never fits: the limit is 1")
    stop = Stop(about="bert", because="use-spot", purpose=stopped_to or Purpose.RULE)
    stopped = (Intent(action=stop, due_at=BEGIN, claim=1, closed=IntentResult.DONE),) if stopped_to else ()
    known = lineage(entries=(entry_of(1, job()),), intents=(never, *stopped))
    [told] = messages(facts(lineage=known))
    assert (told["kind"], told["why"], told["topic"]) == (kind, "the limit is 1", f"{kind}/{submit.key}")


@pytest.mark.parametrize(
    ("number", "why", "told"),
    [(2, NOT_DECIDED, 0), (3, NOT_DECIDED, 1), (2, "no quota", 1)],
    ids=["called off", "another attempt was called off", "it failed before that"],
)
def test_an_attempt_that_a_person_called_off_is_no_failure(number: int, why: str, told: int) -> None:
    request = UserRequested(job="bert", at=BEGIN, team=None, request=UserRequest.CANCEL, who="U1", number=number)
    over = replace(SUBMIT, closed=IntentResult.ABANDONED, why=why)
    assert len(messages(facts(lineage=lineage(entries=(request,), intents=(over,))))) == told
