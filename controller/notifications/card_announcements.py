"""Selects the announcements of a lineage for its card: those that still describe the newest attempt, the most urgent first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from controller.ledger.entry import Ended, Started
from controller.ledger.intent import Announce, Intent, IntentResult, Purpose, Stop
from controller.ledger.lineage import Lineage
from controller.ledger.messages.kind import MessageKind, NextStep
from controller.ledger.messages.message import CannotRepeat, Message, OfJob, PolicyRefused, RateLimit, RuleBroken, WaiverExpiring
from controller.ledger.messages.stored_facts import message_of
from controller.notifications.messages.catalogue import describe, row_of
from controller.notifications.messages.text import NEXT, MessageText, policy_text
from controller.policy.policy import Policy
from controller.policy.slack_settings import Importance
from controller.units.value import dataclass

KINDS = tuple(MessageKind)
SEVERITIES = ("high", "medium", "low")


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """``current`` are the texts that describe the job now. ``why`` are lines: why a rule stopped the job, after it has ended.

    ``policies`` are the names of the rules in these texts. ``under`` is the mode and the policy revision of the first text.
    """

    current: tuple[MessageText, ...] = ()
    why: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    under: str = ""


def news_of(lineage: Lineage, policy: Policy, last: Started) -> News:
    """The latest announcements about the newest attempt, without kinds of messages that the policy does not send.

    Announcements from before the end of a job do not describe it any more. Only the reason of a stop by a rule is kept.
    """
    told = [pair for pair in _announced(lineage, last) if row_of(pair[0].kind).importance in policy.slack.tell]
    told = [pair for pair in told if row_of(pair[0].kind).importance is not Importance.NEWS]
    ended = lineage.entry(Ended, last.job)
    if ended is None:
        newest = max((intent.due_at for _, intent in told), default=None)
        return _news([pair for pair in told if pair[1].due_at == newest])
    since = [pair for pair in told if pair[1].due_at >= ended.seen_at and not _about_life(pair[0])]
    if since:
        return _news(since)
    if not _stopped_by_rule(lineage, last.job):
        return News()
    broken = [(m, intent) for m, intent in told if isinstance(m, RuleBroken) and m.next_step in (NextStep.STOP, NextStep.REPAIR)]
    stops = sorted(broken, key=lambda pair: _rank(pair[0]))
    lines = [_since(line) for m, _ in stops[:1] for line in describe(m).lines if line]
    return News(
        why=tuple(lines), policies=tuple(m.policy for m, _ in stops), under=_mode_and_policy(intent for _, intent in stops)
    )


def cannot_repeat(lineage: Lineage, last: Started) -> bool:
    """Whether the newest attempt's request cannot be repeated, so that a request for another attempt would be refused."""
    return any(isinstance(message, CannotRepeat) and not message.rules for message, _ in _announced(lineage, last))


def _since(line: str) -> str:
    """A line of a message about a stop, as it reads after the job has stopped."""
    return f"{NEXT}The job is not submitted again automatically." if line.startswith(NEXT) else line


def _announced(lineage: Lineage, last: Started) -> Iterable[tuple[Message, Intent]]:
    for intent in lineage.intents:
        action = intent.action
        if isinstance(action, Announce) and action.about == last.job and intent.closed is not IntentResult.WITHDRAWN:
            message = _message(action)
            if message is not None:
                yield _named(message, lineage.id.root), intent


def _named(message: Message, root: str) -> Message:
    """The message with the name that people gave the job (``root``). The name of the attempt is in a field of the card."""
    if isinstance(message, OfJob):
        return replace(message, job=replace(message.job, name=root))
    return message if isinstance(message, RateLimit | WaiverExpiring | PolicyRefused) else replace(message, name=root)


def _message(announce: Announce) -> Message | None:
    """The message of an announcement; None if this version cannot read it."""
    if announce.kind is None:
        return None
    try:
        return message_of(announce.kind, announce.facts)
    except (KeyError, TypeError, ValueError):
        return None


def _about_life(message: Message) -> bool:
    """Whether a message is about a running job, so that it is outdated once the job has ended."""
    return isinstance(message, RuleBroken) or message.kind is MessageKind.MOVING


def _news(told: Iterable[tuple[Message, Intent]]) -> News:
    ordered = sorted(told, key=lambda pair: _rank(pair[0]))
    broken = tuple(message.policy for message, _ in ordered if isinstance(message, RuleBroken))
    current = tuple(describe(message) for message, _ in ordered)
    return News(current=current, policies=broken, under=_mode_and_policy(intent for _, intent in ordered))


def _mode_and_policy(intents: Iterable[Intent]) -> str:
    """The mode and the policy revision of the first announcement."""
    action = next((intent.action for intent in intents), None)
    return policy_text(action.revision, action.mode) if isinstance(action, Announce) else ""


def _rank(message: Message) -> tuple[int, int, int, str]:
    """The order of messages on the card: first rules that act on the job, then by kind, then by severity."""
    if not isinstance(message, RuleBroken):
        return 1, KINDS.index(message.kind), 0, ""
    acts = message.next_step in (NextStep.STOP, NextStep.REPAIR)
    severity = SEVERITIES.index(message.severity) if message.severity in SEVERITIES else len(SEVERITIES)
    return 0 if acts else 1, KINDS.index(message.kind), severity, message.policy


def _stopped_by_rule(lineage: Lineage, job: str) -> bool:
    stop = lineage.intent(f"stop/{job}")
    return (
        stop is not None
        and stop.claim > 0
        and isinstance(stop.action, Stop)
        and stop.action.purpose in (Purpose.RULE, Purpose.REPAIR)
    )
