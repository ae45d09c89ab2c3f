"""The text about a job that is not submitted again: why, and how far it got; also texts about spend caps."""

from __future__ import annotations

from collections.abc import Mapping

from controller.jobs.failure import FailureCause
from controller.ledger.messages.kind import GiveUpReason
from controller.ledger.messages.message import CapFacts, CheckpointFacts, GaveUp
from controller.notifications.messages.text import (
    MessageText,
    bold,
    cause_sentence,
    ended,
    explained,
    how_far,
    money,
    small_print,
)
from controller.notifications.mrkdwn import code
from controller.units.plural import times

HEAVY_BYTES = 100_000_000_000  # SageMaker restores the prefix before each start; a larger one often ends in an internal error

WAITED = 'Use the button "Try again" later, submit the job on-demand, or ask the owner of the policy for other instance types.'
TO_DO: Mapping[str, str] = {  # for causes where the job itself needs no fix
    FailureCause.NEVER_LAUNCHED: WAITED,
    FailureCause.STARVED: WAITED,
    FailureCause.CAPACITY: WAITED,
    FailureCause.INTERNAL: 'Use the button "Try again" later. If it fails again, open a case with AWS Support.',
    FailureCause.THROTTLED: 'Use the button "Try again" later.',
}


def gave_up(m: GaveUp) -> MessageText:
    emoji = ":moneybag:" if m.cap else ":no_entry:"
    heavy = _heavy(m.checkpoint) if m.cause == "internal" and m.checkpoint else ""
    why, todo = _give_up(m)
    return explained(
        f"{emoji} {bold(m.job.name)} {ended(m.job, m.cause)} and is not submitted again",
        why=why,
        about=(f"No attempt completed. {how_far(m.proven_s, m.expected_s)}".rstrip(), heavy),
        next_step="Nothing is done automatically.",
        to_do=todo,
        small=small_print(m.job),
    )


def _give_up(m: GaveUp) -> tuple[str, str]:
    """Why the job is not submitted again, and what a person can do."""
    without = " without progress" if m.without_progress else ""
    match m.reason:
        case GiveUpReason.LIMIT_REACHED:
            return (
                f"{cause_sentence(m.cause)} It was retried {times(m.tried)}{without} for this cause: the policy's limit.",
                TO_DO.get(m.cause, "Fix the cause and submit the job yourself, or use Try again."),
            )
        case GiveUpReason.NO_CHECKPOINT_AFTER_RUNTIME:
            return (
                "The job reached MaxRuntimeInSeconds and wrote no checkpoint, so a retry would end the same way.",
                "Raise MaxRuntimeInSeconds, or write checkpoints, and submit the job again.",
            )
        case GiveUpReason.NO_CHECKPOINT_NO_OTHER_TYPE:
            return (
                "The job has no checkpoint, and no other instance type is allowed.",
                "Add checkpoints, allow more instance types in the policy, or move the job to on-demand.",
            )
        case GiveUpReason.NO_FURTHER_STEP:
            return (
                f"{cause_sentence(m.cause)} Every fallback step of the policy was tried.",
                "Add a step to the policy's ladder, or submit the job yourself.",
            )
        case GiveUpReason.NOTHING_LARGER:
            return (
                f"{cause_sentence(m.cause)} The same size would fail again, and the policy names no larger instance type or"
                " volume.",
                "Name one in the policy, or submit the job yourself with a larger one.",
            )
        case GiveUpReason.NAMES_TAKEN:
            return (
                f"Somebody else created a job under each of {m.tried} names of the next attempt.",
                "Find out who it is, then submit the job yourself.",
            )
        case GiveUpReason.NOT_RETRYABLE:
            return (
                f"{cause_sentence(m.cause)} No fallback step helps against this.",
                "Fix the cause, then submit the job yourself.",
            )
        case GiveUpReason.NO_PRICE | GiveUpReason.OVER_CAP:
            return spend_cap(m.cap), f"{make_room(m.cap)}, or submit the job yourself."


def make_room(cap: CapFacts | None) -> str:
    """What a person can do so that the next attempt fits its spend cap. A higher cap does not help if no price is known."""
    if cap is not None and cap.next_micros is None:
        return f"Add the price of the instance type to {code('rates')} in the policy"
    return "Raise the cap in the policy"


def spend_cap(cap: CapFacts | None) -> str:
    """Why the next attempt does not fit its spend cap."""
    if cap is None:
        return "The next attempt does not fit the spend cap."
    if cap.next_micros is None:
        return f"No price is known for this instance type, so the spend cap of {money(cap.cap_micros)} cannot be checked."
    return (
        f"Spend cap: {money(cap.cap_micros)}. Spent so far, at most: {money(cap.spent_micros)}."
        f" The next attempt may cost {money(cap.next_micros)}."
    )


def _heavy(checkpoint: CheckpointFacts) -> str:
    """The text about a checkpoint prefix that may be too large to restore, which ends in an internal error at each start."""
    if not checkpoint.scanned or (checkpoint.complete and checkpoint.bytes_seen < HEAVY_BYTES):
        return ""
    least = "" if checkpoint.complete else "at least "
    size = f"{least}{checkpoint.objects:,} objects, {checkpoint.bytes_seen / 1e9:,.1f} GB"
    return f"Possible cause: {code(checkpoint.uri)} is too large to restore ({size}). Keep fewer checkpoints there."
