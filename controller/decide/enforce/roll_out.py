"""Which mode of a rule is in force for a job: the one in the policy, or only a warning while the rule is rolled out or held back.

A guard against surprises makes the mode for one job depend on other jobs: those on which the same revision of the rule acted in
its first 24 hours. They are counted from rows that were written in the transactions of their decisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from datetime import UTC

from controller.decide.announce import say
from controller.decide.decision import Decision, Need
from controller.decide.enforce.planned_stop import may_act
from controller.decide.facts import Facts
from controller.ledger.entry import Flagged, RuleHeldBack
from controller.ledger.messages.message import JobFacts, SurpriseHeld
from controller.ledger.rule_acts import NO_ACTS
from controller.policy.findings import Finding
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo
from controller.policy.rollout import GUARDED_FOR, HeldBack
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledOut:
    """The findings with the modes in force. ``acting`` are the names of the rules that act, or would without their guard.

    ``also`` is decided besides: that a rule is held back, or that rows about other jobs must be read first.
    """

    findings: tuple[Finding, ...]
    acting: frozenset[str] = frozenset()
    also: Decision = field(default_factory=Decision)


def rolled_out(facts: Facts, findings: Sequence[Finding]) -> RolledOut:
    """The findings with the modes in force. While a guard's rows are not read, ``also`` has the need, and nothing is acted on."""
    found = [_by_itself(facts, finding) for finding in findings]
    result = RolledOut(findings=())
    for finding in found:
        result = _guarded(facts, finding, result)
    return result


def without_guards(facts: Facts, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with the modes that the roll-out sets for this job alone, before any guard against surprises."""
    return tuple(_by_itself(facts, finding) for finding in findings)


def _by_itself(facts: Facts, finding: Finding) -> Finding:
    if finding.mode is not Mode.ENFORCE:
        return finding
    at = facts.now if finding.applies_to is AppliesTo.RUNNING else facts.job.created_at  # an older job only gets a warning
    held = finding.rollout.held_back(str(facts.lineage.id), at.astimezone(UTC))
    return replace(finding, mode=Mode.WARN, held_back=held) if held else finding


def _guarded(facts: Facts, finding: Finding, so_far: RolledOut) -> RolledOut:
    new = facts.job.created_at >= facts.policy.in_force_at
    alive, acts = facts.job.alive, may_act(finding, first=facts.number == 1, owned=facts.owned, new=new) and facts.newest
    guard = finding.rollout.surprise
    if finding.mode is not Mode.ENFORCE:  # it only warns, or is waived
        return replace(so_far, findings=(*so_far.findings, finding))
    before = _before(facts, finding)
    if before is not None:
        return _with_acting(so_far, finding if before.mode is Mode.ENFORCE else _held_back(finding))
    if not acts or guard is None or not (alive or facts.job.cause):  # no attempt follows a job that completed
        return replace(so_far, findings=(*so_far.findings, finding))
    if Need.RULE_ACTS not in facts.looked_up:
        unasked = _held_back(finding) if alive else finding
        return RolledOut(findings=(*so_far.findings, unasked), also=Decision(needs=frozenset({Need.RULE_ACTS})))
    known, mine = facts.rule_acts.get(finding.policy, NO_ACTS), str(facts.lineage.id)
    if not alive:  # the finding decides about the next attempt, and is not counted
        return replace(so_far, findings=(*so_far.findings, _held_back(finding) if known.held_back else finding))
    if known.held_back:
        return _with_acting(so_far, _held_back(finding))
    counted = known.by_team(but=mine)
    team = facts.job.team or ""
    counted[team] = counted.get(team, 0) + 1
    guarded = facts.now < facts.policy.in_force_at + GUARDED_FOR
    if not guarded or not guard.surprised(counted, facts.last_day):
        return _with_acting(so_far, finding)
    held = RuleHeldBack(
        job=facts.job.name, at=facts.now, team=facts.job.team, policy=finding.policy, revision=facts.policy.revision,
        jobs=sum(counted.values()), teams=len(counted),
    )  # fmt: skip
    message = SurpriseHeld(
        job=JobFacts.of(facts.job), policy=held.policy, revision=held.revision, jobs=held.jobs, teams=held.teams
    )
    said = say(facts, message, finding.policy, held.revision, channel=facts.policy.channel)
    return _with_acting(replace(so_far, also=so_far.also | Decision(entries=(held,)) | said), _held_back(finding))


def _with_acting(so_far: RolledOut, finding: Finding) -> RolledOut:
    return replace(so_far, findings=(*so_far.findings, finding), acting=so_far.acting | {finding.policy})


def _held_back(finding: Finding) -> Finding:
    return replace(finding, mode=Mode.WARN, held_back=HeldBack.SURPRISE)


def _before(facts: Facts, finding: Finding) -> Flagged | None:
    """What this revision of the rule decided about the lineage's job before: it does not change later."""
    return next(
        (
            e
            for e in facts.lineage.entries
            if isinstance(e, Flagged) and e.acts and (e.policy, e.revision) == (finding.policy, facts.policy.revision)
        ),
        None,
    )
