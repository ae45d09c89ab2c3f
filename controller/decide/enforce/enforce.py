"""Turns a verdict into entries, messages and stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.announce import say
from controller.decide.decision import Decision, Need
from controller.decide.enforce.planned_stop import may_act, planned_stop
from controller.decide.enforce.repair_spend_cap import look_for_room_again, with_room
from controller.decide.enforce.roll_out import rolled_out
from controller.decide.facts import Facts
from controller.decide.spend_cap import attempt_cost_micros
from controller.jobs.request import change_from_json, change_to_json
from controller.ledger.entry import Flagged, Waived
from controller.ledger.intent import STOP_UNDER_WAY, Intent, Purpose, Stop, Wake
from controller.ledger.messages.kind import NextStep
from controller.ledger.messages.message import DeadlineUnreadable, JobFacts, RuleBroken
from controller.ledger.move_cause import MoveCause
from controller.policy.findings import Finding, Verdict
from controller.policy.judge import Basis, all_findings, judge, standing_findings
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, RuleAction
from controller.policy.repair import Breaks, NotRepairable
from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.tag_invalid import TAG_INVALID
from controller.policy.waiver import Waiver
from controller.units.money import Micros


def enforce(facts: Facts) -> Decision:
    """Record each broken rule, announce it if the rule warns or enforces, and stop the job if the rule enforces.

    A job that was created before the policy revision took force, and has ended, is not judged. Jobs of other services are
    recorded, never announced or stopped: a tuning job would cause the same message a thousand times, and must not lose a job. A
    job that only claims an owner is judged like any other, and the message names the claim.
    """
    job = facts.job
    if not (job.alive or _new(facts)):
        return Decision(intents=_under_way(facts))
    verdict = judge(job, basis_of(facts), facts.directives)
    force = rolled_out(facts, _as_first_tagged(facts, verdict.findings))
    verdict = replace(verdict, findings=force.findings)
    flagged = tuple(_flagged(facts, finding, acts=finding.policy in force.acting) for finding in verdict.findings)
    if force.also.needs:
        return force.also
    if facts.owned or not facts.newest:
        return Decision(entries=flagged)
    plan = with_room(facts, _plan(facts, verdict))
    if isinstance(plan, Need):
        return Decision(needs=frozenset({plan}))
    intents = _stop(facts, plan) + look_for_room_again(facts, plan) + _when_waivers_end(facts, verdict)
    return Decision(entries=flagged) | force.also | _announce(facts, verdict, plan) | Decision(intents=intents)


def _as_first_tagged(facts: Facts, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, without the action of those that hold only because the tags were changed later: these are announced only.

    Whoever may call AddTags can change the tags of other people's jobs. That can make a rule select a job, or end a waiver of
    the policy file. A waiver given in Slack does not depend on tags: what it covers is never acted on.
    """
    if facts.tagged_first is None or not any(finding.action for finding in findings):
        return findings
    then = standing_findings(facts.tagged_first, Basis(facts.policy, facts.evidence, now=facts.now))
    standing = {finding.policy for finding in then}
    return tuple(finding if finding.policy in standing else replace(finding, action=None) for finding in findings)


def basis_of(facts: Facts) -> Basis:
    """What the job is judged by now: the policy, the evidence, the time, and the waivers that people gave in Slack."""
    return Basis(facts.policy, facts.evidence, now=facts.now, given=_given_waivers(facts))


def _given_waivers(facts: Facts) -> tuple[Waiver, ...]:
    """The waivers that people gave in Slack for the lineage, each for as long as the current policy allows.

    Waivers that have ended are included, because a finding mentions them. A waiver does not count if the rule of that name is of
    another kind now than when it was given.
    """
    most = facts.now + timedelta(seconds=facts.policy.slack.waiver_s_max)  # the clock that stamped the waiver may be ahead
    return tuple(
        Waiver(rules=(w.policy,), reason=w.reason, owner=w.who, ticket=w.ticket, expires=min(_until(w, facts), most))
        for w in facts.lineage.entries
        if isinstance(w, Waived) and _is_same_rule(w, facts)
    )


def unwaived(facts: Facts) -> Breaks:
    """A function that returns the findings about a job of the lineage that no waiver covers now."""
    basis = basis_of(facts)
    return lambda job: standing_findings(job, basis)


def _until(waived: Waived, facts: Facts) -> datetime:
    """When a waiver ends: at most as long after it was given as the current policy allows."""
    return min(waived.until, waived.at + timedelta(seconds=facts.policy.slack.waiver_s_max))


def _is_same_rule(waived: Waived, facts: Facts) -> bool:
    """Whether the rule of that name is still of the kind that was waived; also True where that kind is not known."""
    kinds = {e.rule for e in facts.lineage.entries if isinstance(e, Flagged) and e.policy == waived.policy and e.at <= waived.at}
    return not kinds or all(rule.kind in kinds for rule in facts.policy.rules if rule.name == waived.policy)


def _when_waivers_end(facts: Facts, verdict: Verdict) -> tuple[Intent, ...]:
    """Judge the job again when a waiver ends."""
    if not facts.job.alive:
        return ()
    ends = {end for w in facts.lineage.waivers_in_force(facts.now) if (end := _until(w, facts)) > facts.now}
    ends |= {f.waiver.expires for f in verdict.findings if f.waiver is not None and f.waiver.name}
    return tuple(Intent(action=Wake(about=facts.job.name, at=at), due_at=at) for at in sorted(ends))


def may_stop(facts: Facts, finding: Finding) -> bool:
    """Whether a finding stops its job."""
    return may_act(finding, first=facts.number == 1, owned=facts.owned, new=_new(facts))


def offences_of(facts: Facts) -> tuple[Finding, ...]:
    """The findings that stop the job, or would have stopped it if it had not ended by itself first."""
    findings, _ = all_findings(facts.job, basis_of(facts), facts.directives)
    return tuple(f for f in rolled_out(facts, _as_first_tagged(facts, findings)).findings if may_stop(facts, f))


def _new(facts: Facts) -> bool:
    return facts.job.created_at >= facts.policy.in_force_at


def _flagged(facts: Facts, finding: Finding, *, acts: bool) -> Flagged:
    return Flagged(
        job=facts.job.name, at=facts.now, team=facts.job.team, rule=finding.rule, policy=finding.policy,
        severity=finding.severity, mode=finding.mode, field=finding.field, found=finding.found,
        wanted=finding.wanted, revision=facts.policy.revision, waiver=finding.waiver.name if finding.waiver else "",
        waived_until=finding.waiver.expires if finding.waiver else None, held_back=finding.held_back, acts=acts,
    )  # fmt: skip


def _announce(facts: Facts, verdict: Verdict, plan: Stop | NotRepairable | None) -> Decision:
    """One message per rule and lineage. A later attempt that breaks the same rule is announced only if it is a repaired job."""
    repaired = any(submit.cause is MoveCause.REPAIR and submit.job == facts.job.name for submit, _ in facts.lineage.submits())
    told = {e.policy for e in facts.lineage.entries if isinstance(e, Flagged) and e.mode.tells and e.job != facts.job.name}
    said = Decision()
    for finding in verdict.findings:
        judged = _new(facts) or finding.applies_to is AppliesTo.RUNNING
        if finding.mode.tells and judged and (repaired or finding.policy not in told):
            if finding.rule == TAG_INVALID:
                said |= say(facts, _tag_invalid(facts))
                continue
            message = _rule_broken(facts, finding, plan, repaired=repaired)
            alarm = finding.policy if finding.rule == CHECKPOINT_ALIVE.id else ""  # most of these jobs complete anyway
            said |= say(facts, message, finding.policy, finding.mode, channel=finding.channel, once_a_day=alarm)
    return said


def _tag_invalid(facts: Facts) -> DeadlineUnreadable:
    return DeadlineUnreadable(job=JobFacts.of(facts.job), problem="; ".join(map(str, facts.directives.problems)))


def _rule_broken(facts: Facts, finding: Finding, plan: Stop | NotRepairable | None, *, repaired: bool) -> RuleBroken:
    return RuleBroken(
        job=JobFacts.of(facts.job), policy=finding.policy, severity=finding.severity, field=finding.field, found=finding.found,
        wanted=finding.wanted, risk=finding.risk, next_step=_next_step(plan, finding, repaired=repaired),
        fix=_changes(plan, finding) or change_to_json(finding.fix.request),
        why_not=plan.why if isinstance(plan, NotRepairable) else "", claimed=facts.job.claimed or "", lapsed=finding.lapsed,
        mode=finding.mode, revision=facts.policy.revision, held_back=finding.held_back or "", rule=finding.rule,
        next_micros=_next_micros(facts, plan),
    )  # fmt: skip


def _next_micros(facts: Facts, plan: Stop | NotRepairable | None) -> Micros | None:
    """What the repaired job costs at most; None if none is planned, or a price is unknown."""
    if not isinstance(plan, Stop) or plan.purpose is not Purpose.REPAIR:
        return None
    return attempt_cost_micros(facts, change_from_json(plan.changes))


def _stop(facts: Facts, plan: Stop | NotRepairable | None) -> tuple[Intent, ...]:
    """The Stop, while a finding asks for it; after its first try, until DescribeTrainingJob shows that the job has ended."""
    under_way = _under_way(facts)
    if under_way or not facts.job.alive or not isinstance(plan, Stop):
        return under_way
    return (Intent(action=plan, due_at=facts.now),)


def _plan(facts: Facts, verdict: Verdict) -> Stop | NotRepairable | None:
    """The Stop that the findings which may act on this job ask for, or why the job cannot be repaired; None for neither."""
    offences = [f for f in verdict.findings if may_stop(facts, f)]
    return planned_stop(facts.job, offences, facts.policy, unwaived(facts))


def _changes(plan: Stop | NotRepairable | None, finding: Finding) -> str:
    """The changes of the planned repair, as JSON; empty without one. They may contain more than this rule's own fix."""
    return plan.changes if isinstance(plan, Stop) and finding.action is RuleAction.REPAIR else ""


def _next_step(plan: Stop | NotRepairable | None, finding: Finding, *, repaired: bool) -> NextStep:
    """What the message says will happen to the job that breaks the rule."""
    acts = finding.mode is Mode.ENFORCE and finding.action is not None
    match plan:
        case Stop(purpose=Purpose.REPAIR) if acts:
            return NextStep.REPAIR
        case Stop() if acts:
            return NextStep.STOP
        case NotRepairable() if acts:
            return NextStep.CANNOT_REPAIR
        case _:
            return NextStep.STILL_BROKEN if repaired else NextStep.NOTHING


def _under_way(facts: Facts) -> tuple[Intent, ...]:
    """The open Stop that was already tried, if the job is Stopping or has ended, or StopTrainingJob was already called."""
    asked = facts.lineage.intent(f"stop/{facts.job.name}")
    told = asked is not None and asked.why in STOP_UNDER_WAY  # this description may be older than the call, and not show Stopping
    stopping = not facts.job.alive or facts.job.status == "Stopping" or told
    return (asked,) if asked is not None and asked.open and asked.claim > 0 and stopping else ()
