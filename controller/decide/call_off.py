"""Calls off an attempt that waits to be submitted: finds it, and records that a person called it off.

The request and the withdrawal of the Submit are one commit, so that the attempt is either called off or submitted, never both.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from controller.decide.decision import Decision
from controller.ledger.entry import Started, UserRequested, Waived
from controller.ledger.intent import Intent, Submit, Wake
from controller.ledger.lineage import Lineage, newest_attempt
from controller.policy.user_request import UserRequest


def open_submit(lineage: Lineage) -> Intent | None:
    """The open Submit of the attempt after the newest one; None where there is none, or its job was seen already."""
    last = newest_attempt(lineage)
    if last is None:
        return None
    return next(
        (
            intent
            for intent in lineage.open_intents(last.job)
            if isinstance(intent.action, Submit) and lineage.entry(Started, intent.action.job) is None
        ),
        None,
    )


def waiting_attempt(lineage: Lineage) -> Submit | None:
    """The attempt that can be called off; None where none waits, or it was called off, or it is being submitted at this moment.

    If a lease ended without an answer, the job may exist. Until the next look at the job, the attempt counts as being submitted.
    """
    intent = open_submit(lineage)
    if intent is None or not isinstance(intent.action, Submit):
        return None
    submitting = intent.leased_until is not None
    return None if submitting or intent.action.number in called_off_numbers(lineage, intent.action.about) else intent.action


def called_off_numbers(lineage: Lineage, job: str) -> frozenset[int]:
    """The numbers of the attempts after a job that were called off."""
    asked = (e for e in lineage.entries if isinstance(e, UserRequested) and (e.job, e.request) == (job, UserRequest.CANCEL))
    return frozenset(e.number for e in asked)


def recorded(entries: Iterable[UserRequested | Waived], lineage: Lineage, now: datetime) -> Decision:
    """The decision that records requests: their entries, a Wake for each job, and the withdrawal of each Submit called off."""
    taken = tuple(entries)
    wakes = (Intent(action=Wake(about=job, at=now), due_at=now) for job in sorted({entry.job for entry in taken}))
    # With a Wake that is due, the next look reads everything, not only what a job at rest needs.
    due = tuple(wake for wake in wakes if lineage.intent(wake.key) is None)
    withdrawn = tuple(
        intent
        for intent in lineage.open_intents()
        if isinstance(intent.action, Submit)
        and intent.leased_until is None
        and any(_calls_off(entry, intent.action) for entry in taken)
    )
    return Decision(entries=taken, intents=due, withdrawn=withdrawn)


def _calls_off(entry: UserRequested | Waived, submit: Submit) -> bool:
    return (
        isinstance(entry, UserRequested)
        and entry.request is UserRequest.CANCEL
        and (entry.job, entry.number) == (submit.about, submit.number)
    )
