"""Computes a repair again from the current rules after its job was stopped, because the stored row alone is not trusted."""

from __future__ import annotations

import re
from dataclasses import replace

from controller.decide.enforce.enforce import unwaived
from controller.decide.facts import Facts
from controller.jobs.changes import Changes
from controller.jobs.job import Job
from controller.jobs.request import RequestChange, merged
from controller.ledger.intent import Stop
from controller.policy.judge import Basis, judged
from controller.policy.mode import Mode
from controller.policy.policy import RuleAction
from controller.policy.repair import NotRepairable, checkpoint_places, repaired_request

SHARED_PREFIX = "checkpoint-exclusive"


def repair_now(facts: Facts, stop: Stop) -> RequestChange | NotRepairable:
    """The repair according to the rules that asked for it, as they are now; no change if none of them asks for it any more.

    Only the names of the rules are taken from the Stop's row. If tags that were changed later prevent the repair, the tags that
    were read first count, because the job is already stopped.
    """
    now = _repair_of(facts.job, facts, stop)
    if isinstance(now, NotRepairable) and facts.tagged_first is not None:
        return _repair_of(facts.tagged_first, facts, stop)
    return now


def _repair_of(job: Job, facts: Facts, stop: Stop) -> RequestChange | NotRepairable:
    asked, policy = frozenset(stop.because.split(", ")), facts.policy
    living = replace(job, outcome=None)
    rules = [r for r in policy.rules if r.name in asked and r.mode is Mode.ENFORCE and r.action is RuleAction.REPAIR]
    names = {rule.name for rule in rules}
    offences = [f for f in judged(living, Basis(policy, facts.evidence))[0] if f.policy in names]
    now = repaired_request(living, offences, policy, unwaived(facts)) if offences else {}
    if isinstance(now, NotRepairable):
        return now
    shared = [rule.repair for rule in rules if rule.kind == SHARED_PREFIX]
    if shared and "CheckpointConfig" not in now and Changes.read(stop.changes).checkpoint_uri:
        # The rule judges only live jobs, so it has no finding about this one any more.
        places, refused = checkpoint_places(living, shared, policy)
        if not places:
            return NotRepairable(why=refused)
        now = merged(now, {"CheckpointConfig": {"S3Uri": places[0]}})
    return Changes.of(now).request()


def same_repair(changes: str, repair: RequestChange) -> bool:
    """Whether a stored change is this repair, or differs only in a checkpoint prefix beside or below the repair's."""
    said, wanted = Changes.read(changes), Changes.of(repair)
    alike = replace(said, checkpoint_uri=None) == replace(wanted, checkpoint_uri=None)
    return alike and _below(said.checkpoint_uri, wanted.checkpoint_uri)


def _below(uri: str | None, prefix: str | None) -> bool:
    """Whether ``uri`` is ``prefix``, or ``prefix`` with a suffix of letters, digits and hyphens after ``-`` or ``/``."""
    if uri is None or prefix is None:
        return uri == prefix
    return re.fullmatch(rf"{re.escape(prefix.rstrip('/'))}([-/][A-Za-z0-9-]+)?/?", uri) is not None
