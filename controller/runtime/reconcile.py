"""The one path of every trigger: gather, decide, commit, perform, close.

Only the job's name is taken from an event. A decision is committed in one transaction before any of it is performed. So a crash,
a throttled call, a lost answer, a backoff and a retry are the same case: an open intent that is due.

    outpaced   another function changed the lineage first: gather again, three times, then leave it to the next trigger
    leased     an intent that is due is committed with a lease of 60 s, longer than the function may run (45 s)
    taken      an older intent is claimed by one conditional write before it is performed
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain

from controller.decide import decide
from controller.decide.close_lineage import event_of_deleted
from controller.decide.decision import DeciderProblem, Decision
from controller.decide.deleted_job import decide_deleted
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.ledger.entry import Ended
from controller.ledger.intent import Announce, Intent, IntentResult, Publish, RefreshCard, Stop, Submit
from controller.ledger.lineage import Lineage, mode_of
from controller.ledger.lineage_id import LineageId
from controller.runtime.gather.gather import gather, look_up
from controller.runtime.perform.perform import Outpaced, leave_a_wake, perform
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import PartUnread
from controller.runtime.ports.reading import ReadPorts
from controller.runtime.read_events import Trigger
from controller.runtime.take_in_requests import take_in_requests
from controller.runtime.timeouts import LEASE
from controller.units.value import dataclass, replace

OUTPACED_MAX = 3
ROUNDS_MAX = 12  # commits of one trigger; the sweep's next trigger goes on with the rest
PARTS_TIME_LIMIT = timedelta(seconds=10)  # for the parts of one large decision: a function also has other jobs to look at


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """The result of a trigger: the job's lineage, None where there is no such job, and the deciders that raised.

    ``unaccounted`` are the members of its description that this version does not know.
    """

    lineage: LineageId | None
    problems: tuple[DeciderProblem, ...] = ()
    unaccounted: tuple[str, ...] = ()


def reconcile(trigger: Trigger, ports: Ports) -> Reconciled:
    """Gather, decide, commit and perform for one job.

    Raises Outpaced and Unreachable; after both, the next trigger continues. Where only the job's tags or the owner of its
    algorithm cannot be read, what needs neither is done before PartUnread is raised.
    """
    if trigger.requested and trigger.lineage is not None:
        take_in_requests(trigger.lineage, ports)
    found = _act_until_nothing_is_new(trigger, ports)
    if trigger.lineage is not None and trigger.lineage != found.lineage:
        _abandon_open_intents(trigger.job, trigger.lineage, ports)
    return found


def _act_until_nothing_is_new(trigger: Trigger, ports: Ports) -> Reconciled:
    """Decide, commit and perform until nothing is new."""
    name, outpaced, asked, since = trigger.job, 0, False, ports.clock.now()
    for _ in range(ROUNDS_MAX):
        try:
            job = ports.jobs.describe(name)
        except PartUnread as unread:
            _act_on_part(unread, ports, trigger.created_in)
            raise
        if job is None:
            return Reconciled(lineage=None)
        facts, whole = decided(job, ports, trigger.created_in)
        if not asked and _acts_on_the_job(whole, facts):
            asked = True  # before the job is stopped or submitted again: what people asked for meanwhile may forbid that
            if take_in_requests(facts.lineage.id, ports):
                continue
        part = whole.cut(name, facts.now)
        decision = part.leased(facts.now, facts.now + LEASE)
        if _stale(facts) or (decision and not ports.ledger.lineages.commit(facts.lineage, decision)):
            outpaced += 1
            if outpaced == OUTPACED_MAX:
                raise Outpaced(f"{name}: the lineage {facts.lineage.id} changed {outpaced} times while it was read")
            continue
        ports.tally.decided(decision)
        reconciled = Reconciled(lineage=facts.lineage.id, problems=whole.problems, unaccounted=job.unaccounted)
        older = facts.lineage.open_intents(name) if part is whole else ()
        again = _carry_out(decision, facts.lineage, older, facts.now, ports) or part is not whole
        if not again or (part is not whole and ports.clock.now() - since > PARTS_TIME_LIMIT):
            return reconciled
    if part is whole:
        leave_a_wake(name, facts.lineage.id, ports)
    return reconciled


def _act_on_part(unread: PartUnread, ports: Ports, created_in: LineageId | None) -> None:
    """Record what the job shows, send waiting messages, and do what a person asked for. The rest waits until all is read.

    Raises Unreachable where the job's tags were never read.
    """
    job = unread.job
    facts, whole = decided(job, ports, created_in, unread=unread)
    decision = whole.cut(job.name, facts.now).leased(facts.now, facts.now + LEASE)
    if _stale(facts) or (decision and not ports.ledger.lineages.commit(facts.lineage, decision)):
        return
    ports.tally.decided(decision)
    waiting = facts.lineage.open_intents(job.name)
    said = tuple(i for i in waiting if isinstance(i.action, Announce | RefreshCard) or decision.confirms(i) is not None)
    _carry_out(decision, facts.lineage, said, facts.now, ports)


def _acts_on_the_job(decision: Decision, facts: Facts) -> bool:
    """Whether the job is about to be stopped or submitted again, by this decision or by an earlier one."""
    waiting = (intent for intent in facts.lineage.open_intents(facts.job.name) if intent.due(facts.now))
    return any(isinstance(intent.action, Stop | Submit) for intent in chain(decision.intents, waiting))


def decided(
    job: Job, ports: ReadPorts, created_in: LineageId | None = None, *, unread: PartUnread | None = None
) -> tuple[Facts, Decision]:
    """Gather and decide; look up what the decision needs to know, and decide again, until it needs nothing more."""
    facts = gather(job, ports, created_in, unread=unread)
    decision = decide(facts)
    while decision.needs:
        facts = look_up(facts, decision.needs, ports)
        decision = decide(facts)
    return facts, decision


def _stale(facts: Facts) -> bool:
    """Whether the job was described before its end, and the lineage loaded after it: these facts contradict each other."""
    return facts.job.alive and facts.lineage.entry(Ended, facts.job.name) is not None


def _carry_out(decision: Decision, lineage: Lineage, older: tuple[Intent, ...], now: datetime, ports: Ports) -> bool:
    """Perform the intents that were just committed, and the older ones that are due. True when one was refused or abandoned: then
    there is more to decide.
    """
    written = {i.key for i in (*decision.withdrawn, *decision.intents)}
    older = tuple(i for i in older if i.key not in written)
    lineage = replace(lineage, entries=lineage.entries + decision.entries)  # a Submit claims the prefix in Started
    due = chain((i for i in decision.intents if i.leased_until), _claimed_when_due(older, lineage, now, ports))
    answers = [_performed(intent, decision, lineage, ports) for intent in due]
    return IntentResult.REFUSED in answers or IntentResult.ABANDONED in answers


def _performed(intent: Intent, decision: Decision, lineage: Lineage, ports: Ports) -> IntentResult | None:
    """Perform an intent with the content that is decided now. The stored row only shows that it was decided once."""
    now = decision.confirms(intent)
    return perform(now or intent, lineage, ports, reconcile, decided=now is not None, failed=bool(decision.problems))


def _claimed_when_due(intents: Iterable[Intent], lineage: Lineage, now: datetime, ports: Ports) -> Iterator[Intent]:
    """Claim each intent that is due right before it is performed. An intent that another function claimed first is left to it."""
    for intent in intents:
        taken = ports.ledger.lineages.take(lineage.id, intent, now=now, leased_until=now + LEASE) if intent.due(now) else None
        if taken is not None:
            yield taken


def _abandon_open_intents(name: str, id: LineageId, ports: Ports) -> None:
    """Abandon the open intents of a job that was deleted, or whose name a new job has."""
    lineage, now = ports.ledger.lineages.load(id), ports.clock.now()
    for intent in _claimed_when_due((i for i in lineage.open_intents(name) if _outlives_its_job(i)), lineage, now, ports):
        stands = _without_its_job(intent, lineage)
        perform(stands or intent, lineage, ports, reconcile, decided=stands is not None)
    for _ in range(ROUNDS_MAX):
        lineage, now = ports.ledger.lineages.load(id), ports.clock.now()
        policy = ports.policies.current()
        decided_now = decide_deleted(lineage, name, now, policy.channel).under(policy.revision, mode_of(lineage))
        decision = decided_now.leased(now, now + LEASE)
        if not decision:
            return
        if not ports.ledger.lineages.commit(lineage, decision):
            raise Outpaced(f"{name}: the lineage {id} changed while its open intents were abandoned")
        for intent in decision.intents:
            perform(intent, lineage, ports, reconcile)


def _without_its_job(intent: Intent, lineage: Lineage) -> Intent | None:
    """The intent as it may be performed although its job is gone; None where it may not be. A message is sent as stored; the
    event of a finished lineage is made from the end that the ledger recorded.
    """
    if isinstance(intent.action, Publish):
        event = event_of_deleted(lineage, intent.action.about)
        return replace(intent, action=event) if event is not None else None
    return None if isinstance(intent.action, Submit) else intent


def _outlives_its_job(intent: Intent) -> bool:
    """Whether an intent is performed although its job is gone. A message needs no job; a Submit that was begun may have created
    the next attempt before its job was deleted.
    """
    return isinstance(intent.action, Announce | Publish | RefreshCard) or (
        isinstance(intent.action, Submit) and intent.leased_until is not None
    )
