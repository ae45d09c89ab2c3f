"""The texts about what people asked for: in Slack, on the command line, and with tags."""

from __future__ import annotations

from controller.ledger.message import CalledOff, StoppingAsAsked, TagsChanged
from controller.notifications.message_text import MessageText, bold, person, small_print
from controller.notifications.mrkdwn import code, escaped


def stopping_as_asked(m: StoppingAsAsked) -> MessageText:
    return MessageText(
        f":octagonal_sign: {bold(m.job.name)} is being stopped",
        (f"Requested by {person(m.who)}. It is not submitted again automatically.",),
        small_print(m.job),
    )


def called_off(m: CalledOff) -> MessageText:
    why = f" Reason: {escaped(m.why)}." if m.why else ""
    return MessageText(
        f":no_entry_sign: {bold(m.job.name)} is not submitted again",
        (
            f"{person(m.who)} called attempt {escaped(m.attempt)} off.{why}",
            "To submit it after all, use Try again in the message of this job.",
        ),
        small_print(m.job),
    )


def tags_changed(m: TagsChanged) -> MessageText:
    return MessageText(
        f":label: Tags of {bold(m.job.name)} were changed and are not in force",
        (
            f"In force: {code(m.before)}. Changed to: {code(m.after)}.",
            "Tags are read once, five minutes after the creation. A later change needs a person whom the policy names under"
            f" {code('may: accept-tags')}: use Accept tags in the message of this job.",
        ),
        small_print(m.job),
    )
