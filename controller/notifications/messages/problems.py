"""The texts about actions that failed, and about problems that need a person. One function per kind of message."""

from __future__ import annotations

from controller.jobs.checkpoint import BUCKET_NOT_LISTED
from controller.ledger.messages.message import (
    Abandoned,
    CheckpointsUnseen,
    CreateRefused,
    DeciderFailed,
    Deleted,
    NameTaken,
    NotPermitted,
    PolicyRefused,
    RateLimit,
    Refused,
    StillStopping,
    TagsChanged,
)
from controller.notifications.messages.text import MessageText, bold, explained, sentence, small_print, team_name
from controller.notifications.mrkdwn import code, escaped, when
from controller.units.duration import span
from controller.units.plural import count

TAGS_MOST = 1_200  # characters: enough for four tags of the greatest length, so that people see all that they accept


def not_done(m: Refused | Abandoned) -> MessageText:
    what = f"was not submitted again as {bold(m.attempt)}" if m.attempt else "was not stopped"
    how = "AWS refused" if isinstance(m, Refused) else "Every try failed"
    todo = "Submit the job yourself if you still need it." if m.attempt else "Stop the job yourself."
    then = "Nothing is done automatically." if m.attempt else "The job keeps running."
    return explained(
        f":no_entry: {bold(m.name)} {what}",
        why=f"{how}: {escaped(m.why)}.",
        next_step=f"{then}",
        to_do=f"{todo}",
        small=team_name(m.team),
    )


def name_taken(m: NameTaken) -> MessageText:
    return explained(
        f":rotating_light: The next attempt of {bold(m.name)} gets another name",
        why=f"{sentence(m.why)} {bold(m.attempt)} is not the request that Spotwarden sent: it is a job like any"
        " other, and the rules apply to it.",
        next_step="The attempt is submitted under another name.",
        to_do=f"Find out who created {bold(m.attempt)}.",
        small=team_name(m.team),
    )


def not_permitted(m: NotPermitted) -> MessageText:
    return explained(
        f":no_entry: {bold(m.name)} is not submitted again as {bold(m.attempt)} yet: AWS denied it",
        why=f"{sentence(m.why)}",
        next_step="Spotwarden tries again, for about two days.",
        to_do="Allow the controller's role to submit it.",
        small=team_name(m.team),
    )


def deleted(m: Deleted) -> MessageText:
    planned = [count(m.stops, "stop")] if m.stops else []
    planned += [count(m.submissions, "new attempt")] if m.submissions else []
    what = f" Cancelled: {' and '.join(planned)}." if planned else ""
    return explained(
        f":ghost: {bold(m.name)} was deleted before its outcome was recorded",
        why="Somebody deleted the job in SageMaker. Its usage and cost are unknown.",
        next_step=f"Nothing more is done for it.{what}",
        to_do="Submit the job again if you still need it.",
        small=team_name(m.team),
    )


def _how_to_see(problem: str) -> str:
    if problem.endswith(BUCKET_NOT_LISTED):  # stored by older versions with another beginning
        return "To let the controller look, add the bucket to the stack parameter CheckpointBuckets."
    if "does not exist" in problem:
        return "Give the next job a CheckpointConfig with a bucket that exists."
    return "Allow the controller's role to list this prefix."


def checkpoints_unseen(m: CheckpointsUnseen) -> MessageText:
    return explained(
        f":warning: The checkpoints of {bold(m.job.name)} cannot be read",
        why=f"{code(m.uri)}: {escaped(m.problem)}.",
        next_step="The job is not stopped because of this. Whether a further attempt can continue from a checkpoint is unknown.",
        to_do=_how_to_see(m.problem),
        small=small_print(m.job),
    )


def still_stopping(m: StillStopping) -> MessageText:
    return explained(
        f":turtle: {bold(m.job.name)} has been stopping for {span(m.for_s)}",
        why=f"SageMaker shows Stopping / {escaped(m.secondary)}.",
        next_step="The job is billed until it has stopped.",
        to_do="If this lasts, open a case with AWS Support.",
        small=small_print(m.job),
    )


def tags_changed(m: TagsChanged) -> MessageText:
    return explained(
        f":label: Tags of {bold(m.job.name)} were changed and are not in force",
        why=f"In force: {escaped(m.before, TAGS_MOST)}. Changed to: {escaped(m.after, TAGS_MOST)}. Tags are read once, five"
        " minutes after the creation.",
        next_step="The job continues with the tags in force.",
        to_do="To accept the change, use Accept tags in the message of this job. The policy names who may do so.",
        small=small_print(m.job),
    )


def decider_failed(m: DeciderFailed) -> MessageText:
    return explained(
        f":warning: {bold(m.job.name)} is handled only in part: an error in Spotwarden",
        why=f"The part {escaped(m.decider)} failed on this job ({escaped(m.error)}).",
        next_step="All other parts continue.",
        to_do="Report the error. The function's log has the details.",
        small=small_print(m.job),
    )


def policy_refused(m: PolicyRefused) -> MessageText:
    if m.stands_in:
        still = f"No good version is known, so the packaged policy {code(m.revision)} is used, and nothing is enforced."
    else:
        still = f"Policy {code(m.revision)} stays in force."
    return explained(
        f":no_entry: The policy in {code(m.place)} is not in force: it cannot be used",
        why=sentence(m.problem),
        next_step=f"{still} The place is read again each minute.",
        to_do="Run spotwarden validate, then spotwarden compile with --to, or put an earlier version there again.",
    )


def rate_limit(m: RateLimit) -> MessageText:
    noun = "stop" if m.what == "stop" else "submission"
    return explained(
        f":vertical_traffic_light: Rate limit reached: {count(m.limit, noun)} this hour",
        why="The policy allows no more in one hour.",
        next_step=f"The others continue automatically at {when(m.until)}.",
    )


def create_refused(m: CreateRefused) -> MessageText:
    market = "spot" if m.spot else "on-demand"
    team = f"{team_name(m.team)} · " if m.team else ""
    who = "".join((f" · role {escaped(m.role)}" if m.role else "", f" · by {escaped(m.caller)}" if m.caller else ""))
    return explained(
        f":no_entry: SageMaker did not create {bold(m.name)}: {REFUSALS.get(m.why, 'it refused the request')}",
        why=_refused_because(m),
        about=(f"It is used by {escaped(m.holders)}." if m.holders else "",),
        next_step="Nothing. Spotwarden does not submit it, because it cannot know whether the caller may use that role.",
        to_do=_what_helps(m),
        small=f"{team}{m.instances} × {escaped(m.instance_type)} · {market}{who}",
    )


REFUSALS = {"quota": "a quota is used up", "throttled": "too many requests", "capacity": "there is no capacity"}


def _refused_because(m: CreateRefused) -> str:
    if m.why == "throttled":
        return "The account sends more requests to SageMaker than it accepts. CreateTrainingJob is limited for the whole account."
    if m.why == "capacity":
        return f"AWS has no capacity for {escaped(m.instance_type)} at the moment."
    if not m.quota:
        return "A quota of the account is used up, and the answer does not name it."
    return f"The quota {code(m.quota)} is {m.limit}, of which {m.used} are in use, and the job asks for {m.asked}."


def _what_helps(m: CreateRefused) -> str:
    if m.why == "throttled":
        return "Create it again in some minutes, with retries that wait longer each time."
    if m.why == "capacity":
        return "Create it again later, or with another instance type."
    if m.limit is not None and m.asked is not None and m.asked > m.limit:
        return f"Request a higher quota {code(m.quota)} in Service Quotas, or use fewer instances: waiting does not help."
    return "Create it again when a job that uses the quota has ended, or request a higher quota in Service Quotas."
