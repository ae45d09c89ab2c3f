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
    """Flag what breaks the policy, tell people where a rule warns, and stop the job where it enforces.

    A job that was over before the policy revision took force is not judged by it. Jobs of other services are flagged, never
    announced or stopped: a tuning job would say the same a thousand times, and must not lose one of its jobs. A job that only
    claims an owner is judged like any other, and the message says so.
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
    """The findings; one that only a later change of the tags brings about is told and not acted on.

    Whoever may call AddTags can change the tags of other people's jobs, and so make a rule be about them, or end a waiver of the
    policy. A waiver given in Slack is about no tags: what it covers is not acted on, whichever tags count.
    """
    if facts.tagged_first is None or not any(finding.action for finding in findings):
        return findings
    then = standing_findings(facts.tagged_first, Basis(facts.policy, facts.evidence, now=facts.now))
    standing = {finding.policy for finding in then}
    return tuple(finding if finding.policy in standing else replace(finding, action=None) for finding in findings)


def basis_of(facts: Facts) -> Basis:
    """What the job of these facts is judged by now, with the waivers that people gave in Slack."""
    return Basis(facts.policy, facts.evidence, now=facts.now, given=_given_waivers(facts))


def _given_waivers(facts: Facts) -> tuple[Waiver, ...]:
    """The waivers that people gave in Slack for the lineage, each as long as the policy of now allows: also those that have
    ended, of which a finding says so.

    One that was given for a rule which the policy now uses for another kind of mistake counts for nothing.
    """
    most = facts.now + timedelta(seconds=facts.policy.slack.waiver_s_max)  # the clock that wrote it may be a little ahead
    return tuple(
        Waiver(rules=(w.policy,), reason=w.reason, owner=w.who, ticket=w.ticket, expires=min(_until(w, facts), most))
        for w in facts.lineage.entries
        if isinstance(w, Waived) and _is_same_rule(w, facts)
    )


def unwaived(facts: Facts) -> Breaks:
    """What a job of the lineage breaks that no waiver allows now."""
    basis = basis_of(facts)
    return lambda job: standing_findings(job, basis)


def _until(waived: Waived, facts: Facts) -> datetime:
    """When it ends: what the policy of now allows counts from when it was given."""
    return min(waived.until, waived.at + timedelta(seconds=facts.policy.slack.waiver_s_max))


def _is_same_rule(waived: Waived, facts: Facts) -> bool:
    """Whether the rule of that name is still of the kind that the lineage broke when it was waived, as far as that is known."""
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
    """What of the job's findings asks for a stop, or would have if the job had not ended by itself first."""
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
    """One message per rule and lineage: a second attempt that breaks the same rule is not announced, unless it was repaired."""
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
            alarm = finding.policy if finding.rule == CHECKPOINT_ALIVE.id else ""  # most such jobs complete all the same
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
    """What the repaired job may cost at most."""
    if not isinstance(plan, Stop) or plan.purpose is not Purpose.REPAIR:
        return None
    return attempt_cost_micros(facts, change_from_json(plan.changes))


def _stop(facts: Facts, plan: Stop | NotRepairable | None) -> tuple[Intent, ...]:
    """Decide Stop while a finding asks for it, and, once it was begun, until Describe shows that the job has ended."""
    under_way = _under_way(facts)
    if under_way or not facts.job.alive or not isinstance(plan, Stop):
        return under_way
    return (Intent(action=plan, due_at=facts.now),)


def _plan(facts: Facts, verdict: Verdict) -> Stop | NotRepairable | None:
    """What the findings ask for that may act on this job."""
    offences = [f for f in verdict.findings if may_stop(facts, f)]
    return planned_stop(facts.job, offences, facts.policy, unwaived(facts))


def _changes(plan: Stop | NotRepairable | None, finding: Finding) -> str:
    """The changes of the repair under way: they may contain more than the rule's own fix."""
    return plan.changes if isinstance(plan, Stop) and finding.action is RuleAction.REPAIR else ""


def _next_step(plan: Stop | NotRepairable | None, finding: Finding, *, repaired: bool) -> NextStep:
    """What happens to the job that breaks the rule."""
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
    """The Stop that was begun, while the job is stopping or until the Stop is closed."""
    asked = facts.lineage.intent(f"stop/{facts.job.name}")
    told = asked is not None and asked.why in STOP_UNDER_WAY  # a description from before the call does not show Stopping yet
    stopping = not facts.job.alive or facts.job.status == "Stopping" or told
    return (asked,) if asked is not None and asked.open and asked.claim > 0 and stopping else ()
