"""The words of each message: lines of Slack mrkdwn, the first of them the title.

Job names, reasons and tags are other people's text: ``escaped`` keeps them from pinging, linking or formatting anything.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from controller.failure import Cause
from controller.finding import Finding
from controller.intent import Closed, Intent, Stop, Submit
from controller.job import Job
from controller.policy import Budget, Resubmission, Severity

Words = tuple[str, ...]

SEVERITY_EMOJI = {
    Severity.LOW: ":information_source:",
    Severity.MEDIUM: ":warning:",
    Severity.HIGH: ":rotating_light:",
}


def escaped(text: str, most: int = 300) -> str:
    """Make other people's text harmless in mrkdwn: Slack's three entities, no code ticks, no line breaks, bounded."""
    flat = " ".join(text.split()).replace("`", "'")
    flat = flat if len(flat) <= most else flat[: most - 1] + "…"
    return flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    return f"`{escaped(text)}`"


def broke_rules(job: Job, finding: Finding, *, stopping: bool) -> Words:
    """A rule found fault with a job."""
    title = f"{SEVERITY_EMOJI[finding.severity]} *{escaped(job.name)}* breaks {code(finding.policy)}"
    what = f"{code(finding.field)} is {code(finding.found)}, wanted: {escaped(finding.wanted)}"
    mend = f"To mend it: {code(json.dumps(finding.fix.request))}" if finding.fix.request else ""
    next_ = "It is being stopped." if stopping else ""
    return tuple(line for line in (title, what, mend, next_, _whose(job)) if line)


def resubmitting(job: Job, cause: Cause, *, name: str, tried: int, limit: int, due_at: datetime) -> Words:
    """A job will be submitted again."""
    return (
        f":repeat: *{escaped(job.name)}* {_ending(job)}; it is submitted again",
        f"Next attempt {code(name)} at {_when(due_at)}: try {tried + 1} of {limit} for {code(cause)}.",
        f"{_resumes(job)} {_whose(job)}",
    )


def would_resubmit(job: Job, cause: Cause, block: Resubmission, budget: Budget) -> Words:
    """A job would be submitted again, were the block in ``enforce`` mode."""
    return (
        f":repeat: *{escaped(job.name)}* {_ending(job)}; it would be submitted again",
        f"{code(block.name)} only warns: set its mode to {code('enforce')} and up to {budget.limit} tries follow "
        f"for {code(cause)}.",
        _whose(job),
    )


def gave_up(job: Job, cause: Cause, tried: int) -> Words:
    """The budget of a cause is used up."""
    times = "once" if tried == 1 else f"{tried} times"
    return (
        f":no_entry: *{escaped(job.name)}* {_ending(job)}, and is not submitted again",
        f"Tried again {times} for {code(cause)}; that is the policy's limit. It needs a person now.",
        _whose(job),
    )


def cannot_repeat(job: Job, why: str) -> Words:
    """The job's request cannot be repeated as it was."""
    return (
        f":no_entry: *{escaped(job.name)}* {_ending(job)}, and cannot be submitted again as it was",
        escaped(why),
        _whose(job),
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
    how = "It was refused" if intent.closed is Closed.REFUSED else "Every try failed"
    return (f":no_entry: *{escaped(job)}* {what}", f"{how}: {escaped(intent.why)}. It needs a person now.")


def still_stopping(job: Job, since: datetime, now: datetime) -> Words:
    """A job has been Stopping for longer than SageMaker's grace explains."""
    return (
        f":turtle: *{escaped(job.name)}* has been stopping for {_span(now - since)}",
        f"SageMaker shows {code(job.status)} / {code(job.secondary)}; it is still billed until it stops. {_whose(job)}",
    )


def vanished(job: str, orphans: tuple[Intent, ...]) -> Words:
    """A job was deleted while something was open about it."""
    left = ", ".join(code(i.key) for i in orphans)
    return (
        f":ghost: *{escaped(job)}* was deleted before its ending was booked",
        f"Let go of: {left}." if left else "What it used stays unknown.",
    )


def _ending(job: Job) -> str:
    return job.ending.word if job.ending else job.status


def _resumes(job: Job) -> str:
    if job.checkpoint_uri:
        return f"It resumes from {code(job.checkpoint_uri)}, if a checkpoint was written there."
    return "It has no checkpoint: it starts from the beginning."


def _whose(job: Job) -> str:
    team = f"team {code(job.team)}, " if job.team else ""
    return f"_{team}{code(job.instance_type)} × {job.instance_count}, {'spot' if job.spot else 'on-demand'}_"


def _when(at: datetime) -> str:
    """A moment that Slack shows in the reader's own time zone, with UTC for everything that is not Slack."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at:%Y-%m-%d %H:%M} UTC>"


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
