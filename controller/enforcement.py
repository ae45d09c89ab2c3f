"""Turns a verdict into entries, announcements and stops."""

from __future__ import annotations

from controller.announcement import broke_rules
from controller.decision import Decision
from controller.entry import Flagged
from controller.facts import Facts
from controller.finding import Finding, Verdict
from controller.intent import Announce, Intent, Stop
from controller.policy import Mode, Reach, Remedy
from controller.rules import judge


def enforce(facts: Facts) -> Decision:
    """Flag what breaks the policy, tell people where a rule warns, and stop the offender where it enforces.

    A job that was over before the policy revision took force is not judged by it. Jobs of other services are flagged, never
    announced or stopped: a tuning job would say the same a thousand times, and must not lose a child.
    """
    job = facts.job
    if not (job.alive or _new(facts)):
        return Decision(intents=_under_way(facts))
    verdict = judge(job, facts.policy, facts.claims)
    flagged = tuple(_flagged(facts, finding) for finding in verdict.findings)
    if job.service is not None or not facts.newest:
        return Decision(entries=flagged)
    intents = _announce(facts, verdict) + _stop(facts, verdict)
    return Decision(entries=flagged, intents=intents)


def may_stop(facts: Facts, finding: Finding) -> bool:
    """Whether a finding takes its job down: an attempt that we submitted ourselves is judged, never stopped by a rule."""
    return (
        finding.mode is Mode.ENFORCE
        and finding.remedy is Remedy.STOP
        and facts.number == 1
        and facts.job.service is None
        and (_new(facts) or finding.applies_to is Reach.RUNNING)
    )


def _new(facts: Facts) -> bool:
    return facts.job.created_at >= facts.policy.in_force_at


def _flagged(facts: Facts, finding: Finding) -> Flagged:
    return Flagged(
        job=facts.job.name, at=facts.now, team=facts.job.team, rule=finding.rule, policy=finding.policy,
        severity=finding.severity, mode=finding.mode, field=finding.field, found=finding.found,
        wanted=finding.wanted, revision=facts.policy.revision,
    )  # fmt: skip


def _announce(facts: Facts, verdict: Verdict) -> tuple[Intent, ...]:
    """One message per rule and lineage: a second attempt that breaks the same rule is no news."""
    told = {e.policy for e in facts.lineage.entries if isinstance(e, Flagged) and e.mode.tells and e.job != facts.job.name}
    return tuple(
        Intent(
            action=Announce(
                about=facts.job.name,
                topic=f"flagged/{finding.policy}/{finding.mode}",
                channel=finding.channel,
                words=broke_rules(facts.job, finding, stopping=may_stop(facts, finding)),
            ),
            due_at=facts.now,
        )
        for finding in verdict.findings
        if finding.mode.tells and finding.policy not in told and (_new(facts) or finding.applies_to is Reach.RUNNING)
    )


def _stop(facts: Facts, verdict: Verdict) -> tuple[Intent, ...]:
    """Say Stop while a finding asks for it, and, once asked for, until Describe shows a terminal job."""
    offences = [f.policy for f in verdict.findings if may_stop(facts, f)]
    under_way = _under_way(facts)
    if under_way or not facts.job.alive or not offences:
        return under_way
    return (Intent(action=Stop(about=facts.job.name, because=", ".join(offences)), due_at=facts.now),)


def _under_way(facts: Facts) -> tuple[Intent, ...]:
    """The Stop that was asked for, while the job stops or until the answer that it is over was written down."""
    asked = facts.lineage.intent(f"stop/{facts.job.name}")
    stopping = not facts.job.alive or facts.job.status == "Stopping"
    return (asked,) if asked is not None and asked.open and asked.claim > 0 and stopping else ()
