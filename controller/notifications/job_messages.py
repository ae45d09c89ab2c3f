"""The texts about further attempts, outcomes and problems: one function per kind of message."""

from __future__ import annotations

from controller.jobs.checkpoint import NOT_LOOKED_INTO
from controller.jobs.request import TAGS_MAX, describe_change
from controller.ledger.message import (
    Abandoned,
    CannotRepeat,
    CheckpointFacts,
    CheckpointsUnseen,
    DeciderFailed,
    Deleted,
    Finished,
    Interrupted,
    NameTaken,
    NotPermitted,
    RateLimit,
    Refused,
    Resubmitting,
    StillStopping,
    StoppingAsAsked,
    TagsChanged,
    WouldResubmit,
)
from controller.ledger.message_kind import ASKED_BY, MoveReason
from controller.notifications.message_text import (
    MessageText,
    bold,
    cause_word,
    count,
    ended,
    person,
    reason,
    sentence,
    small_print,
)
from controller.notifications.mrkdwn import code, escaped, when
from controller.units.duration import span


def resubmitting(m: Resubmitting) -> MessageText:
    counted = f" Retry {m.tried + 1} of {m.limit} for: {cause_word(m.cause)}." if m.counted else ""
    changed = describe_change(m.changes)
    return MessageText(
        f":repeat: {bold(m.job.name)} {ended(m.job)} and is submitted again",
        (
            f"Next attempt: {bold(m.attempt)} at {when(m.due_at)}.{counted}",
            f"Changed: {', '.join(map(code, changed))}." if changed else "",
            _why_again(m.why),
            _continues(m.checkpoint),
            f"A job takes {TAGS_MAX} tags, three of them Spotwarden's. Left out: {escaped(m.tags_left)}." if m.tags_left else "",
        ),
        small_print(m.job, f"mode enforce, policy {m.revision}" if m.revision else ""),
    )


def _why_again(why: str) -> str:
    if not why:
        return ""
    plain = why in set(MoveReason) or why.startswith(ASKED_BY)
    return f"{reason(why)}." if plain else f"Reason: it broke the rule {reason(why)}."


def _continues(checkpoint: CheckpointFacts | None) -> str:
    """Where the next attempt continues, as far as it is known."""
    if checkpoint is None:
        return "The job has no checkpoint: it starts from the beginning."
    uri = code(checkpoint.uri)
    if not checkpoint.scanned:
        return f"It continues from {uri} if there is a checkpoint."
    if checkpoint.newest_at is None:
        return f"There is no checkpoint in {uri}: it starts from the beginning."
    return f"It continues from {uri}, written {when(checkpoint.newest_at)}. Lost: {span(checkpoint.at_risk_s)} of training."


def would_resubmit(m: WouldResubmit) -> MessageText:
    return MessageText(
        f":repeat: {bold(m.job.name)} {ended(m.job)} and is not submitted again",
        (
            f"Auto-retry is in warn mode (block {escaped(m.block)}). With {code('mode: enforce')}: up to"
            f" {count(m.limit, 'retry')} for: {cause_word(m.cause)}.",
        ),
        small_print(m.job),
    )


def cannot_repeat(m: CannotRepeat) -> MessageText:
    if m.job.outcome is None:
        title, what = "cannot be moved and keeps running", "Spotwarden cannot repeat its request."
    else:
        title, what = f"{ended(m.job)} and cannot be submitted again", "Spotwarden cannot repeat its request."
    return MessageText(
        f":no_entry: {bold(m.job.name)} {title}", (f"{what} {sentence(m.why)} Submit the job yourself.",), small_print(m.job)
    )


def not_done(m: Refused | Abandoned) -> MessageText:
    what = f"was not submitted again as {bold(m.attempt)}" if m.attempt else "was not stopped"
    how = "AWS refused" if isinstance(m, Refused) else "Every try failed"
    todo = "Submit the job yourself if you still need it." if m.attempt else "Stop the job yourself."
    return MessageText(f":no_entry: {bold(m.name)} {what}", (f"{how}: {escaped(m.why)}.", todo))


def name_taken(m: NameTaken) -> MessageText:
    return MessageText(
        f":rotating_light: The next attempt of {bold(m.name)} gets another name",
        (
            f"{sentence(m.why)} {bold(m.attempt)} is not the request that Spotwarden sent: it is a job like any other, and the"
            " rules apply to it.",
            "Find out who created it.",
        ),
    )


def not_permitted(m: NotPermitted) -> MessageText:
    return MessageText(
        f":no_entry: {bold(m.name)} is not submitted again as {bold(m.attempt)} yet: AWS denied it",
        (f"{sentence(m.why)}", "Allow the controller's role to submit it: Spotwarden tries again, for about two days."),
    )


def deleted(m: Deleted) -> MessageText:
    planned = [count(m.stops, "stop")] if m.stops else []
    planned += [count(m.submissions, "new attempt")] if m.submissions else []
    what = f"Cancelled: {' and '.join(planned)}." if planned else "Its usage and cost are unknown."
    return MessageText(f":ghost: {bold(m.name)} was deleted before its outcome was recorded", (what,))


def _how_to_see(problem: str) -> str:
    if problem == NOT_LOOKED_INTO:
        return "To let the controller look, add the bucket to the stack parameter CheckpointBuckets."
    return "Allow the controller's role to list this prefix."


def checkpoints_unseen(m: CheckpointsUnseen) -> MessageText:
    return MessageText(
        f":warning: The checkpoints of {bold(m.job.name)} cannot be read",
        (
            f"{code(m.uri)}: {escaped(m.problem)}.",
            f"It is unknown whether the job can continue from a checkpoint. {_how_to_see(m.problem)}",
        ),
        small_print(m.job),
    )


def still_stopping(m: StillStopping) -> MessageText:
    return MessageText(
        f":turtle: {bold(m.job.name)} has been stopping for {span(m.for_s)}",
        (
            f"SageMaker shows Stopping / {escaped(m.secondary)}. The job is billed until it has stopped."
            " If this lasts, open a case with AWS Support.",
        ),
        small_print(m.job),
    )


def interrupted(m: Interrupted) -> MessageText:
    return MessageText(
        f":zap: {bold(m.job.name)} was interrupted",
        (f"Spot capacity was taken back at {when(m.at)}. SageMaker restarts the job when capacity returns.",),
        small_print(m.job),
    )


def finished(m: Finished) -> MessageText:
    emoji = m.job.outcome.emoji if m.job.outcome else ""
    after = f" after {m.attempts} attempts" if m.attempts > 1 else ""
    return MessageText(f"{emoji} {bold(m.job.name)} {ended(m.job)}{after}", (), small_print(m.job))


def stopping_as_asked(m: StoppingAsAsked) -> MessageText:
    return MessageText(
        f":octagonal_sign: {bold(m.job.name)} is being stopped",
        (f"Requested by {person(m.who)}. It is not submitted again automatically.",),
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


def decider_failed(m: DeciderFailed) -> MessageText:
    return MessageText(
        f":warning: {bold(m.job.name)} is only partly looked after: an error in Spotwarden",
        (
            f"The part {code(m.decider)} failed on this job ({code(m.error)}). All other parts continue.",
            "The function's log has the details. Report the error.",
        ),
        small_print(m.job),
    )


def rate_limit(m: RateLimit) -> MessageText:
    noun = "stop" if m.what == "stop" else "submission"
    return MessageText(
        f":vertical_traffic_light: Rate limit reached: {count(m.limit, noun)} this hour",
        (f"The policy's {code('brakes')} allow no more in one hour. The others continue automatically at {when(m.until)}.",),
    )
