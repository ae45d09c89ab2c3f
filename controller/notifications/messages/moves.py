"""The texts about moves of a running job, to on-demand or back to spot. One function per kind of message."""

from __future__ import annotations

from controller.ledger.messages.message import (
    CannotAfford,
    CheckpointFacts,
    Moving,
    NotMoved,
    Probing,
    WouldMove,
)
from controller.notifications.messages.give_up import make_room, spend_cap
from controller.notifications.messages.text import (
    MessageText,
    bold,
    explained,
    finish_by,
    move_reason,
    next_cost,
    reason,
    small_print,
)
from controller.notifications.mrkdwn import code, escaped, when
from controller.units.duration import span

FROM_THE_BEGINNING = "No checkpoint was seen: it starts from the beginning."
AGAIN = "The job is stopped now and submitted again as soon as it has stopped."
WHERE = {"on-demand": "to on-demand", "spot": "back to spot", "next-step": "to the next fallback step"}


def moving(m: Moving) -> MessageText:
    return explained(
        f":truck: {bold(m.job.name)} is moved {WHERE.get(m.to, escaped(m.to))}",
        why=f"{move_reason(m)} {finish_by(m)}".strip(),
        next_step=" ".join(filter(None, (AGAIN, next_cost(m.next_micros), _lost(m)))),
        small=small_print(m.job),
    )


def _lost(m: Moving) -> str:
    """How much training the move loses, as far as the checkpoint scan shows it."""
    if m.trained is False and (m.checkpoint is None or m.checkpoint.newest_at is None):
        return "The job has not trained yet: nothing is lost."
    if m.lost_s and m.checkpoint is not None:  # the prefix could not be scanned
        return f"{_if_there_is_one(m.checkpoint)} If there is none, {span(m.lost_s)} of training are lost."
    if m.lost_s:
        return f"No checkpoint was seen: {span(m.lost_s)} of training are lost, and the job starts from the beginning."
    if m.checkpoint is None and m.trained is None:
        return ""
    if m.checkpoint is None:
        return FROM_THE_BEGINNING
    if m.checkpoint.newest_at is None:
        return _if_there_is_one(m.checkpoint)
    lost = f" At most {span(m.since_s)} of training are lost." if m.since_s else ""
    return f"It continues from the checkpoint in {code(m.checkpoint.uri)}, written {when(m.checkpoint.newest_at)}.{lost}"


def _if_there_is_one(checkpoint: CheckpointFacts) -> str:
    return f"It continues from {code(checkpoint.uri)} if there is a checkpoint."


def not_moved(m: NotMoved) -> MessageText:
    what = "may miss its deadline" if m.deadline else "is not moved"
    deadline = f"Deadline: {when(m.deadline)}. " if m.deadline else f"{reason(m.reason)}. "
    return explained(
        f":warning: {bold(m.job.name)} {what}: a move would lose its training",
        why=f"{deadline}No checkpoint was seen, so a move would lose {span(m.lost_s)} of training.",
        next_step="The job stays where it is.",
        to_do=f"Write checkpoints. To allow such moves, set {code('move_without_checkpoint: true')} in the policy's deadline"
        " section.",
        small=small_print(m.job),
    )


def would_move(m: WouldMove) -> MessageText:
    return explained(
        f":truck: {bold(m.job.name)} is not moved {WHERE.get(m.to, escaped(m.to))}: warn mode",
        why=f"{move_reason(m)} {finish_by(m)}".strip(),
        next_step=f'The job stays where it is, because the resubmit block "{escaped(m.block)}" is in warn mode.',
        to_do=f"To let such jobs move, set {code('mode: enforce')} in that block.",
        small=small_print(m.job),
    )


def cannot_afford(m: CannotAfford) -> MessageText:
    return explained(
        f":moneybag: {bold(m.job.name)} is not moved: spend cap",
        why=spend_cap(m.cap),
        next_step="The job stays where it is.",
        to_do=f"{make_room(m.cap)}, or leave the job where it is.",
        small=small_print(m.job),
    )


def probing(m: Probing) -> MessageText:
    return explained(
        f":satellite_antenna: {bold(m.job.name)} runs on-demand and could return to spot",
        why="Spot is cheaper, and there is time for it.",
        next_step=f"Every 30 minutes, a short test job of one {escaped(m.job.instance_type)} checks for spot capacity. It trains"
        " nothing and is billed for a few seconds. The policy allows it (probe).",
        small=small_print(m.job),
    )
