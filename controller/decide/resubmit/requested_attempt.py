"""Judges the attempt that a person asked for, or that follows a first job, before it is created: no rule stops it later.

A request that an enforcing rule would stop is submitted with its fix, if the policy has one, and refused otherwise. With a waiver
it is submitted as it is.
"""

from __future__ import annotations

from dataclasses import replace

from controller.decide.enforce.enforce import basis_of, offences_of, unwaived
from controller.decide.enforce.repair_prefix import candidate_prefixes
from controller.decide.enforce.roll_out import without_guards
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.jobs.request import RequestChange, merged
from controller.policy.findings import Finding
from controller.policy.fix import applied
from controller.policy.judge import standing_findings
from controller.policy.mode import Mode
from controller.policy.policy import RuleAction
from controller.policy.repair import NotRepairable, repaired_request
from controller.policy.rules.kind import Evidence


def request_as_asked(facts: Facts, changes: RequestChange) -> RequestChange | NotRepairable:
    """The changes of the next attempt's request, with the fix of each enforcing rule that it breaks; or why it is not submitted.

    The attempt is judged as a new job, also while the job itself still runs.
    """
    basis = replace(basis_of(facts), evidence=Evidence(claims=facts.claims))

    def breaks(changed: Job) -> tuple[Finding, ...]:
        return standing_findings(changed, basis)

    job = replace(applied(facts.job, changes), outcome=None, intervals=())
    offences = [f for f in without_guards(facts, breaks(job)) if f.mode is Mode.ENFORCE and f.action is not None]
    if not offences:
        return changes
    names = ", ".join(finding.policy for finding in offences)
    found = "it would break " + ", ".join(f"{f.policy} ({f.field} is {f.found}; wanted: {f.wanted})" for f in offences)
    fix = repaired_request(job, offences, facts.policy, breaks)
    if isinstance(fix, NotRepairable):
        return NotRepairable(why=f"{found}, so it would be stopped: {fix.why}", rules=names)
    if any(fix.get(member, value) != value for member, value in changes.items() if not isinstance(value, dict)):
        return NotRepairable(why=f"{found}, and the policy's fix would undo what was requested", rules=names)
    return merged(changes, _with_own_prefix(facts, fix))


def repair_of_first(facts: Facts) -> RequestChange | NotRepairable:
    """The fix for the attempt after a first job that broke an enforcing rule and ended before the rule could stop it.

    No change for later attempts. A job that a rule would have stopped without a repair is not submitted again. Otherwise its
    creator could avoid the rule by letting the job fail early, because no rule stops attempts.
    """
    offences = offences_of(facts) if facts.number == 1 else ()
    if not offences:
        return {}
    if any(finding.action is RuleAction.STOP for finding in offences):
        broken = ", ".join(f"{f.policy} ({f.field} is {f.found}; wanted: {f.wanted})" for f in offences)
        names = ", ".join(finding.policy for finding in offences)
        return NotRepairable(why=f"it breaks {broken}, and the job ended before the rule could stop it", rules=names)
    fix = repaired_request(replace(facts.job, outcome=None), offences, facts.policy, unwaived(facts))
    return {} if isinstance(fix, NotRepairable) else _with_own_prefix(facts, fix)  # the rule would have left the job alone


def _with_own_prefix(facts: Facts, fix: RequestChange) -> RequestChange:
    """The fix, with the lineage's own checkpoint prefix in place of the template's, so that no other job's files lie there."""
    uri = (fix.get("CheckpointConfig") or {}).get("S3Uri")
    return merged(fix, {"CheckpointConfig": {"S3Uri": candidate_prefixes(facts, uri)[1]}}) if uri else fix
