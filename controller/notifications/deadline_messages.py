"""The texts about moves and deadlines: one function per kind of message."""

from __future__ import annotations

from controller.ledger.message import (
    CannotAfford,
    DeadlineAtRisk,
    DeadlineLost,
    DeadlineUnreadable,
    MaxWaitBeforeDeadline,
    Moving,
    NoEstimate,
    NoRoom,
    NotMoved,
    OnDemandForbidden,
    Probing,
    WouldMove,
)
from controller.notifications.give_up_message import spend_cap
from controller.notifications.message_text import (
    MessageText,
    bold,
    count,
    finish_by,
    move_reason,
    reason,
    sentence,
    small_print,
)
from controller.notifications.mrkdwn import code, escaped, when
from controller.units.duration import span

WHERE = {"on-demand": "to on-demand", "spot": "back to spot", "next-step": "to the next fallback step"}


def moving(m: Moving) -> MessageText:
    return MessageText(
        f":truck: {bold(m.job.name)} is moved {WHERE.get(m.to, escaped(m.to))}",
        (
            f"{move_reason(m)} {finish_by(m)}".strip(),
            "The job is stopped now and submitted again as soon as it has stopped.",
            _lost(m),
        ),
        small_print(m.job),
    )


def _lost(m: Moving) -> str:
    """What the move loses, as far as anybody looked."""
    if m.lost_s:
        return f"No checkpoint was seen: {span(m.lost_s)} of training are lost, and the job starts from the beginning."
    if m.checkpoint is None or m.checkpoint.newest_at is None:
        return ""
    return f"The newest checkpoint that was seen in {code(m.checkpoint.uri)} is from {when(m.checkpoint.newest_at)}."


def not_moved(m: NotMoved) -> MessageText:
    what = "may miss its deadline" if m.deadline else "is not moved"
    deadline = f"Deadline: {when(m.deadline)}. " if m.deadline else f"{reason(m.reason)}. "
    return MessageText(
        f":warning: {bold(m.job.name)} {what}: a move would lose its training",
        (
            f"{deadline}No checkpoint was seen, so a move would lose {span(m.lost_s)} of training. The job stays where it is.",
            f"To allow such moves, set {code('move_without_checkpoint: true')} under {code('deadline')} in the policy.",
        ),
        small_print(m.job),
    )


def would_move(m: WouldMove) -> MessageText:
    return MessageText(
        f":truck: {bold(m.job.name)} is not moved {WHERE.get(m.to, escaped(m.to))}: warn mode",
        (
            f"{move_reason(m)} {finish_by(m)}".strip(),
            f"With {code('mode: enforce')} in the block {escaped(m.block)}, the job would be moved now.",
        ),
        small_print(m.job),
    )


def cannot_afford(m: CannotAfford) -> MessageText:
    return MessageText(
        f":moneybag: {bold(m.job.name)} is not moved: spend cap",
        (f"{spend_cap(m.cap)} Choose: raise the cap in the policy, or leave the job where it is.",),
        small_print(m.job),
    )


def deadline_lost(m: DeadlineLost) -> MessageText:
    return MessageText(
        f":rotating_light: {bold(m.job.name)} will miss its deadline",
        (
            f"Deadline: {when(m.deadline)}. Earliest finish, even on-demand: {when(m.finish_at)}.",
            "The job stays where it is: a move would cost more and not help.",
        ),
        small_print(m.job),
    )


def deadline_at_risk(m: DeadlineAtRisk) -> MessageText:
    if m.nearly_done:
        loses = f", and a move would lose {span(m.lost_s)}" if m.lost_s else ""
        why = (
            f"Deadline: {when(m.deadline)}. {span(m.left_s)} of training are left{loses}.",
            "It stays on spot: uninterrupted, it finishes in time. After an interruption it may not.",
        )
    else:
        why = (
            f"Deadline: {when(m.deadline)}. The job has no checkpoint: after an interruption there is no time to start over.",
            f"It stays on spot, because its policy says {code('guarantee: money')}.",
        )
    return MessageText(f":warning: {bold(m.job.name)} may miss its deadline", why, small_print(m.job))


def deadline_unreadable(m: DeadlineUnreadable) -> MessageText:
    return MessageText(
        f":warning: {bold(m.job.name)} has a tag that has no effect",
        (sentence(m.problem),),
        small_print(m.job),
    )


def on_demand_forbidden(m: OnDemandForbidden) -> MessageText:
    return MessageText(
        f":warning: {bold(m.job.name)} may miss its deadline: on-demand is not allowed",
        (
            f"To meet {when(m.deadline)}, the job would have to move to on-demand now. "
            f"The block {escaped(m.block)} does not allow it.",
        ),
        small_print(m.job),
    )


def no_room(m: NoRoom) -> MessageText:
    return MessageText(
        f":no_entry_sign: {bold(m.job.name)} may miss its deadline: no on-demand quota",
        (
            f"To meet {when(m.deadline)}, the job would have to move to on-demand now. It needs"
            f" {count(m.job.instances, 'instance')} of {escaped(m.job.instance_type)}; the account's quota allows {m.room} more.",
            "It stays on spot and moves when there is quota. Choose: request more quota, or stop another job.",
        ),
        small_print(m.job),
    )


def no_estimate(m: NoEstimate) -> MessageText:
    return MessageText(
        f":grey_question: {bold(m.job.name)} has a deadline but no expected duration",
        (
            f"Deadline: {when(m.deadline)}. Without an expected duration the job is not moved.",
            f"Add the tag {code('spotwarden:expected-runtime')} (for example {code('5h')}), or wait until three runs of"
            f" {escaped(m.family)} have completed (so far: {m.runs}).",
        ),
        small_print(m.job),
    )


def max_wait_before_deadline(m: MaxWaitBeforeDeadline) -> MessageText:
    return MessageText(
        f":hourglass: {bold(m.job.name)} stops waiting before its deadline",
        (
            f"MaxWaitTimeInSeconds ({m.wait_s}, which is {span(m.wait_s)}) ends at {when(m.ends_at)}."
            f" The deadline is {when(m.deadline)}.",
        ),
        small_print(m.job),
    )


def probing(m: Probing) -> MessageText:
    return MessageText(
        f":satellite_antenna: {bold(m.job.name)} runs on-demand and could return to spot",
        (
            f"Every 30 minutes, a short test job of one {escaped(m.job.instance_type)} checks for spot capacity. It trains"
            f" nothing and is billed for a few seconds. Allowed by {code('probe')} in the policy.",
        ),
        small_print(m.job),
    )
