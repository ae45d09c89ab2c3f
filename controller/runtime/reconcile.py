"""The only path: gather, decide, commit, perform, close.

An event contributes a job's name and nothing else. What is decided is written down in one transaction before any of it is
done, so a crash, a throttle, a lost answer, a backoff and a retry are the same case: an open intent whose time has come.

    outpaced   somebody else changed the lineage first: gather again, three times, then leave it to the next trigger
    leased     an intent that is due is committed with a lease of 60 s, longer than the function may run (45 s)
    taken      an older intent is claimed by one conditional write before it is performed
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from controller.decide import decide
from controller.decide.decision import DeciderProblem, Decision
from controller.decide.deleted_job import decide_deleted
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.ledger.entry import Ended
from controller.ledger.intent import Announce, Intent, IntentResult, Publish, RefreshCard, Stop, Submit
from controller.ledger.lineage import Lineage, LineageId
from controller.runtime.gather import gather, look_up
from controller.runtime.perform import perform
from controller.runtime.ports import Ports, Trigger
from controller.runtime.read_ports import ReadPorts
from controller.runtime.take_in_requests import take_in_requests
from controller.runtime.timeouts import LEASE

OUTPACED_MAX = 3
ROUNDS_MAX = 12  # commits of one trigger: enough for a job with a thousand interruptions


class Outpaced(Exception):
    """Others changed this lineage three times during the gathering. The next trigger continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The result of a trigger: the job's lineage, None where there is no such job, and the deciders that raised."""

    lineage: LineageId | None
    problems: tuple[DeciderProblem, ...] = ()


def reconcile(trigger: Trigger, ports: Ports) -> Reconciled:
    """Gather, decide, commit and perform for one job.

    Raises Outpaced and Unreachable; after both, the next trigger continues.
    """
    if trigger.requested and trigger.lineage is not None:
        take_in_requests(trigger.lineage, ports)
    found = _settle(trigger.job, ports)
    if trigger.lineage is not None and trigger.lineage != found.lineage:
        _let_go(trigger.job, trigger.lineage, ports)
    return found


def _settle(name: str, ports: Ports) -> Reconciled:
    """Decide, commit and perform until nothing is new."""
    outpaced, asked = 0, False
    for _ in range(ROUNDS_MAX):
        job = ports.jobs.describe(name)
        if job is None:
            return Reconciled(lineage=None)
        facts, whole = decided(job, ports)
        if not asked and any(isinstance(intent.action, Stop | Submit) for intent in whole.intents):
            asked = True  # before anything is done to a job: what people asked for meanwhile may forbid it
            if take_in_requests(facts.lineage.id, ports):
                continue
        decision = whole.cut().leased(facts.now, facts.now + LEASE)
        if _stale(facts) or (decision and not ports.ledger.lineages.commit(facts.lineage, decision)):
            outpaced += 1
            if outpaced == OUTPACED_MAX:
                raise Outpaced(f"{name}: the lineage {facts.lineage.id} changed {outpaced} times while it was read")
            continue
        if decision.writes < whole.writes:
            continue
        if not _carry_out(decision, facts.lineage, name, facts.now, ports):
            return Reconciled(lineage=facts.lineage.id, problems=whole.problems)
    raise Outpaced(f"{name}: still something new after {ROUNDS_MAX} rounds")


def decided(job: Job, ports: ReadPorts) -> tuple[Facts, Decision]:
    """Gather and decide; look up what the decision needs to know, and decide again, until it needs nothing more."""
    facts = gather(job, ports)
    decision = decide(facts)
    while decision.needs:
        facts = look_up(facts, decision.needs, ports)
        decision = decide(facts)
    return facts, decision


def _stale(facts: Facts) -> bool:
    """Whether the job was described before its end and the lineage loaded after it: such facts were never true together."""
    return facts.job.alive and facts.lineage.entry(Ended, facts.job.name) is not None


def _carry_out(decision: Decision, lineage: Lineage, name: str, now: datetime, ports: Ports) -> bool:
    """Perform what was just committed and what has become due; True when an answer is news to be told."""
    lineage = replace(lineage, entries=lineage.entries + decision.entries)  # a Submit claims the prefix that Started just told
    taken_back = {i.key for i in decision.withdrawn}
    older = (i for i in lineage.open_intents(name) if i.key not in taken_back)
    due = chain((i for i in decision.intents if i.leased_until), _taken(older, lineage, now, ports))
    answers = [perform(intent, lineage, ports, reconcile) for intent in due]
    return IntentResult.REFUSED in answers or IntentResult.ABANDONED in answers


def _taken(intents: Iterable[Intent], lineage: Lineage, now: datetime, ports: Ports) -> Iterator[Intent]:
    """Claim each intent that is due, one by one as it is performed; what another Lambda claimed first is theirs."""
    for intent in intents:
        taken = ports.ledger.lineages.take(lineage.id, intent, now=now, leased_until=now + LEASE) if intent.due(now) else None
        if taken is not None:
            yield taken


def _let_go(name: str, id: LineageId, ports: Ports) -> None:
    """Close what is open about a job that is gone, or whose name has begun another life."""
    lineage, now = ports.ledger.lineages.load(id), ports.clock.now()
    for intent in _taken((i for i in lineage.open_intents(name) if _outlives_its_job(i)), lineage, now, ports):
        perform(intent, lineage, ports, reconcile)
    lineage = ports.ledger.lineages.load(id)
    decision = decide_deleted(lineage, name, now, ports.policies.current().channel).leased(now, now + LEASE)
    if not decision:
        return
    if not ports.ledger.lineages.commit(lineage, decision):
        raise Outpaced(f"{name}: the lineage {id} changed while it was let go of")
    for intent in decision.intents:
        perform(intent, lineage, ports, reconcile)


def _outlives_its_job(intent: Intent) -> bool:
    """Words need no job; a Submit that was begun may have created the next attempt before its root was deleted."""
    return isinstance(intent.action, Announce | Publish | RefreshCard) or (
        isinstance(intent.action, Submit) and intent.leased_until is not None
    )
