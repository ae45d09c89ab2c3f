"""Chooses an unused checkpoint prefix for a repaired job, so that the job does not continue from another job's checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from controller.decide.enforce.recompute_repair import repair_now
from controller.decide.facts import Facts
from controller.jobs.checkpoint import within
from controller.jobs.claim import Claim, claim_of, writing_there
from controller.jobs.request import change_from_json, change_to_json
from controller.ledger.entry import Started
from controller.ledger.intent import IntentResult, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.policy.repair import NotRepairable

NOT_FREE = "the new checkpoint prefix is not free: "  # ``Intent.why`` of a Submit begins so if its prefix is no longer free
SUFFIXES_MAX = 3


def new_prefix_of(changes: str) -> str | None:
    """The checkpoint prefix in a stored change of a request; None where the change has none."""
    uri = change_from_json(changes).get("CheckpointConfig", {}).get("S3Uri")
    return str(uri) if uri else None


def template_prefix(facts: Facts) -> str | None:
    """The checkpoint prefix that the repair of the job would set, from the rule's template; None where it sets none."""
    intent = facts.lineage.intent(f"stop/{facts.job.name}")
    if intent is None or not isinstance(intent.action, Stop):
        return None
    repair = repair_now(facts, intent.action)
    return None if isinstance(repair, NotRepairable) else new_prefix_of(change_to_json(repair))


def candidate_prefixes(facts: Facts, uri: str) -> tuple[str, ...]:
    """The prefixes to try: ``uri``, then three of the lineage's own, beside it if the policy allows that, else below it.

    Each ends with a slash: an S3 prefix is plain text, so ``bert-1`` would also match ``bert-10/``. The lineage's own prefixes
    contain a hash of the job's keyed identity, so that nobody can use them all up in advance.
    """
    root = facts.lineage.entry(Started, facts.lineage.id.root)
    identity, base = root.identity if root is not None else facts.job.identity, uri.rstrip("/")
    mark = hashlib.sha256(f"{facts.lineage.id}/{identity}".encode()).hexdigest()[:8]
    allowed = _allowed(facts)
    beside = any(within(f"{base}-{mark}/", prefix) for prefix in allowed)
    suffixes = (mark, *(f"{mark}-{number}" for number in range(2, SUFFIXES_MAX + 1)))
    return (f"{base}/", *(f"{base}{'-' if beside else '/'}{suffix}/" for suffix in suffixes))


def free_of(claims: Iterable[Claim], uri: str, facts: Facts) -> bool:
    """Whether no live job of another lineage, with any role, writes to a prefix or below it, according to these claims."""
    mine = claim_of(uri, job=facts.job.name, lineage=str(facts.lineage.id), created_at=facts.now)
    return not writing_there(mine, claims)


def refused_as_not_free(lineage: Lineage, about: str) -> int:
    """How many attempts were refused because their prefix was used between the decision and the call."""
    return sum(
        i.closed is IntentResult.REFUSED
        and isinstance(i.action, Submit)
        and i.action.about == about
        and i.why.startswith(NOT_FREE)
        for i in lineage.intents
    )


def _allowed(facts: Facts) -> tuple[str, ...]:
    """The prefixes below which the rules that repair the job let it write."""
    intent = facts.lineage.intent(f"stop/{facts.job.name}")
    because = intent.action.because.split(", ") if intent is not None and isinstance(intent.action, Stop) else ()
    repairs = (rule.repair for rule in facts.policy.rules if rule.name in because and rule.repair.checkpoint is not None)
    return tuple(prefix for repair in repairs for prefix in repair.allowed_for(facts.job.role))
