"""The texts about what happened to a job: interrupted, finished, stopped by request. One function per kind of message."""

from __future__ import annotations

from controller.ledger.messages.message import (
    Finished,
    Interrupted,
    StoppingAsAsked,
)
from controller.notifications.messages.text import (
    MessageText,
    bold,
    ended,
    explained,
    person,
    small_print,
)
from controller.notifications.mrkdwn import when
from controller.units.plural import count


def interrupted(m: Interrupted) -> MessageText:
    return explained(
        f":zap: {bold(m.job.name)} was interrupted",
        why=f"Spot capacity was taken back at {when(m.at)}.",
        next_step="SageMaker restarts the job when capacity returns.",
        small=small_print(m.job),
    )


def finished(m: Finished) -> MessageText:
    emoji = m.job.outcome.emoji if m.job.outcome else ""
    after = f" after {count(m.attempts, 'attempt')}" if m.attempts > 1 else ""
    return MessageText(f"{emoji} {bold(m.job.name)} {ended(m.job)}{after}", (), small_print(m.job))


def stopping_as_asked(m: StoppingAsAsked) -> MessageText:
    return explained(
        f":octagonal_sign: {bold(m.job.name)} is being stopped",
        why=f"Requested by {person(m.who)}.",
        next_step="It is not submitted again automatically.",
        small=small_print(m.job),
    )
