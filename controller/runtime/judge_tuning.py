"""Judges the definitions of a hyperparameter tuning job like the training jobs that it starts, and tells its owner once.

Neither the tuning job nor a training job of it is stopped by a rule: the tuner would lose results. Findings about its training
jobs are recorded with each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.jobs.request import change_to_json
from controller.jobs.tuning import TuningJob, UnreadDefinitions
from controller.ledger.messages.message import JobFacts, TuningFlagged
from controller.ledger.messages.stored_facts import facts_to_json
from controller.policy.judge import Basis, judge
from controller.policy.rules.kind import Evidence
from controller.policy.slack_settings import Importance
from controller.runtime.gather.tags_of_jobs import labelled
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.outbox import Message

TOLD_MAX = 50  # messages about one tuning job: a policy of more rules than that is a mistake


def judge_tuning(name: str, ports: Ports) -> int:
    """Queue one message for each rule that a definition breaks. Returns how many are new; 0 for a job that is gone or has ended.

    Raises Unreachable; raises UnreadDefinitions after the definitions that can be read are judged.
    """
    tuner = ports.jobs.tuning(name)
    if tuner is None or not tuner.alive:
        return 0
    said = zip(range(TOLD_MAX), _messages(tuner, ports), strict=False)
    told = sum(ports.outbox.put(message) for _, message in said)
    if tuner.unread:
        raise UnreadDefinitions(f"tuning job {name}: {'; '.join(tuner.unread)}")
    return told


def _messages(tuner: TuningJob, ports: Ports) -> Iterator[Message]:
    from controller.notifications.messages.catalogue import importance_of  # here: events about training jobs do not need it

    policy, now = ports.policies.current(), ports.clock.now()
    for definition, found in tuner.definitions:
        job = labelled(found, policy)
        for finding in judge(job, Basis(policy, Evidence(), now=now)).findings:
            if finding.waiver is not None or not finding.mode.tells:
                continue
            message = TuningFlagged(
                job=JobFacts.of(job), definition=definition, policy=finding.policy, severity=finding.severity,
                field=finding.field, found=finding.found, wanted=finding.wanted, fix=change_to_json(finding.fix.request),
                mode=finding.mode, revision=policy.revision,
            )  # fmt: skip
            importance, slack = importance_of(message.kind), policy.slack
            if importance not in slack.tell:
                continue
            known = [slack.people[who] for who in (job.user, job.team) if who and who in slack.people]
            key = f"tuning/{tuner.arn}/{tuner.created_at.isoformat()}/{definition}/{finding.policy}"
            yield Message(
                key=key, channel=slack.channels.get(job.team or "", finding.channel), at=now, kind=message.kind,
                facts=facts_to_json(message), topic=message.kind,
                mention=known[0] if known and importance is Importance.PERSON else "",
                revision=policy.revision, mode=finding.mode,
            )  # fmt: skip
