"""The catalogue of messages: for each kind, its text for one job and for many jobs, its importance, and what a person does.

mypy reports a ``MessageKind`` for which ``row_of`` has no row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

from controller.ledger.messages.kind import MessageKind, NextStep
from controller.ledger.messages.message import Message, Moving, OfJob, RuleBroken, StoppingAsAsked
from controller.ledger.messages.stored_facts import message_of
from controller.notifications.messages import attempts, deadlines, jobs, moves, problems, requests, rules, waivers
from controller.notifications.messages.give_up import gave_up
from controller.notifications.messages.text import IN_THREAD, MessageText, bold, with_cost
from controller.notifications.mrkdwn import code
from controller.policy.slack_settings import Importance
from controller.units.value import dataclass

PERSON, ACTION, NEWS = Importance.PERSON, Importance.ACTION, Importance.NEWS
REASONS = f"Read the reasons {IN_THREAD}."
SUPPORT = "If this lasts, open a case with AWS Support."


@dataclass(frozen=True, slots=True)
class Row:
    """``one`` makes the text for one job. ``many`` completes "12 jobs …". ``todo`` is what a person does; empty: nothing."""

    one: Callable[[Any], MessageText]
    many: str
    importance: Importance
    todo: str


def row_of(kind: MessageKind) -> Row:
    """The row of a kind of message."""
    match kind:
        case MessageKind.FLAGGED:
            return Row(rules.rule_broken, "break a rule", ACTION, "")
        case MessageKind.TUNING_FLAGGED:
            return Row(rules.tuning_flagged, "are tuning jobs that break a rule", ACTION, "")
        case MessageKind.CREATE_REFUSED:
            return Row(
                problems.create_refused, "were not created: a quota, a rate limit or no capacity", PERSON,
                "Create them again later, or request a higher quota.",
            )  # fmt: skip
        case MessageKind.RESUBMITTING:
            return Row(attempts.resubmitting, "are submitted again", ACTION, "")
        case MessageKind.WOULD_RESUBMIT:
            return Row(attempts.would_resubmit, "are not submitted again (warn mode)", ACTION, "")
        case MessageKind.GAVE_UP:
            return Row(gave_up, "are not submitted again", PERSON, "Decide for each job whether to submit it again.")
        case MessageKind.CANNOT_REPEAT:
            return Row(attempts.cannot_repeat, "cannot be submitted again or moved", PERSON, "Submit the jobs yourself.")
        case MessageKind.REFUSED:
            return Row(problems.not_done, "could not be stopped or submitted: AWS refused", PERSON, REASONS)
        case MessageKind.ABANDONED:
            return Row(
                problems.not_done,
                "could not be stopped or submitted: every try failed",
                PERSON,
                REASONS,
            )
        case MessageKind.NAME_TAKEN:
            return Row(problems.name_taken, "had the name of their next attempt taken by somebody else", PERSON, REASONS)
        case MessageKind.NOT_PERMITTED:
            return Row(
                problems.not_permitted,
                "wait for permission to be submitted again",
                PERSON,
                "Allow the controller's role to submit them.",
            )
        case MessageKind.DONE_ELSEWHERE:
            return Row(attempts.done_elsewhere, "are not submitted again: other jobs do the same work", ACTION, "")
        case MessageKind.STEP_SKIPPED:
            return Row(attempts.step_skipped, "skipped a step of the ladder that can never run", ACTION, "")
        case MessageKind.CHANGED_BACK:
            return Row(
                attempts.changed_back, "failed in their code on instances that Spotwarden chose", PERSON, "Check the ladder."
            )
        case MessageKind.VANISHED:
            return Row(problems.deleted, "were deleted before their outcome was recorded", ACTION, "")
        case MessageKind.CHECKPOINTS_UNSEEN:
            return Row(
                problems.checkpoints_unseen,
                "have checkpoints that cannot be read",
                PERSON,
                "Allow the controller's role to list them.",
            )
        case MessageKind.STILL_STOPPING:
            return Row(problems.still_stopping, "have been stopping for too long", PERSON, SUPPORT)
        case MessageKind.INTERRUPTED:
            return Row(jobs.interrupted, "were interrupted", NEWS, "")
        case MessageKind.FINISHED:
            return Row(jobs.finished, "are finished", NEWS, "")
        case MessageKind.STOPPING_AS_ASKED:
            return Row(jobs.stopping_as_asked, "are being stopped on request", ACTION, "")
        case MessageKind.CALLED_OFF:
            return Row(requests.called_off, "are not submitted again on request", ACTION, "")
        case MessageKind.RATE_LIMIT:
            return Row(problems.rate_limit, "wait for a rate limit", ACTION, "")
        case MessageKind.SURPRISE_HELD:
            return Row(
                rules.surprise_held, "met a rule that acts on more jobs than expected", PERSON,
                "Correct the rule, or raise its guard: either is a new policy revision.",
            )  # fmt: skip
        case MessageKind.DECIDER_FAILED:
            return Row(problems.decider_failed, "are handled only in part: an error in Spotwarden", PERSON, "Report the error.")
        case MessageKind.WAIVER_EXPIRING:
            return Row(waivers.waiver_expiring, "have a waiver that ends soon", PERSON, "Fix the jobs, or renew the waivers.")
        case MessageKind.POLICY_REFUSED:
            return Row(
                problems.policy_refused,
                "wait for a policy that can be read",
                PERSON,
                "Compile the policies and write them again.",
            )
        case MessageKind.MOVING:
            return Row(moves.moving, "are being moved", ACTION, "")
        case MessageKind.NOT_MOVED:
            return Row(
                moves.not_moved, "are not moved: a move would lose their training", PERSON,
                "Write checkpoints, or allow moves without one in the policy.",
            )  # fmt: skip
        case MessageKind.TAGS_CHANGED:
            return Row(problems.tags_changed, "have changed tags that are not in force", PERSON, "Accept or correct the tags.")
        case MessageKind.WOULD_MOVE:
            return Row(moves.would_move, "are not moved (warn mode)", ACTION, "")
        case MessageKind.CANNOT_AFFORD:
            return Row(moves.cannot_afford, "are not moved: spend cap", PERSON, "Raise the cap, or accept it.")
        case MessageKind.DEADLINE_LOST:
            return Row(deadlines.deadline_lost, "will miss their deadline", PERSON, "Tell those who wait for the models.")
        case MessageKind.DEADLINE_AT_RISK:
            return Row(deadlines.deadline_at_risk, "may miss their deadline", PERSON, "Add checkpoints, or change the guarantee.")
        case MessageKind.DEADLINE_UNREADABLE:
            return Row(deadlines.deadline_unreadable, "have a tag that has no effect", PERSON, "Correct the tags.")
        case MessageKind.ON_DEMAND_FORBIDDEN:
            return Row(
                deadlines.on_demand_forbidden,
                "may miss their deadline: on-demand is not allowed",
                PERSON,
                "Allow on-demand in the policy, or accept the delay.",
            )
        case MessageKind.NO_ROOM:
            return Row(
                deadlines.no_room,
                "may miss their deadline: no on-demand quota",
                PERSON,
                "Request more quota, or stop other jobs.",
            )
        case MessageKind.NO_ESTIMATE:
            return Row(
                deadlines.no_estimate, "have a deadline but no expected duration", PERSON, "Tag them with their expected runtime."
            )
        case MessageKind.MAX_WAIT_BEFORE_DEADLINE:
            return Row(deadlines.max_wait_before_deadline, "stop waiting before their deadline", ACTION, "")
        case MessageKind.PROBING:
            return Row(moves.probing, "run on-demand and could return to spot", ACTION, "")
        case _:
            assert_never(kind)


def importance_of(topic: str) -> Importance:
    """The importance of a message, by its topic, which begins with its kind. Unknown kinds have the importance ``ACTION``."""
    word = topic.partition("/")[0]
    return row_of(MessageKind(word)).importance if word in set(MessageKind) else Importance.ACTION


def text_of(kind: MessageKind, facts: str) -> MessageText:
    """The text of a stored message; ``facts`` is JSON. Facts that this version cannot read are shown as they are."""
    try:
        return _complete(message_of(kind, facts))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return MessageText(f"{bold(kind)}: this message was written by another version", (code(facts),))


def _complete(message: Message) -> MessageText:
    """The text of a message that is sent by itself: with a line about the cost of the job, except for news."""
    text = describe(message)
    if not isinstance(message, OfJob) or row_of(message.kind).importance is NEWS:
        return text
    rule = isinstance(message, RuleBroken) and message.next_step in (NextStep.STOP, NextStep.REPAIR)
    return with_cost(text, message.job, message.cost, stops=rule or isinstance(message, Moving | StoppingAsAsked))


def describe(message: Message) -> MessageText:
    """The text of one message without its stored cost: a card shows the current cost instead."""
    return row_of(message.kind).one(message)
