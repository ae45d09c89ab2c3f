"""The words of each message: lines of Slack mrkdwn, the first of them the title.

Job names, reasons and tags are other people's text: each goes through ``escaped``.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from controller.jobs.failure import Cause, RetryChange
from controller.jobs.job import Job
from controller.jobs.request import change_from_json, describe_change
from controller.ledger.entry import CheckpointScanned
from controller.ledger.halt import Halt
from controller.ledger.intent import Intent, IntentResult, Stop, Submit
from controller.notifications.mrkdwn import code, escaped, when
from controller.policy.findings import Finding
from controller.policy.policy import Severity
from controller.policy.resubmission import Budget, Resubmission

Words = tuple[str, ...]

HEAVY_BYTES = 100_000_000_000  # to restore before each start; more than 2,000 objects count as heavy, too

SEVERITY_EMOJI = {
    Severity.LOW: ":information_source:",
    Severity.MEDIUM: ":warning:",
    Severity.HIGH: ":rotating_light:",
}


def broke_rules(job: Job, finding: Finding, *, next_: str, changes: str = "") -> Words:
    """A rule found fault with a job."""
    title = f"{SEVERITY_EMOJI[finding.severity]} *{escaped(job.name)}* breaks {code(finding.policy)}"
    what = f"{code(finding.field)} is {code(finding.found)}, wanted: {escaped(finding.wanted)}"
    fix = change_from_json(changes) or finding.fix.request
    mend = f"To mend it: {code(json.dumps(fix))}" if fix else ""
    return tuple(line for line in (title, what, mend, next_, whose(job)) if line)


def resubmitting(
    job: Job, cause: Cause, *, name: str, tried: int, limit: int, due_at: datetime, changes: str = "", why: str = "",
    sighted: CheckpointScanned | None = None,
) -> Words:  # fmt: skip
    """A job will be submitted again: what is different this time, and why."""
    counted = (
        f": try {tried + 1} of {limit} for {code(cause)}" if cause.next is not RetryChange.OURS else f", as it was {cause.word}"
    )
    different = describe_change(changes)
    lines = (
        f":repeat: *{escaped(job.name)}* {_ending(job)}; it is submitted again",
        f"Next attempt {code(name)} at {when(due_at)}{counted}.",
        f"Changed: {', '.join(map(code, different))}." if different else "",
        f"Why: {asker(why) if cause is Cause.ASKED else escaped(why)}." if why else "",
        f"{_resumes(job, sighted)} {whose(job)}",
    )
    return tuple(line for line in lines if line)


def asked_by(who: str) -> str:
    """Who asked, in plain words."""
    return f"{who} asked for it"


def asker(because: str) -> str:
    """What ``asked_by`` said, as mrkdwn: Slack shows a user's id as a name, and everything else as it stands."""
    who, _, what = because.partition(" ")
    return f"<@{who}> {escaped(what)}" if re.fullmatch(r"[UW][A-Z0-9]+", who) else escaped(because)


def interrupted(job: Job, at: datetime) -> Words:
    """Spot capacity was taken away; SageMaker itself starts the job again."""
    return (f":zap: *{escaped(job.name)}* was interrupted at {when(at)}; SageMaker starts it again.", whose(job))


def finished(job: Job, attempts: int) -> Words:
    """A lineage is over."""
    emoji = job.outcome.emoji if job.outcome else ""
    after = f" after {attempts} attempts" if attempts > 1 else ""
    return (f"{emoji} *{escaped(job.name)}* {_ending(job)}{after}", whose(job))


def would_resubmit(job: Job, cause: Cause, block: Resubmission, budget: Budget) -> Words:
    """A job would be submitted again, were the block in ``enforce`` mode."""
    return (
        f":repeat: *{escaped(job.name)}* {_ending(job)}; it would be submitted again",
        f"{code(block.name)} only warns: set its mode to {code('enforce')} and up to {budget.limit} tries follow "
        f"for {code(cause)}.",
        whose(job),
    )


def gave_up(job: Job, cause: Cause, tried: int, sighted: CheckpointScanned | None = None) -> Words:
    """The budget of a cause is used up."""
    times = "once" if tried == 1 else f"{tried} times"
    lines = (
        f":no_entry: *{escaped(job.name)}* {_ending(job)}, and is not submitted again",
        f"Tried again {times} for {code(cause)}; that is the policy's limit. It needs a person now.",
        _heavy(sighted) if cause is Cause.INTERNAL else "",
        whose(job),
    )
    return tuple(line for line in lines if line)


def gave_up_unchanged(job: Job, why: str) -> Words:
    """Another try would have to differ, and nothing says how."""
    return (
        f":no_entry: *{escaped(job.name)}* {_ending(job)}, and is not submitted again",
        f"{escaped(why[:1].upper() + why[1:])}. It needs a person now.",
        whose(job),
    )


def gave_up_for_money(job: Job, why: str) -> Words:
    """The next attempt does not fit the cap."""
    return (
        f":moneybag: *{escaped(job.name)}* {_ending(job)}, and is not submitted again for its money cap",
        f"{escaped(why[:1].upper() + why[1:])}. Raise the cap in the policy, or submit it by hand: it needs a person now.",
        whose(job),
    )


def unseen_checkpoints(job: Job, problem: str) -> Words:
    """The checkpoint prefix cannot be looked into."""
    return (
        f":warning: *{escaped(job.name)}*: its checkpoints cannot be seen",
        f"{code(job.checkpoint_uri or '')}: {escaped(problem)}. Whether it could resume is unknown; the job is left as it is.",
        whose(job),
    )


def cannot_repeat(job: Job, why: str) -> Words:
    """The job's request cannot be repeated as it was."""
    return (
        f":no_entry: *{escaped(job.name)}* {_ending(job)}, and cannot be submitted again as it was",
        escaped(why),
        whose(job),
    )


def fell_short(job: str, intent: Intent) -> Words:
    """A stop or a submission was refused for good, or its tries are used up."""
    match intent.action:
        case Submit(job=name):
            what = f"could not be submitted again as {code(name)}"
        case Stop():
            what = "could not be stopped"
        case _:
            what = f"left {code(intent.key)} undone"
    how = "It was refused" if intent.closed is IntentResult.REFUSED else "Every try failed"
    return (f":no_entry: *{escaped(job)}* {what}", f"{how}: {escaped(intent.why)}. It needs a person now.")


def still_stopping(job: Job, since: datetime, now: datetime) -> Words:
    """A job has been Stopping for longer than SageMaker's grace explains."""
    return (
        f":turtle: *{escaped(job.name)}* has been stopping for {_span(now - since)}",
        f"SageMaker shows {code(job.status)} / {code(job.secondary)}; it is still billed until it stops. {whose(job)}",
    )


def braked(what: str, limit: int, *, until: datetime) -> Words:
    """The hour's brake is on."""
    act, acts = {"stop": ("stop", "stops"), "submit": ("submission", "submissions")}[what]
    return (
        f":vertical_traffic_light: The brake is on: {limit} {act if limit == 1 else acts} this hour",
        f"The policy allows no more in one hour. Those that wait go on by themselves from {when(until)}.",
    )


def halted(halt: Halt) -> str:
    """A halt, on one line."""
    return f"halted since {halt.since:%Y-%m-%d %H:%M} UTC by {halt.who}: {halt.why}"


def vanished(job: str, orphans: tuple[Intent, ...]) -> Words:
    """A job was deleted while something was open about it."""
    left = ", ".join(code(i.key) for i in orphans)
    return (
        f":ghost: *{escaped(job)}* was deleted before its ending was booked",
        f"Let go of: {left}." if left else "What it used stays unknown.",
    )


def _ending(job: Job) -> str:
    return job.outcome.word if job.outcome else job.status


def _heavy(sighted: CheckpointScanned | None) -> str:
    """A checkpoint prefix too big to restore comfortably: SageMaker answers that with an internal error, every time."""
    if sighted is None or (sighted.complete and sighted.bytes_seen < HEAVY_BYTES):
        return ""
    least = "" if sighted.complete else "at least "
    size = f"{least}{sighted.objects:,} objects of {sighted.bytes_seen / 1e9:,.1f} GB"
    return f"{code(sighted.uri)} holds {size}: a prefix too big to restore is a known cause. Keep fewer checkpoints there."


def _resumes(job: Job, sighted: CheckpointScanned | None) -> str:
    """Where the next attempt begins, as far as anybody looked: configured is not written."""
    if not job.checkpoint_uri:
        return "It has no checkpoint: it starts from the beginning."
    if sighted is None or sighted.problem:
        return f"It resumes from {code(job.checkpoint_uri)}, if a checkpoint was written there."
    if sighted.newest_at is None:
        return f"Nothing was ever written to {code(job.checkpoint_uri)}: it starts from the beginning."
    lost = f"{_span(timedelta(seconds=sighted.at_risk_s))} of training are lost"
    return f"It resumes from {code(job.checkpoint_uri)}, written {when(sighted.newest_at)}; {lost}."


def whose(job: Job) -> str:
    team = f"team {code(job.team)}, " if job.team else ""
    return f"_{team}{code(job.instance_type)} × {job.instance_count}, {'spot' if job.spot else 'on-demand'}_"


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
