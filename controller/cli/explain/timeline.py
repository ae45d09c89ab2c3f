"""The timeline of a lineage: every entry, intent and message in the ledger, sorted by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from controller.cli.check.finding_text import found_text
from controller.ledger.entry import (
    CheckpointScanned,
    Credited,
    DirectivesRead,
    Ended,
    Entry,
    Finished,
    Flagged,
    Interrupted,
    JobDeleted,
    Measured,
    OwnerChecked,
    Repeated,
    RuleHeldBack,
    Started,
    Unmeasured,
    UserRequested,
    Waived,
)
from controller.ledger.intent import Announce, Intent, Probe, Publish, RefreshCard, Settle, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.notifications.messages.catalogue import text_of
from controller.notifications.messages.text import cause_sentence, reason
from controller.notifications.mrkdwn import unmarked
from controller.units.duration import span
from controller.units.free_text import one_line
from controller.units.money import dollars
from controller.units.plural import count

LINE_MAX = 500
EVENTS_MAX = 1000
HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event that happened, or that is still to be done (``open``). ``kind`` is entry, intent or message."""

    at: datetime
    kind: str
    text: str
    open: bool = False


def timeline(lineage: Lineage) -> tuple[Event, ...]:
    """The events of a lineage, oldest first; if there are more than EVENTS_MAX, the newest."""
    events = [Event(at=entry.at, kind="entry", text=_with_policy(entry)) for entry in lineage.entries]
    events += [_of_intent(intent) for intent in lineage.intents]
    return tuple(sorted(events, key=lambda event: event.at)[-EVENTS_MAX:])


def _with_policy(entry: Entry) -> str:
    """An entry as text, with the policy revision under which it was written, if it has one and its text does not contain it."""
    if not entry.revision or isinstance(entry, Flagged | RuleHeldBack):
        return bounded(entry_text(entry))
    policy = one_line(f" ({f'{entry.mode}, ' if entry.mode else ''}policy {entry.revision})", 60)
    return f"{one_line(entry_text(entry), LINE_MAX - len(policy) - 1)} {policy}"


def entry_text(entry: Entry) -> str:
    """An entry as text."""
    match entry:
        case Started():
            what = f"{entry.instance_count} × {entry.instance_type}, {'spot' if entry.spot else 'on-demand'}"
            owner = f"; it belongs to {entry.service}" if entry.service else ""
            return f"attempt {entry.number}, {entry.job}, was created: {what}{owner}"
        case OwnerChecked():
            answer = "yes" if entry.owned else "no, or no answer"
            return f"the controller asked SageMaker whether {entry.service} created {entry.job}: {answer}"
        case Interrupted():
            return f"{entry.job} was interrupted: spot capacity for {entry.instance_type} was taken away"
        case Repeated():
            return f"SageMaker itself started {entry.job} again after an internal error"
        case Ended():
            return f"{entry.job} {entry.outcome.label}{f': {entry.failure}' if entry.failure else ''}"
        case Measured():
            seconds = entry.billable_s * entry.instance_count
            rate = entry.rate_micros_per_h
            cost = "no price is known" if rate is None else dollars(seconds * rate // HOUR_S)
            return f"{entry.job} trained for {span(entry.training_s)}, {span(entry.billable_s)} were billed per instance: {cost}"
        case Credited():
            return f"{span(entry.useful_s)} of the training of {entry.job} were useful ({entry.basis})"
        case Unmeasured():
            return f"SageMaker did not show what {entry.job} used within a day"
        case Flagged():
            by = f" by the waiver {entry.waiver}" if entry.waiver else ""
            waived = f"; waived until {entry.waived_until:%Y-%m-%d %H:%M} UTC{by}" if entry.waived_until else ""
            why = f"{found_text(entry.rule, entry.field, entry.found)}; wanted: {entry.wanted}"
            return f"{entry.job} breaks {entry.policy} ({entry.mode}, policy {entry.revision}): {why}{waived}"
        case RuleHeldBack():
            many = f"{count(entry.jobs, 'job')} of {count(entry.teams, 'team')}"
            return f"{entry.policy} would act on {many} (policy {entry.revision}); it only warns from here on"
        case JobDeleted():
            return f"{entry.job} was deleted while the controller still had work to do for it"
        case CheckpointScanned():
            return _scan_text(entry)
        case Finished():
            return f"the lineage {entry.outcome.label} after attempt {entry.attempts}, {entry.job}"
        case UserRequested():
            return f"{entry.who} requested {entry.request} for {entry.job}"
        case Waived():
            why = f"{entry.reason} ({entry.ticket})"
            return f"{entry.who} waived {entry.policy} for {entry.job} until {entry.until:%Y-%m-%d %H:%M} UTC: {why}"
        case DirectivesRead():
            tags = (
                ("deadline", entry.deadline), ("expected runtime", entry.expected_runtime), ("family", entry.family),
                ("resubmit", entry.resubmit),
            )  # fmt: skip
            said = ", ".join(f"{name} {value}" for name, value in tags if value is not None) or "none"
            change = " changed later, and count only once a person accepts them" if entry.number else " were read"
            return f"the tags spotwarden:* of {entry.job}{change}: {said}"
        case _:
            assert_never(entry)


def _scan_text(entry: CheckpointScanned) -> str:
    if entry.problem:
        return f"the checkpoints of {entry.job} below {entry.uri} could not be listed: {entry.problem}"
    at_risk = f"{span(entry.at_risk_s)} of training of {entry.job} were at risk ({entry.occasion})"
    if entry.newest_at is None:
        return f"no checkpoint was found below {entry.uri}; {at_risk}"
    return f"the newest checkpoint below {entry.uri} was written at {entry.newest_at:%Y-%m-%d %H:%M} UTC; {at_risk}"


def intent_text(intent: Intent) -> str:
    """What an intent does, as text; for a message, its text in Slack."""
    action = intent.action
    match action:
        case Announce():
            if action.kind is None:
                return f"to {action.channel}: {unmarked(' '.join(action.words))}"
            title, _, rest = text_of(action.kind, action.facts).body.partition("\n")
            return f"to {action.channel}: {unmarked(f'{title}. {rest}' if rest else title)}"
        case Submit():
            changed = f", changed: {action.changes}" if action.changes not in ("", "{}") else ""
            why = unmarked(cause_sentence(action.cause))
            return f"submit attempt {action.number} as {action.job} ({action.cause}: {why}){changed}"
        case Stop():
            return f"stop {action.about}: {unmarked(reason(action.because))}"
        case Wake():
            return f"look at {action.about} again"
        case Publish():
            return f"put the event {action.detail_type} about {action.about} on the bus"
        case Probe():
            return f"test the pool {action.pool} with {action.job}"
        case RefreshCard():
            return f"bring the message of {action.about} in {', '.join(action.channels)} up to date"
        case Settle():
            return f"count {dollars(action.amount_micros)} under {action.account} for {action.about}"
        case _:
            assert_never(action)


def _of_intent(intent: Intent) -> Event:
    state = "open" if intent.closed is None else str(intent.closed)
    tries = f", {count(intent.tries, 'try')}" if intent.tries > 1 else ""
    why = f": {intent.why}" if intent.why else ""
    kind = "message" if isinstance(intent.action, Announce) else "intent"
    at = intent.due_at if intent.open or intent.claimed_at is None else intent.claimed_at
    return Event(at=at, kind=kind, text=bounded(f"{intent_text(intent)} [{state}{tries}{why}]"), open=intent.open)


def bounded(text: str) -> str:
    """The text on one line of at most LINE_MAX characters."""
    return one_line(text, LINE_MAX)
