"""The texts about requests of people, in Slack or on the command line. One function per kind of message."""

from __future__ import annotations

from controller.ledger.messages.message import CalledOff
from controller.notifications.messages.text import MessageText, bold, explained, person, small_print
from controller.notifications.mrkdwn import escaped


def called_off(m: CalledOff) -> MessageText:
    why = f" Reason: {escaped(m.why)}." if m.why else ""
    return explained(
        f":no_entry_sign: {bold(m.job.name)} is not submitted again",
        why=f"{person(m.who)} cancelled attempt {escaped(m.attempt)}.{why}",
        next_step="No attempt follows automatically.",
        to_do="Nothing. To submit the job after all, use Try again in the message of this job.",
        small=small_print(m.job),
    )
