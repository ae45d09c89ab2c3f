"""Performs one intent: one AWS call with a deterministic name, answered Done, Later or Refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import assert_never

from controller.decide.decision import Decision
from controller.decide.enforce.repair_prefix import NOT_FREE, new_prefix_of
from controller.jobs.claim import Claim, claim_of
from controller.ledger.entry import Ended, Started
from controller.ledger.intent import (
    NAME_TAKEN,
    NO_QUOTA,
    NOT_DECIDED,
    Announce,
    Intent,
    IntentResult,
    Probe,
    Publish,
    RefreshCard,
    Settle,
    Stop,
    Submit,
    Wake,
)
from controller.ledger.lineage import Lineage, is_sent, newest_attempt
from controller.ledger.lineage_id import LineageId
from controller.policy.slack_settings import Importance
from controller.runtime.perform.call_backoff import wait_before_retry
from controller.runtime.perform.preconditions import why_not_now
from controller.runtime.perform.rate_limits import OnHold
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Answer, Done, Later, Refused, Unreachable
from controller.runtime.ports.outbox import Message
from controller.runtime.read_events import Trigger
from controller.units.plural import count

TRIES_MAX = 60  # tries with an answer; with the waits of call_backoff they take more than two days
UNDECIDED_LOOK_S = 60
FAILED_LOOK = timedelta(minutes=5)  # until a Submit is tried again that a failed decider may have decided
WHY_MAX = 2_000  # characters of an answer that are stored: AWS may quote the whole request, and an item takes 400 kB


class Outpaced(Exception):
    """Another function changed this lineage while it was read or written. The next trigger continues."""


Reconcile = Callable[[Trigger, Ports], object]


def perform(
    intent: Intent, lineage: Lineage, ports: Ports, reconcile: Reconcile, *, decided: bool = True, failed: bool = False
) -> IntentResult | None:
    """Perform an intent that is leased to this function, and store the answer. Returns how it was closed; None if it stays open.

    The intent is closed last: after a crash in between, the call is repeated, and never lost. An exception leaves the lease in
    place. ``decided`` says whether the present decision contains the intent. If not, whatever its row contains, nothing is
    created, stopped or published: it is only checked whether an earlier try took effect. ``failed`` says that a decider raised:
    that one may have decided a Submit, so the Submit is put off and not refused.
    """
    if failed and not decided and isinstance(intent.action, Submit):
        result = None
        _put_off(intent, lineage, ports, FAILED_LOOK, "a part of the decision failed", held=True)
    else:
        result = _perform(intent, lineage, ports, reconcile, decided=decided)
    ports.tally.performed(intent, result)
    return result


def _perform(intent: Intent, lineage: Lineage, ports: Ports, reconcile: Reconcile, *, decided: bool) -> IntentResult | None:
    acts = isinstance(intent.action, Submit | Stop | Probe | Publish | Settle)
    on_hold = why_not_now(intent, lineage, ports) if decided or not acts else None
    if on_hold is not None:
        answer: Answer | OnHold = _of_an_earlier_try(intent, lineage, ports, reconcile) or on_hold
    else:
        answer = (_carry_out if decided else _outcome_if_not_decided)(intent, lineage, ports, reconcile)
    match answer:
        case OnHold(why, after_s):
            _put_off(intent, lineage, ports, timedelta(seconds=after_s), why, held=True)
        case Done(detail):
            return _close(intent, lineage, ports, IntentResult.DONE, detail)
        case Refused(why):
            return _close(intent, lineage, ports, IntentResult.REFUSED, why)
        case Later(why, after_s, tried=False):
            _put_off(intent, lineage, ports, wait_before_retry(intent, after_s, tried=False), why, held=True)
        case Later(why) if intent.tries >= TRIES_MAX:
            return _close(intent, lineage, ports, IntentResult.ABANDONED, f"{why[:WHY_MAX]} ({count(intent.tries, 'try')})")
        case Later(why, after_s):
            wait = wait_before_retry(intent, after_s, tried=True)
            _put_off(intent, lineage, ports, wait, why, no_quota=why.startswith(NO_QUOTA))
        case _:
            assert_never(answer)
    return None


def leave_a_wake(name: str, id: LineageId, ports: Ports) -> None:
    """Commit a Wake that is due now, so that the sweep continues where this function stops. Raises Outpaced."""
    lineage, now = ports.ledger.lineages.load(id), ports.clock.now()
    wake = Intent(action=Wake(about=name, at=now), due_at=now)
    if wake.key not in lineage.standing() and not ports.ledger.lineages.commit(lineage, Decision(intents=(wake,))):
        raise Outpaced(f"{name}: the lineage {id} changed while a Wake was added to it")


def _put_off(
    intent: Intent, lineage: Lineage, ports: Ports, wait: timedelta, why: str, *, held: bool = False, no_quota: bool = False
) -> None:
    """Leave the intent open and due after a wait."""
    due_at = ports.clock.now() + wait
    ports.ledger.lineages.put_off(lineage.id, intent, due_at=due_at, why=why[:WHY_MAX], held=held, no_quota=no_quota)


def _close(intent: Intent, lineage: Lineage, ports: Ports, result: IntentResult, why: str) -> IntentResult:
    if result is not IntentResult.DONE and isinstance(intent.action, Submit | Stop):
        # What follows is decided later. If the function ends in between, only this Wake triggers the job again.
        leave_a_wake(intent.action.about, lineage.id, ports)
    ports.ledger.lineages.close(lineage.id, intent, result, why[: WHY_MAX + 20])
    return result


def _carry_out(intent: Intent, lineage: Lineage, ports: Ports, reconcile: Reconcile) -> Answer:
    action = intent.action
    match action:
        case Announce():
            return _announce(action, intent, lineage, ports)
        case RefreshCard(channels=channels):
            for channel in sorted({_channel(channel, lineage, ports) for channel in channels}):
                key = f"{lineage.id}/{intent.key}/{channel}"
                ports.outbox.put(Message(key=key, channel=channel, at=intent.due_at, thread=str(lineage.id)))
            return Done()
        case Stop(about=name):
            started = lineage.entry(Started, name)
            return ports.jobs.stop(name, started.at if started is not None else None)
        case Submit():
            return _submit(intent, action, lineage, ports, reconcile)
        case Probe():
            return ports.jobs.probe(action, lineage.id)
        case Publish():
            return ports.events.publish(action, intent.due_at)
        case Settle(holder=holder, account=account, amount_micros=amount):
            ports.ledger.limits.settle(account, f"{lineage.id}/{holder}", amount, ports.clock.now())
            return Done()
        case Wake():
            return Done("the job was looked at")
        case _:
            assert_never(action)


def _outcome_if_not_decided(intent: Intent, lineage: Lineage, ports: Ports, reconcile: Reconcile) -> Answer | OnHold:
    """The answer for an intent that is not decided now. A Submit is closed; a Stop, Probe or Publish may be decided again, and
    stays open.
    """
    match intent.action:
        case Submit() as submit:
            return _made_already(intent, submit, lineage, ports, reconcile) or Refused(
                f"{NOT_DECIDED}{submit.job} was tried before, and no such job exists; the newest decision"
                f" for {submit.about} is another one"
            )
        case Settle():
            return Refused("the newest decision does not include it")
        case Stop() | Probe() | Publish():
            return OnHold("the newest decision does not include it", UNDECIDED_LOOK_S)
        case _:
            return _carry_out(intent, lineage, ports, reconcile)


def _announce(announce: Announce, intent: Intent, lineage: Lineage, ports: Ports) -> Answer:
    """Queue the message for the team's channel, with a mention where a person is needed. A message of an importance that the
    policy does not send (``tell``) is left to the digest.
    """
    from controller.notifications.messages.catalogue import importance_of  # here: a quiet trigger announces nothing

    slack, importance = ports.policies.current().slack, importance_of(announce.topic)
    if importance not in slack.tell:
        return Done(f"not sent ({importance}): the digest counts it")
    started = newest_attempt(lineage)
    whose = [name for name in (started.user, started.team) if name] if started else []
    known = [slack.people[name] for name in whose if name in slack.people] if importance is Importance.PERSON else []
    channel, key = _channel(announce.channel, lineage, ports), f"{lineage.id}/{intent.key}"
    if announce.once_a_day:
        key = f"once/{announce.once_a_day}/{intent.due_at:%Y-%m-%d}/{channel}"
    message = Message(
        key=key, channel=channel, at=intent.due_at,
        kind=announce.kind, facts=announce.facts, words=announce.words, topic=announce.topic, thread=str(lineage.id),
        mention=known[0] if known else "", revision=announce.revision, mode=announce.mode,
    )  # fmt: skip
    return Done() if ports.outbox.put(message) or not announce.once_a_day else Done("already sent today: the digest counts it")


def _channel(meant: str, lineage: Lineage, ports: Ports) -> str:
    """The channel of the lineage's team, where it has its own; else ``meant``."""
    started = newest_attempt(lineage)
    return ports.policies.current().slack.channels.get((started.team if started else None) or "", meant)


def _submit(intent: Intent, submit: Submit, lineage: Lineage, ports: Ports, reconcile: Reconcile) -> Answer:
    """Create the next attempt, and reconcile it before the Submit is closed: from then on it has its own Wake.

    The checkpoint prefix is claimed before CreateTrainingJob: of two lineages with one prefix, only one attempt lives at a time.
    """
    claim = _claim(submit, lineage)
    if lineage.entry(Started, submit.job):
        return _made_already(intent, submit, lineage, ports, reconcile) or Done("the attempt is already recorded as started")
    others = ports.ledger.claims.claim(claim, new=new_prefix_of(submit.changes) is not None) if claim else ()
    taken = _taken_prefix(submit, others, ports)
    if taken:
        answer: Answer = Refused(f"{NOT_FREE}{taken}")
    elif others:
        answer = Later(f"{others[0].job} writes checkpoints to {others[0].uri}")
    else:
        answer = ports.jobs.submit(submit, lineage.id)
    job = ports.jobs.describe(submit.job)
    created = isinstance(answer, Done)
    if job is None and created:
        raise Unreachable(f"{submit.job} was created, and DescribeTrainingJob does not find it yet")
    ours = job is not None and (created or is_sent(intent, job))
    if job is not None and ours:
        reconcile(Trigger(job=submit.job, created_in=lineage.id if created else None), ports)
    if claim and not (job is not None and ours and job.alive):
        ports.ledger.claims.release(claim)
    if job is not None and not ours:
        return Refused(f"{NAME_TAKEN}{submit.job} was created by somebody else, at {job.created_at:%Y-%m-%d %H:%M:%S} UTC")
    return answer if job is None or created else Done("an earlier try had created the attempt without recording it")


def _made_already(intent: Intent, submit: Submit, lineage: Lineage, ports: Ports, reconcile: Reconcile) -> Answer | None:
    """Done when an earlier try created the attempt, else None. Creates nothing."""
    claim = _claim(submit, lineage)
    if lineage.entry(Started, submit.job):
        if claim and lineage.entry(Ended, submit.job):
            ports.ledger.claims.release(claim)  # an earlier try may have claimed it after the attempt's end had released it
        return Done("the attempt is already recorded as started")
    job = ports.jobs.describe(submit.job)
    ours = job is not None and is_sent(intent, job)
    if ours:
        reconcile(Trigger(job=submit.job), ports)
    if claim and not (job is not None and ours and job.alive):
        ports.ledger.claims.release(claim)
    return Done("an earlier try had created the attempt without recording it") if ours else None


def _taken_prefix(submit: Submit, others: Sequence[Claim], ports: Ports) -> str:
    """Why a repair's new prefix is not free; empty where it is, or where an earlier try created the attempt."""
    uri = new_prefix_of(submit.changes)
    if uri is None or ports.jobs.describe(submit.job) is not None:
        return ""
    if others:
        return f"{others[0].job} writes to {others[0].uri}"
    scan = ports.checkpoints.scan(uri, now=ports.clock.now())
    return "" if scan.empty or scan.problem is not None else f"something was written to {uri}"


def _of_an_earlier_try(intent: Intent, lineage: Lineage, ports: Ports, reconcile: Reconcile) -> Answer | None:
    """Done when an earlier try of a Submit, which is on hold now, created the attempt; else None.

    Without this check the hold would end the earlier try's lease, and a person could call off an attempt that runs. Where there
    is no attempt, the prefix that was claimed for it is released: a hold may last long.
    """
    submit = intent.action
    if not isinstance(submit, Submit) or intent.claim == 1:
        return None
    return _made_already(intent, submit, lineage, ports, reconcile)


def _claim(submit: Submit, lineage: Lineage) -> Claim | None:
    """The claim of the attempt: on its predecessor's prefix, or on the prefix of a repair."""
    before = lineage.entry(Started, submit.about)
    if before is None:
        return None
    uri = new_prefix_of(submit.changes) or before.checkpoint_uri
    if uri is None:
        return None
    return claim_of(uri, job=submit.job, lineage=str(lineage.id), created_at=before.at, role=before.role)
