"""The texts about attempts that are not made as planned: one function per kind of message."""

from __future__ import annotations

from controller.jobs.request import describe_change
from controller.ledger.message import StepSkipped
from controller.notifications.message_text import NEXT, TO_DO, WHY, MessageText, bold, sentence
from controller.notifications.mrkdwn import code, escaped


def step_skipped(m: StepSkipped) -> MessageText:
    changed = ", ".join(map(escaped, describe_change(m.changes)))
    why = sentence(m.why)
    if m.quota:
        why = f"The account's quota {code(m.quota)} is {m.limit}; the attempt needs {m.asked}."
    return MessageText(
        f":fast_forward: {bold(m.name)} cannot go on this way: it never fits",
        (
            f"{WHY}{why} {f'Changed: {changed}.' if changed else 'The request was unchanged.'}",
            f"{NEXT}Spotwarden goes on at once with what fits: the next step of the policy's ladder, else the job as it was.",
            f"{TO_DO}{'Nothing. Service Quotas may raise the quota.' if m.quota else 'Nothing.'}",
        ),
        f"Attempt: {escaped(m.attempt)}",
    )
