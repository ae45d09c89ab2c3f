"""``message_texts.md`` has the full text of every message, so that each change of a word is visible in a review.

``python -m tests.unit.notifications.test_message_texts`` writes the file again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controller.jobs.job import Outcome
from controller.ledger.messages import message as m
from controller.ledger.messages.kind import GiveUpReason, MessageKind, MoveReason, NextStep, asked_by
from controller.ledger.messages.message import JobFacts, Message
from controller.ledger.messages.stored_facts import facts_to_json
from controller.notifications.messages.catalogue import row_of
from controller.notifications.messages.storm import storm_head
from controller.runtime.ports.outbox import Message as Queued
from tests.builders import BEGIN
from tests.unit.notifications.messages.test_catalogue import CAP, CHECKPOINT, LATER

FILE = Path(__file__).with_name("message_texts.md")
SPOT = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=2, spot=True, team="vision")
ON_DEMAND = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=False)
EMPTY = m.CheckpointFacts(uri="s3://b/p/", scanned=True)
UNSEEN = m.CheckpointFacts(uri="s3://b/p/")
MANY = m.CheckpointFacts(
    uri="s3://b/p/", scanned=True, newest_at=BEGIN, at_risk_s=4000, objects=12_000, bytes_seen=80_000_000_000, complete=False
)


def rule_broken(**changes: object) -> Message:
    given = {"policy": "use-spot", "severity": "high", "field": "EnableManagedSpotTraining", "found": "false", "wanted": "true"}
    return m.RuleBroken(**({"job": ON_DEMAND} | given | changes))  # type: ignore[arg-type]


def resubmitting(**changes: object) -> Message:
    given = {"job": SPOT, "cause": "starved", "attempt": "bert-r02", "due_at": LATER, "tried": 1, "limit": 3}
    return m.Resubmitting(**(given | changes))  # type: ignore[arg-type]


LIVE = m.CostFacts(hour_micros=2_818_000, most_micros=22_544_000)
OVER = m.CostFacts(spent_micros=1_700_000, measured=3)
ON_G5 = '{"ResourceConfig": {"InstanceType": "ml.g5.2xlarge"}}'
ON_P3 = '{"ResourceConfig": {"InstanceType": "ml.p3.2xlarge"}}'
NO_CHECKPOINT = (
    '[{"rule": "checkpoint-required", "field": "CheckpointConfig.S3Uri", "found": "not set", "wanted": "an S3 prefix"}]'
)


def told_with_cost() -> tuple[Message, ...]:
    """Messages about a job with an owner that state what the job costs."""
    ended, mine = replace(SPOT, user="anna", outcome=Outcome.STARVED), replace(SPOT, user="anna")
    kinds = ("spot-required", "max-wait-limit", "max-runtime-limit", "uncheckpointed-cap", "checkpoint-exclusive",
             "tags-required", "instance-allowed", "a-kind-of-later")  # fmt: skip
    repaired = {"cause": "repair", "counted": False, "tried": 0, "limit": 1, "why": "save-it", "broken": NO_CHECKPOINT}
    changed = {"changes": '{"CheckpointConfig": {"S3Uri": "s3://b/p/"}}', "next_micros": 1_500_000}
    to_on_demand = {"changes": '{"EnableManagedSpotTraining": false, "StoppingCondition": {"MaxWaitTimeInSeconds": null}}'}
    before = {"was": '{"EnableManagedSpotTraining": true, "StoppingCondition": {"MaxWaitTimeInSeconds": 7200}}'}
    return (
        *(rule_broken(job=mine, rule=kind, cost=LIVE) for kind in kinds),
        *(rule_broken(job=mine, next_step=step, next_micros=1_500_000, cost=LIVE) for step in (NextStep.STOP, NextStep.REPAIR)),
        rule_broken(job=mine, cost=replace(LIVE, spent_micros=1_700_000, measured=1, unknown=2)),
        rule_broken(cost=LIVE),
        rule_broken(cost=m.CostFacts()),
        resubmitting(job=ended, cause="capacity", changes=ON_G5, was=ON_P3, next_micros=1_500_000, cost=OVER),
        resubmitting(job=ended, **(repaired | changed), cost=OVER),
        resubmitting(job=ended, cause="deadline", **(to_on_demand | before), cost=replace(OVER, unknown=1)),
        m.GaveUp(job=ended, reason=GiveUpReason.LIMIT_REACHED, cause="starved", tried=3, cost=OVER, proven_s=3600),
        m.GaveUp(job=ended, reason=GiveUpReason.NO_FURTHER_STEP, cause="capacity", cost=m.CostFacts()),
        m.GaveUp(job=ended, reason=GiveUpReason.NO_FURTHER_STEP, cause="capacity", cost=m.CostFacts(unknown=2)),
        m.Interrupted(job=SPOT, at=BEGIN, cost=LIVE),
        *(
            m.Moving(
                job=mine, reason=MoveReason.LATEST_MOMENT, to="on-demand", lost_s=0, next_micros=1_500_000, cost=LIVE, **told
            )
            for told in (
                {"trained": False}, {"trained": True}, {"trained": True, "checkpoint": UNSEEN},
                {"trained": True, "checkpoint": CHECKPOINT, "since_s": 600},
                {"trained": True, "checkpoint": CHECKPOINT, "since_s": 0},
            )
        ),
        m.NotPermitted(name="bert", attempt="bert-r02", why="AccessDenied", team="vision"),
        m.StepSkipped(name="bert", attempt="bert-r02", why="Unsupported instance type ml.p3dn.24xlarge", team="vision"),
    )  # fmt: skip


EXAMPLES: tuple[Message, ...] = (
    *told_with_cost(),
    *(rule_broken(next_step=step, why_not="it is serverless") for step in NextStep),
    rule_broken(risk="If interrupted, the job starts over.", fix='{"EnableManagedSpotTraining": true}'),
    resubmitting(),
    resubmitting(cause="internal", checkpoint=MANY),
    resubmitting(cause="capacity", changes='{"ResourceConfig": {"InstanceType": "ml.g5.2xlarge"}}', checkpoint=CHECKPOINT),
    resubmitting(cause="deadline", counted=False, tried=0, limit=1, why=MoveReason.LATEST_MOMENT, checkpoint=EMPTY),
    resubmitting(cause="asked", counted=False, tried=0, limit=1, why=asked_by("U1"), checkpoint=UNSEEN),
    m.WouldResubmit(job=SPOT, cause="starved", block="everything", limit=1),
    m.WouldResubmit(job=SPOT, cause="capacity", block="everything", limit=3),
    *(m.GaveUp(job=SPOT, reason=reason, cause="starved", tried=2, checkpoint=CHECKPOINT, cap=CAP) for reason in GiveUpReason),
    m.GaveUp(job=SPOT, reason=GiveUpReason.LIMIT_REACHED, cause="internal", tried=1, checkpoint=EMPTY),
    m.GaveUp(job=SPOT, reason=GiveUpReason.LIMIT_REACHED, cause="starved", tried=3, without_progress=True, proven_s=345_600,
             expected_s=864_000),
    m.GaveUp(job=SPOT, reason=GiveUpReason.NO_FURTHER_STEP, cause="capacity", proven_s=0),
    m.CannotRepeat(job=SPOT, why="it is serverless"),
    m.CannotRepeat(job=replace(SPOT, outcome=Outcome.STARVED), why="it is serverless"),
    m.CannotRepeat(
        job=SPOT, rules="use-spot",
        why="it would break use-spot (EnableManagedSpotTraining is off; wanted: on), and the policy's fix would undo what was"
        " asked for",
    ),
    m.Refused(name="bert", attempt="bert-r02", why="AccessDenied"),
    m.Refused(name="bert", why="AccessDenied"),
    m.Abandoned(name="bert", attempt="bert-r02", why="Throttled"),
    m.Abandoned(name="bert", why="Throttled"),
    m.NameTaken(name="bert", attempt="bert-r02", why="bert-r02 was created by somebody else, at 2026-03-02 10:00:00 UTC"),
    m.NotPermitted(name="bert", attempt="bert-r02", why="AccessDenied"),
    m.StepSkipped(
        name="bert", attempt="bert-r02", why="ResourceLimitExceeded", changes='{"EnableManagedSpotTraining": false}',
        quota="ml.p4d.24xlarge for spot training job usage", limit=0, asked=1,
    ),
    *(
        m.ChangedBack(
            name="bert-r02", attempt="bert-r03", why="AlgorithmError: Exit Code: 1", instance_type="ml.g5.48xlarge", instances=1,
            back_to_type="ml.g5.12xlarge", back_to_instances=1, trained=trained,
        )
        for trained in (True, False)
    ),
    *(
        m.ChangedBack(
            name="bert-r02", attempt="bert-r03", why="AlgorithmError: Exit Code: 1", instance_type="ml.g5.xlarge", instances=1,
            back_to_type="ml.g5.xlarge", back_to_instances=1, **changed,
        )
        for changed in (
            {"volume_gb": 50, "back_to_volume_gb": 100}, {"subnets": "subnet-1", "back_to_subnets": "subnet-2, subnet-3"},
        )
    ),
    m.StepSkipped(name="bert", attempt="bert-r02", why="Unsupported instance type ml.p3dn.24xlarge"),
    m.DoneElsewhere(job=SPOT, other="bert-2"),
    m.Deleted(name="bert"),
    m.Deleted(name="bert", stops=1),
    m.Deleted(name="bert", submissions=1),
    m.Deleted(name="bert", stops=1, submissions=2),
    m.CheckpointsUnseen(job=SPOT, uri="s3://b/p/", problem="AccessDenied"),
    m.StillStopping(job=SPOT, for_s=4000, secondary="Uploading"),
    m.Interrupted(job=SPOT, at=BEGIN),
    m.Finished(job=SPOT, attempts=1),
    m.Finished(job=ON_DEMAND, attempts=3),
    *(
        m.Moving(job=SPOT, reason=reason, to=to, interruptions=5, within_s=7200, limit=2)
        for reason in MoveReason
        for to in ("on-demand", "spot", "next-step")
    ),
    m.Moving(job=SPOT, reason=asked_by("U1"), to="on-demand"),
    *(m.WouldMove(job=SPOT, reason=reason, to="on-demand", deadline=LATER, block="everything") for reason in MoveReason),
    m.CannotAfford(job=SPOT, cap=CAP),
    m.CannotAfford(job=SPOT, cap=m.CapFacts(cap_micros=3_000_000)),
    m.DeadlineLost(job=SPOT, deadline=BEGIN, finish_at=LATER),
    m.DeadlineAtRisk(job=SPOT, deadline=LATER),
    m.DeadlineAtRisk(job=SPOT, deadline=LATER, nearly_done=True, left_s=900, lost_s=13_500),
    m.DeadlineUnreadable(job=SPOT, problem="tag spotwarden:deadline: found 'soon', wanted an ISO 8601 time"),
    m.OnDemandForbidden(job=SPOT, block="everything", deadline=LATER),
    m.NoRoom(job=SPOT, room=0, deadline=LATER),
    m.NoRoom(job=SPOT, room=1, deadline=LATER),
    m.NoEstimate(job=SPOT, family="bert", runs=0, deadline=LATER),
    m.NoEstimate(job=SPOT, family="bert", runs=1, deadline=LATER),
    m.MaxWaitBeforeDeadline(job=SPOT, wait_s=7200, ends_at=BEGIN, deadline=LATER),
    m.Probing(job=ON_DEMAND),
    m.StoppingAsAsked(job=SPOT, who="U1"),
    m.CalledOff(job=SPOT, attempt="bert-r02", who="U1"),
    m.CalledOff(job=SPOT, attempt="bert-r02", who="ada", why="the data is wrong"),
    m.RateLimit(what="stop", limit=1, until=LATER),
    m.RateLimit(what="submission", limit=2, until=LATER),
    m.Moving(job=SPOT, reason=MoveReason.LATEST_MOMENT, to="on-demand", deadline=LATER, lost_s=4000),
    m.Moving(job=SPOT, reason=MoveReason.LATEST_MOMENT, to="on-demand", deadline=LATER, lost_s=0, checkpoint=MANY),
    m.NotMoved(job=SPOT, reason=MoveReason.LATEST_MOMENT, lost_s=4000, deadline=LATER),
    m.NotMoved(job=SPOT, reason=MoveReason.INTERRUPTIONS, lost_s=4000),
    m.TagsChanged(job=SPOT, before="no spotwarden:deadline", after="spotwarden:deadline=2026-03-02T18:00:00Z"),
    *(
        rule_broken(policy=kind, rule=kind, field=field, found=found, wanted=wanted, risk=risk)
        for kind, field, found, wanted, risk in (
            ("prefix-shared", "CheckpointConfig.S3Uri", "s3://b/p, beside another prefix that begins with the same text",
             "s3://b/p/, with a slash at the end", "Objects beside it may be restored as checkpoints of this job."),
            ("team-contradicted", "Tags", "team=ads", "vision, the team of train",
             "The tag has no effect on whose money the job spends."),
            ("checkpoint-alive", "CheckpointConfig.S3Uri", "no checkpoint after 2 h of training (limit 30 min)",
             "a checkpoint within 30 min of training", "If interrupted, the job starts over."),
        )
    ),
    rule_broken(lapsed="The waiver old-bert has expired (2026-03-02 00:00 UTC), so the rule applies."),
    m.WaiverExpiring(
        waiver="old-bert", rules="use-spot, wait-limit", expires=LATER, reason="moves in April", owner="alice", ticket="ML-1"
    ),
    m.PolicyRefused(
        place="s3://acme-policies/spotwarden.json", problem="found no version, wanted version 1", revision="781e8d1c6120"
    ),
    m.PolicyRefused(
        place="s3://acme-policies/spotwarden.json", problem="there is no such object (NoSuchKey)", revision="781e8d1c6120",
        stands_in=True,
    ),
    *(
        m.TuningFlagged(
            job=SPOT, definition=definition, policy="save-long-work", severity="high", field="CheckpointConfig.S3Uri",
            found="not set", wanted="an S3 prefix", fix=fix, mode="warn", revision="781e8d1c6120",
        )
        for definition, fix in (("", ""), ("wide", '{"CheckpointConfig": {"S3Uri": "s3://acme/x/"}}'))
    ),
    *(
        m.CreateRefused(
            name="bert", why=why, caller="assumed-role/dev/ada", role="train", team="vision", instance_type="ml.g5.2xlarge",
            instances=2, spot=False, quota=quota, limit=limit, used=3, asked=2, holders=holders,
        )
        for why, quota, limit, holders in (
            ("quota", "ml.g5.2xlarge for training job usage", 4, "captions (2), asr (1)"),
            ("quota", "ml.g5.2xlarge for training job usage", 1, ""),
            ("quota", "", None, ""),
            ("throttled", "", None, ""),
            ("capacity", "", None, ""),
        )
    ),
    m.DeciderFailed(job=SPOT, decider="deadline", error="OverflowError"),
    m.SurpriseHeld(job=SPOT, policy="save-long-work", revision="781e8d1c6120", jobs=21, teams=4),
)  # fmt: skip


def shown(example: Message) -> str:
    """A message as the outbox sends it, with the policy that was in force."""
    text = Queued(
        key="k",
        channel="#ml-spot",
        at=BEGIN,
        kind=example.kind,
        facts=facts_to_json(example),
        revision="781e8d1c6120",
        mode="warn",
    ).text()
    return "\n".join(part for part in (f"**{example.kind}**", text.body, f"_{text.small}_") if part)


def catalogue() -> str:
    """The texts of all examples, and the storm text of each kind."""
    examples = "\n\n".join(dict.fromkeys(map(shown, EXAMPLES)))
    storms = "\n\n".join(
        f"**{kind}** ({row_of(kind).importance}) "
        + "\n".join(
            getattr(part, "mrkdwn", "")
            for part in storm_head(kind, ["a", "b", "c"], [], under=["mode warn, policy 781e8d1c6120"])
        )
        for kind in MessageKind
    )
    return f"# Messages as people read them\n\n{examples}\n\n# Many of a kind at once\n\n{storms}\n"


def test_every_message_reads_as_in_the_golden_file() -> None:
    assert catalogue() == FILE.read_text(), "python -m tests.unit.notifications.test_message_texts"


if __name__ == "__main__":
    FILE.write_text(catalogue())
