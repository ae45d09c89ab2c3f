"""The texts about deadlines that may be missed, or that cannot be read. One function per kind of message."""

from __future__ import annotations

from controller.ledger.messages.message import (
    DeadlineAtRisk,
    DeadlineLost,
    DeadlineUnreadable,
    MaxWaitBeforeDeadline,
    NoEstimate,
    NoRoom,
    OnDemandForbidden,
)
from controller.notifications.messages.text import (
    MessageText,
    bold,
    explained,
    sentence,
    small_print,
)
from controller.notifications.mrkdwn import code, escaped, when
from controller.units.duration import span
from controller.units.plural import count


def deadline_lost(m: DeadlineLost) -> MessageText:
    return explained(
        f":rotating_light: {bold(m.job.name)} will miss its deadline",
        why=f"Deadline: {when(m.deadline)}. Earliest finish, even on-demand: {when(m.finish_at)}.",
        next_step="The job stays where it is: a move would cost more and not help.",
        to_do="Tell those who wait for the model.",
        small=small_print(m.job),
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
    return explained(
        f":warning: {bold(m.job.name)} may miss its deadline",
        why=f"{why}",
        next_step=f"{then}",
        to_do=f"{todo}",
        small=small_print(m.job),
    )


def deadline_unreadable(m: DeadlineUnreadable) -> MessageText:
    return explained(
        f":warning: {bold(m.job.name)} has a tag that has no effect",
        why=f"{sentence(m.problem)}",
        next_step="The job continues as if it did not have the tag.",
        to_do="Correct the tag on the next job.",
        small=small_print(m.job),
    )


def on_demand_forbidden(m: OnDemandForbidden) -> MessageText:
    return explained(
        f":warning: {bold(m.job.name)} may miss its deadline: on-demand is not allowed",
        why=f"To meet {when(m.deadline)}, the job would have to move to on-demand now. "
        f'The block "{escaped(m.block)}" does not allow it.',
        next_step="It stays on spot.",
        to_do="Allow on-demand in the policy, or accept the delay.",
        small=small_print(m.job),
    )


def no_room(m: NoRoom) -> MessageText:
    return explained(
        f":no_entry_sign: {bold(m.job.name)} may miss its deadline: no on-demand quota",
        why=f"To meet {when(m.deadline)}, the job would have to move to on-demand now. It needs"
        f" {count(m.job.instances, 'instance')} of {escaped(m.job.instance_type)}; the account's quota allows {m.room} more.",
        next_step="It stays on spot and moves when there is quota.",
        to_do="Request more quota, or stop another job.",
        small=small_print(m.job),
    )


def no_estimate(m: NoEstimate) -> MessageText:
    return explained(
        f":grey_question: {bold(m.job.name)} has a deadline but no expected duration",
        why=f"Deadline: {when(m.deadline)}. Nothing says how long the job takes.",
        next_step="It is not moved to keep the deadline.",
        to_do=f"Add the tag {code('spotwarden:expected-runtime')} (for example {code('5h')}), or wait until three runs of"
        f" {escaped(m.family)} have completed (so far: {m.runs}).",
        small=small_print(m.job),
    )


def max_wait_before_deadline(m: MaxWaitBeforeDeadline) -> MessageText:
    return explained(
        f":hourglass: {bold(m.job.name)} stops waiting before its deadline",
        why=f"MaxWaitTimeInSeconds ({m.wait_s}, which is {span(m.wait_s)}) ends at {when(m.ends_at)}."
        f" The deadline is {when(m.deadline)}.",
        next_step="SageMaker stops the job then, if it has not finished.",
        to_do="Give the next job a longer MaxWaitTimeInSeconds.",
        small=small_print(m.job),
    )
