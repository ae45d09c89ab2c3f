"""Acts on what people request in Slack: stops a live job, or moves it to on-demand. Also decides which requests are possible.

A job that has ended is submitted again by ``resubmit``; a waiver is applied by ``enforce``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from controller.decide.announce import say
from controller.decide.call_off import called_off_numbers, waiting_attempt
from controller.decide.deadline.stop_to_move import moving
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.resubmit.requested_attempt import request_as_asked
from controller.decide.spend_cap import attempt_cost_micros
from controller.jobs.job import Outcome
from controller.jobs.request import change_to_json, on_demand
from controller.ledger.directives_in_force import pending
from controller.ledger.entry import Ended, Flagged, UserRequested, Waived
from controller.ledger.intent import Intent, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage, newest_attempt, owner_of
from controller.ledger.messages.kind import asked_by
from controller.ledger.messages.message import CannotRepeat, JobFacts, Message, StoppingAsAsked
from controller.ledger.move_cause import MoveCause
from controller.policy.policy import Policy
from controller.policy.repair import NotRepairable
from controller.policy.user_request import UserRequest
from controller.units.free_text import one_line

REPEATABLE = (UserRequest.WAIVE, UserRequest.ACCEPT_TAGS, UserRequest.CANCEL)
"""Requests that may come more than once for a job: it may break several rules, its tags may change again, and a next attempt may
be requested and called off again.
"""

REASON_MAX, TICKET_MAX = 300, 100  # characters of a waiver's reason and ticket
WAITS_MAX = timedelta(days=1)  # an older request is dropped, because the job's situation has changed; it can be made again


def act_on_user_request(facts: Facts) -> Decision:
    """Decide the Stop that a person requested, unless the job has ended, is stopping, or uploads its model."""
    job = facts.job
    if not job.alive or not facts.newest or facts.owned or job.status == "Stopping" or job.uploads_now:
        return Decision()
    stop = latest_request(facts, UserRequest.STOP)
    if stop is not None:
        said = StoppingAsAsked(job=JobFacts.of(job), who=stop.who)
        return _stop_and_say(facts, Stop(about=job.name, because=asked_by(stop.who)), said)
    move = latest_request(facts, UserRequest.ON_DEMAND)
    if move is None or not job.spot or facts.part_unread:  # the next attempt needs all tags of the job
        return Decision()
    if job.unrepeatable:
        return say(facts, CannotRepeat(job=JobFacts.of(job), why=job.unrepeatable))
    changes = request_as_asked(facts, on_demand())
    if isinstance(changes, NotRepairable):  # so the job is not stopped
        return say(facts, CannotRepeat(job=JobFacts.of(job), why=changes.why, rules=changes.rules), "on-demand")
    because, fix = asked_by(move.who), "" if changes == on_demand() else change_to_json(changes)
    asked = Stop(about=job.name, because=because, purpose=Purpose.MOVE, next_cause=MoveCause.ASKED, changes=fix)
    message = replace(moving(facts, because, "on-demand"), next_micros=attempt_cost_micros(facts, changes))
    return _stop_and_say(facts, asked, message, MoveCause.ASKED)


def latest_request(facts: Facts, *asks: UserRequest) -> UserRequested | None:
    """The latest of these kinds of requests about this job; None without one."""
    asked = (e for e in facts.lineage.entries if isinstance(e, UserRequested) and e.job == facts.job.name and e.request in asks)
    return max(asked, key=lambda e: e.at, default=None)


def _stop_and_say(facts: Facts, stop: Stop, message: Message, *detail: str) -> Decision:
    return Decision(intents=(Intent(action=stop, due_at=facts.now),)) | say(facts, message, *detail)


def available_requests(lineage: Lineage, policy: Policy, now: datetime) -> tuple[UserRequest, ...]:
    """The requests that are possible for a lineage now and that the policy allows anybody to make."""
    last = newest_attempt(lineage)
    halt = (UserRequest.HALT,) if policy.slack.may.get(UserRequest.HALT) else ()  # in every state of the job
    if last is None:
        return halt
    asked = {e.request for e in _requests_since_called_off(lineage, last.job)}
    possible = possible_requests(lineage, now)
    once = (ask for ask in possible if policy.slack.may.get(ask) and (ask not in asked or ask in REPEATABLE))
    return (*once, *halt)


def possible_requests(lineage: Lineage, now: datetime) -> tuple[UserRequest, ...]:
    """The requests about a lineage's newest attempt that are possible now, without regard to the policy."""
    last = newest_attempt(lineage)
    if last is None or owner_of(lineage, last) is not None:
        return ()
    ended = lineage.entry(Ended, last.job)
    goes_on = any(isinstance(i.action, Submit | Stop) for i in lineage.open_intents())
    waits = waiting_attempt(lineage)
    if ended is None:
        possible = [] if goes_on else [*([UserRequest.ON_DEMAND] if last.spot else []), UserRequest.STOP]
        possible += [UserRequest.WAIVE] if waivable_rules(lineage, now) else []
        possible += [UserRequest.ACCEPT_TAGS] if pending(lineage) else []
    elif waits is not None:
        possible = [UserRequest.CANCEL, *([UserRequest.ACCEPT_TAGS] if pending(lineage) else [])]
    elif ended.outcome is Outcome.COMPLETED or goes_on:
        possible = []
    else:
        possible = [UserRequest.TRY_AGAIN, *([UserRequest.ON_DEMAND] if last.spot else [])]
    return tuple(possible)


def _requests_since_called_off(lineage: Lineage, job: str) -> tuple[UserRequested, ...]:
    """The requests about a job since its next attempt was last called off: after that, a new one may be requested."""
    asked = [e for e in lineage.entries if isinstance(e, UserRequested) and e.job == job]
    since = max((e.at for e in asked if e.request is UserRequest.CANCEL), default=None)
    return tuple(e for e in asked if since is None or e.at > since)


def waivable_rules(lineage: Lineage, now: datetime) -> tuple[str, ...]:
    """The rules that the newest attempt breaks, whose mode announces that, and that are not waived in Slack."""
    last, waived = newest_attempt(lineage), {w.policy for w in lineage.waivers_in_force(now)}
    broken = {e.policy for e in lineage.entries if isinstance(e, Flagged) and last and e.job == last.job and e.mode.tells}
    return tuple(sorted(broken - waived))


def request_of(
    request: UserRequest, lineage: Lineage, *, job: str, who: str, at: datetime, change: int = 0, why: str = ""
) -> UserRequested:
    """The entry for a person's request about the newest attempt; ``change`` is the number of the change of tags to accept."""
    last = newest_attempt(lineage)
    over = last is not None and lineage.entry(Ended, last.job) is not None
    tried = [submit.number for submit, _ in lineage.submits()]
    number = max([last.number if last else 1, *tried, *called_off_numbers(lineage, job)]) + 1 if over else 0
    if request is UserRequest.ACCEPT_TAGS:
        number = change
    waits = waiting_attempt(lineage) if request is UserRequest.CANCEL else None
    if waits is not None:
        number = waits.number
    return UserRequested(job=job, at=at, team=last.team if last else None, request=request, who=who, number=number, why=why)


def accepted_requests(
    waiting: Iterable[UserRequested | Waived], lineage: Lineage, policy: Policy, now: datetime
) -> tuple[UserRequested | Waived, ...]:
    """The waiting requests that are accepted, as entries for the lineage.

    The waiting rows are not trusted, so each entry is made again from what it asks for. A request must be about the newest
    attempt, be possible now, be younger than a day, and come from somebody whom the policy allows to make it. Membership of a
    user group was checked with Slack at the click; here it is enough that the policy still lists a group.
    """
    taken: list[UserRequested | Waived] = []
    for one in sorted(waiting, key=lambda request: (request.at, request.key)):
        seen = replace(lineage, entries=(*lineage.entries, *taken))
        last, at = newest_attempt(seen), min(one.at, now)
        ask = one.request if isinstance(one, UserRequested) else UserRequest.WAIVE
        may = policy.slack.may.get(ask, ())
        listed = one.who in may or any(group.startswith("S") for group in may)
        if last is None or last.job != one.job or not listed or now - one.at > WAITS_MAX:
            continue
        if isinstance(one, UserRequested):
            change = pending(seen)
            if ask is UserRequest.ACCEPT_TAGS and (change is None or change.number != one.number):
                continue  # the tags were changed again
            if ask not in (UserRequest.WAIVE, UserRequest.HALT) and ask in available_requests(seen, policy, now):
                taken.append(request_of(ask, seen, job=one.job, who=one.who, at=at, change=one.number))
        elif one.policy in waivable_rules(seen, now) and one.until > now:
            until = min(one.until, now + timedelta(seconds=policy.slack.waiver_s_max))
            reason, ticket = one_line(one.reason, REASON_MAX), one_line(one.ticket, TICKET_MAX)
            taken.append(replace(one, at=at, team=last.team, until=until, reason=reason, ticket=ticket))
    known = {entry.key for entry in lineage.entries}
    return tuple(one for one in taken if one.key not in known)
