"""The texts about attempts that are not made as planned: one function per kind of message."""

from __future__ import annotations

from controller.jobs.request import describe_change
from controller.ledger.message import StepSkipped
from controller.notifications.message_text import MessageText, bold, sentence
from controller.notifications.mrkdwn import code, escaped


def step_skipped(m: StepSkipped) -> MessageText:
    changed = describe_change(m.changes)
    why = sentence(m.why)
    if m.quota:
        why = f"The account's quota {code(m.quota)} is {m.limit}; the attempt needs {m.asked}. Service Quotas may raise it."
    return MessageText(
        f":fast_forward: {bold(m.name)} cannot go on this way: it never fits",
        (
            f"Changed: {', '.join(map(code, changed))}." if changed else "The request was unchanged.",
            why,
            "Spotwarden goes on at once with what fits: the next step of the policy's ladder, else the job as it was.",
        ),
        f"Attempt: {escaped(m.attempt)}",
    )
