"""The texts about a job's next attempt: it is submitted, not submitted, or changed. One function per kind of message."""

from __future__ import annotations

import json

from controller.jobs.request import TAGS_MAX, describe_change
from controller.ledger.messages.kind import ASKED_BY, MoveReason
from controller.ledger.messages.message import (
    CannotRepeat,
    ChangedBack,
    CheckpointFacts,
    DoneElsewhere,
    Resubmitting,
    StepSkipped,
    WouldResubmit,
)
from controller.notifications.messages.rules import broken_because
from controller.notifications.messages.text import (
    NEXT,
    NOTHING,
    TO_DO,
    WHY,
    MessageText,
    bold,
    cause_sentence,
    ended,
    explained,
    next_cost,
    reason,
    sentence,
    small_print,
    team_name,
)
from controller.notifications.mrkdwn import code, escaped, when
from controller.units.duration import span
from controller.units.plural import count


def resubmitting(m: Resubmitting) -> MessageText:
    counted = f"It is retry {m.tried + 1} of {m.limit} for this cause." if m.counted else ""
    changed = describe_change(m.changes, m.was)
    then = " ".join(filter(None, (next_cost(m.next_micros), counted, _continues(m.checkpoint))))
    return MessageText(
        f":repeat: {bold(m.job.name)} {ended(m.job, m.cause)} and will be submitted again",
        (
            _why_again(m) or f"{WHY}{cause_sentence(m.cause)}",
            f"{NEXT}Attempt {bold(m.attempt)} will be submitted at {when(m.due_at)}. {then}",
            f"Changed: {'; '.join(map(escaped, changed))}." if changed else "",
            f"{TO_DO}{NOTHING}",
            f"A job takes {TAGS_MAX} tags, three of them Spotwarden's. Left out: {escaped(m.tags_left)}." if m.tags_left else "",
        ),
        small_print(m.job, f"mode enforce, policy {m.revision}" if m.revision else ""),
    )


def _why_again(m: Resubmitting) -> str:
    if not m.why:
        return ""
    if m.why in set(MoveReason) or m.why.startswith(ASKED_BY):
        return f"{WHY}{reason(m.why)}."
    found = json.loads(m.broken) if m.broken else []
    said = (broken_because(one["rule"], one["field"], one["found"], one["wanted"]) for one in found)
    return " ".join((f'{WHY}It broke the rule "{reason(m.why)}".', *said))


def _continues(checkpoint: CheckpointFacts | None) -> str:
    """The checkpoint from which the next attempt continues, as far as it is known."""
    if checkpoint is None:
        return "The job has no checkpoint: it starts from the beginning."
    uri = code(checkpoint.uri)
    if not checkpoint.scanned:
        return f"It continues from {uri} if there is a checkpoint."
    if checkpoint.newest_at is None:
        return f"There is no checkpoint in {uri}: it starts from the beginning."
    return f"It continues from {uri}, written {when(checkpoint.newest_at)}. Lost: {span(checkpoint.at_risk_s)} of training."


def would_resubmit(m: WouldResubmit) -> MessageText:
    return explained(
        f":warning: {bold(m.job.name)} {ended(m.job, m.cause)} and is not submitted again",
        why=f"{cause_sentence(m.cause)} The policy allows {count(m.limit, 'retry')} for this cause, but its resubmit block"
        f' "{escaped(m.block)}" is in warn mode, which only reports.',
        next_step="Nothing is done automatically.",
        to_do="Submit the job again if you still need it. For automatic retries, ask the owner of the policy for"
        f" {code('mode: enforce')} in that block.",
        small=small_print(m.job),
    )


def cannot_repeat(m: CannotRepeat) -> MessageText:
    lives = m.job.outcome is None
    if m.rules:
        return _refused_by_rules(m)
    not_again = "is not" if _may_be_retried(m) else "cannot be"
    title = "cannot be moved and keeps running" if lives else f"{ended(m.job)} and {not_again} submitted again"
    twice = " If Spotwarden submitted it too, the work could be done twice." if _may_be_retried(m) else ""
    return explained(
        f":no_entry: {bold(m.job.name)} {title}",
        why=f"Spotwarden does not repeat its request: {escaped(m.why).rstrip('.')}.{twice}",
        next_step="The job keeps running where it is." if lives else _left_to(m),
        to_do=_by_yourself(m),
        small=small_print(m.job),
    )


def _left_to(m: CannotRepeat) -> str:
    """Whether anybody may still submit a job again that has ended."""
    if _may_be_retried(m):
        return "Spotwarden does nothing. Whether that service submits the job again is not known."
    return "Nothing is done automatically."


def _by_yourself(m: CannotRepeat) -> str:
    if m.job.outcome is None:
        return "To move it, stop it and submit the job yourself."
    if _may_be_retried(m):
        return "Look at the execution in that service. If it does not submit the job again, submit it yourself."
    return "Submit the job yourself."


def _may_be_retried(m: CannotRepeat) -> bool:
    """Whether the AWS service that owns the job may submit it again, by the words of the stored reason."""
    return "may retry it" in m.why


def _refused_by_rules(m: CannotRepeat) -> MessageText:
    lives = m.job.outcome is None
    title = "is not moved to on-demand" if lives else "is not submitted again"
    then = "what was asked for then happens" if lives else "it is then submitted"
    return explained(
        f":no_entry: {bold(m.job.name)} {title}: rules forbid it",
        why=sentence(m.why),
        next_step="The job keeps running where it is." if lives else "Nothing is submitted.",
        to_do=f"Waive {escaped(m.rules)} for this job: {then}. Or submit a job that keeps the rules.",
        small=small_print(m.job),
    )


def step_skipped(m: StepSkipped) -> MessageText:
    changed = ", ".join(map(escaped, describe_change(m.changes)))
    why = sentence(m.why)
    if m.quota:
        why = f"The account's quota {code(m.quota)} is {m.limit}; the attempt needs {m.asked}."
    return explained(
        f":fast_forward: {bold(m.name)} cannot run as requested in this account and region",
        why=f"{why} {f'Changed: {changed}.' if changed else 'The request was unchanged.'}",
        next_step="Spotwarden continues at once with the next step of the ladder that can run,"
        " or submits the same job again if none can.",
        to_do=f"{'Nothing. You can request a higher quota in Service Quotas.' if m.quota else 'Nothing.'}",
        small=_whose_attempt(m),
    )


def done_elsewhere(m: DoneElsewhere) -> MessageText:
    return explained(
        f":handshake: {bold(m.job.name)} {ended(m.job)} and is not submitted again: {bold(m.other)} does the same work",
        why=f"{bold(m.other)} was created since, under the same role, on the same checkpoint prefix or with the same inputs,"
        " output and hyperparameters. It runs or has completed.",
        next_step="Nothing is done automatically.",
        to_do=f"Nothing. To run {bold(m.job.name)} anyway, use Try again.",
        small=small_print(m.job),
    )


def changed_back(m: ChangedBack) -> MessageText:
    ours = _place(m.instances, m.instance_type, m.volume_gb, m.subnets)
    theirs = _place(m.back_to_instances, m.back_to_type, m.back_to_volume_gb, m.back_to_subnets)
    where = "where the job trained before" if m.trained else "which its owner chose"
    of = "ladder"
    if (m.instances, m.instance_type) != (m.back_to_instances, m.back_to_type):
        chose, check = "on instances", f"its code or its checkpoint fits {escaped(m.instance_type)}. If not, take that type"
    elif m.subnets:
        chose, check = "in subnets", "these subnets have a route to S3 and to what its code needs. If not, take them"
    else:
        of, chose, check = "resubmit block", "with a volume", f"{m.volume_gb} GB are right for it. If not, take that size"
    return explained(
        f":leftwards_arrow_with_hook: {bold(m.name)} failed {chose} that Spotwarden chose",
        why=f"On {ours}: {sentence(m.why)}",
        next_step=f"It is submitted again on {theirs}, {where}, once.",
        to_do=f"Find out whether {check} out of the policy's {of}.",
        small=_whose_attempt(m),
    )


def _whose_attempt(m: StepSkipped | ChangedBack) -> str:
    return " · ".join(filter(None, (team_name(m.team), f"Attempt: {escaped(m.attempt)}")))


def _place(instances: int, instance_type: str, volume_gb: int | None, subnets: str) -> str:
    volume = f" with {volume_gb} GB" if volume_gb else ""
    return f"{count(instances, 'instance')} of {escaped(instance_type)}{volume}" + (f" in {escaped(subnets)}" if subnets else "")
