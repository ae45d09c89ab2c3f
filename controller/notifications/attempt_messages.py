"""The texts about attempts that are not made as planned: one function per kind of message."""

from __future__ import annotations

from controller.jobs.request import describe_change
from controller.ledger.message import ChangedBack, DoneElsewhere, StepSkipped
from controller.notifications.message_text import MessageText, bold, ended, explained, sentence, small_print
from controller.notifications.mrkdwn import code, escaped
from controller.units.plural import count


def step_skipped(m: StepSkipped) -> MessageText:
    changed = ", ".join(map(escaped, describe_change(m.changes)))
    why = sentence(m.why)
    if m.quota:
        why = f"The account's quota {code(m.quota)} is {m.limit}; the attempt needs {m.asked}."
    return explained(
        f":fast_forward: {bold(m.name)} cannot go on this way: it never fits",
        why=f"{why} {f'Changed: {changed}.' if changed else 'The request was unchanged.'}",
        next_step="Spotwarden goes on at once with what fits: the next step of the policy's ladder, else the job as it was.",
        to_do=f"{'Nothing. Service Quotas may raise the quota.' if m.quota else 'Nothing.'}",
        small=f"Attempt: {escaped(m.attempt)}",
    )


def done_elsewhere(m: DoneElsewhere) -> MessageText:
    return explained(
        f":handshake: {bold(m.job.name)} {ended(m.job)} and is not submitted again: {bold(m.other)} does the same work",
        why=f"{bold(m.other)} was created since, under the same role, on the same checkpoint prefix or with the same inputs,"
        " output and hyperparameters. It runs or has completed.",
        next_step="Nothing is done automatically.",
        to_do=f"Nothing. To run {bold(m.job.name)} all the same, use Try again.",
        small=small_print(m.job),
    )


def changed_back(m: ChangedBack) -> MessageText:
    ours = f"{count(m.instances, 'instance')} of {escaped(m.instance_type)}"
    theirs = f"{count(m.back_to_instances, 'instance')} of {escaped(m.back_to_type)}"
    where = "where the job trained before" if m.trained else "which its owner chose"
    return explained(
        f":leftwards_arrow_with_hook: {bold(m.name)} failed on instances that Spotwarden chose",
        why=f"On {ours}: {sentence(m.why)}",
        next_step=f"It is submitted again on {theirs}, {where}, once.",
        to_do=f"Find out whether its code or its checkpoint fits {escaped(m.instance_type)}. If not, take that type out of"
        " the policy's ladder.",
        small=f"Attempt: {escaped(m.attempt)}",
    )
