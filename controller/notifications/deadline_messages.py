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
    NEXT,
    NOTHING_TO_DO,
    TO_DO,
    WHY,
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
            f"{WHY}{move_reason(m)} {finish_by(m)}".strip(),
            f"{NEXT}The job is stopped now and submitted again as soon as it has stopped. {_lost(m)}".strip(),
            NOTHING_TO_DO,
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
            f"{WHY}{deadline}No checkpoint was seen, so a move would lose {span(m.lost_s)} of training.",
            f"{NEXT}The job stays where it is.",
            f"{TO_DO}Write checkpoints. To allow such moves, set {code('move_without_checkpoint: true')} in the policy's deadline"
            " section.",
        ),
        small_print(m.job),
    )


def would_move(m: WouldMove) -> MessageText:
    return MessageText(
        f":truck: {bold(m.job.name)} is not moved {WHERE.get(m.to, escaped(m.to))}: warn mode",
        (
            f"{WHY}{move_reason(m)} {finish_by(m)}".strip(),
            f'{NEXT}The job stays where it is, because the block "{escaped(m.block)}" is in warn mode.',
            f"{TO_DO}To let such jobs move, set {code('mode: enforce')} in that block.",
        ),
        small_print(m.job),
    )


def cannot_afford(m: CannotAfford) -> MessageText:
    return MessageText(
        f":moneybag: {bold(m.job.name)} is not moved: spend cap",
        (
            f"{WHY}{spend_cap(m.cap)}",
            f"{NEXT}The job stays where it is.",
            f"{TO_DO}Raise the cap in the policy, or leave the job where it is.",
        ),
        small_print(m.job),
    )


def deadline_lost(m: DeadlineLost) -> MessageText:
    return MessageText(
        f":rotating_light: {bold(m.job.name)} will miss its deadline",
        (
            f"{WHY}Deadline: {when(m.deadline)}. Earliest finish, even on-demand: {when(m.finish_at)}.",
            f"{NEXT}The job stays where it is: a move would cost more and not help.",
            f"{TO_DO}Tell those who wait for the model.",
        ),
        small_print(m.job),
    )


def deadline_at_risk(m: DeadlineAtRisk) -> MessageText:
    if m.nearly_done:
        loses = f", and a move would lose {span(m.lost_s)}" if m.lost_s else ""
        why = f"Deadline: {when(m.deadline)}. {span(m.left_s)} of training are left{loses}."
        then = "It stays on spot: uninterrupted, it finishes in time. After an interruption it may not."
        todo = "Tell those who wait for the model."
    else:
        why = f"Deadline: {when(m.deadline)}. The job has no checkpoint: after an interruption there is no time to start over."
        then = f"It stays on spot, because its policy prefers money to the deadline ({code('guarantee: money')})."
        todo = "Add checkpoints, or change the guarantee in the policy."
    return MessageText(
        f":warning: {bold(m.job.name)} may miss its deadline",
        (f"{WHY}{why}", f"{NEXT}{then}", f"{TO_DO}{todo}"),
        small_print(m.job),
    )


def deadline_unreadable(m: DeadlineUnreadable) -> MessageText:
    return MessageText(
        f":warning: {bold(m.job.name)} has a tag that has no effect",
        (
            f"{WHY}{sentence(m.problem)}",
            f"{NEXT}The job goes on as if the tag were not there.",
            f"{TO_DO}Correct the tag on the next job.",
        ),
        small_print(m.job),
    )


def on_demand_forbidden(m: OnDemandForbidden) -> MessageText:
    return MessageText(
        f":warning: {bold(m.job.name)} may miss its deadline: on-demand is not allowed",
        (
            f"{WHY}To meet {when(m.deadline)}, the job would have to move to on-demand now. "
            f'The block "{escaped(m.block)}" does not allow it.',
            f"{NEXT}It stays on spot.",
            f"{TO_DO}Allow on-demand in the policy, or accept the delay.",
        ),
        small_print(m.job),
    )


def no_room(m: NoRoom) -> MessageText:
    return MessageText(
        f":no_entry_sign: {bold(m.job.name)} may miss its deadline: no on-demand quota",
        (
            f"{WHY}To meet {when(m.deadline)}, the job would have to move to on-demand now. It needs"
            f" {count(m.job.instances, 'instance')} of {escaped(m.job.instance_type)}; the account's quota allows {m.room} more.",
            f"{NEXT}It stays on spot and moves when there is quota.",
            f"{TO_DO}Request more quota, or stop another job.",
        ),
        small_print(m.job),
    )


def no_estimate(m: NoEstimate) -> MessageText:
    return MessageText(
        f":grey_question: {bold(m.job.name)} has a deadline but no expected duration",
        (
            f"{WHY}Deadline: {when(m.deadline)}. Nothing says how long the job takes.",
            f"{NEXT}It is not moved to keep the deadline.",
            f"{TO_DO}Add the tag {code('spotwarden:expected-runtime')} (for example {code('5h')}), or wait until three runs of"
            f" {escaped(m.family)} have completed (so far: {m.runs}).",
        ),
        small_print(m.job),
    )


def max_wait_before_deadline(m: MaxWaitBeforeDeadline) -> MessageText:
    return MessageText(
        f":hourglass: {bold(m.job.name)} stops waiting before its deadline",
        (
            f"{WHY}MaxWaitTimeInSeconds ({m.wait_s}, which is {span(m.wait_s)}) ends at {when(m.ends_at)}."
            f" The deadline is {when(m.deadline)}.",
            f"{NEXT}SageMaker stops the job then, if it has not finished.",
            f"{TO_DO}Give the next job a longer MaxWaitTimeInSeconds.",
        ),
        small_print(m.job),
    )


def probing(m: Probing) -> MessageText:
    return MessageText(
        f":satellite_antenna: {bold(m.job.name)} runs on-demand and could return to spot",
        (
            f"{WHY}Spot is cheaper, and there is time for it.",
            f"{NEXT}Every 30 minutes, a short test job of one {escaped(m.job.instance_type)} checks for spot capacity. It trains"
            " nothing and is billed for a few seconds. The policy allows it (probe).",
            NOTHING_TO_DO,
        ),
        small_print(m.job),
    )
