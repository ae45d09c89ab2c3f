"""The words about moves and deadlines: lines of Slack mrkdwn, the first of them the title."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.jobs.failure import Cause
from controller.jobs.job import Job
from controller.notifications.mrkdwn import code, escaped, when
from controller.notifications.texts import Words, asked_by, asker, whose
from controller.policy.resubmission import Resubmission

TO_ON_DEMAND = "to on-demand capacity"


def stopping_as_asked(job: Job, who: str) -> Words:
    """A person stops a job from the chat."""
    return (
        f":octagonal_sign: *{escaped(job.name)}* is being stopped",
        f"{asker(asked_by(who))}. Nothing follows it by itself.",
        whose(job),
    )


def moving(job: Job, cause: Cause, why: str, deadline: datetime | None) -> Words:
    """A job is stopped to go on elsewhere."""
    where = {Cause.DEADLINE: TO_ON_DEMAND, Cause.ASKED: TO_ON_DEMAND, Cause.RETURN: "back to spot"}.get(
        cause, "to the next step of its ladder"
    )
    until = f" It must be finished by {when(deadline)}." if deadline else ""
    because = asker(why) if cause is Cause.ASKED else escaped(why[:1].upper() + why[1:])
    return (
        f":truck: *{escaped(job.name)}* is being moved {where}",
        f"{because}.{until} It is stopped now, and goes on from its checkpoint once it has ended.",
        whose(job),
    )


def cannot_afford(job: Job, why: str) -> Words:
    """A move would cost more than the cap has room for."""
    return (
        f":moneybag: *{escaped(job.name)}* stays where it is for its money cap",
        f"{escaped(why[:1].upper() + why[1:])}. It would have been moved now; raise the cap in the policy, or let it go on.",
        whose(job),
    )


def would_move(job: Job, block: Resubmission, deadline: datetime | None, why: str) -> Words:
    """A job would be moved, were the block in ``enforce`` mode."""
    until = f" It must be finished by {when(deadline)}." if deadline else ""
    return (
        f":truck: *{escaped(job.name)}* would be moved now",
        f"{escaped(why[:1].upper() + why[1:])}.{until} {code(block.name)} only warns: set its mode to {code('enforce')} to act.",
        whose(job),
    )


def deadline_lost(job: Job, deadline: datetime, finish_at: datetime) -> Words:
    """A deadline cannot be met any more."""
    return (
        f":rotating_light: *{escaped(job.name)}* cannot meet its deadline any more",
        f"It must be finished by {when(deadline)}; even on-demand it is finished at {when(finish_at)} at the earliest."
        " It stays where it is: moving it would cost more and not help.",
        whose(job),
    )


def deadline_at_risk(job: Job, deadline: datetime) -> Words:
    """Nothing of a running job could be carried over, and the policy chose money over the deadline."""
    return (
        f":warning: *{escaped(job.name)}* may miss its deadline",
        f"It must be finished by {when(deadline)}, and an interruption from now on could not be made good: it has no checkpoint."
        f" Its policy prefers {code('money')}, so it stays on spot.",
        whose(job),
    )


def on_demand_forbidden(job: Job, block: Resubmission, deadline: datetime) -> Words:
    """The deadline asks for on-demand, and the policy forbids it."""
    return (
        f":warning: *{escaped(job.name)}* may miss its deadline",
        f"To be finished by {when(deadline)} it would have to leave spot now, and {code(block.name)} forbids on-demand.",
        whose(job),
    )


def probing(job: Job) -> Words:
    """The pool of a job on-demand is asked for spot capacity."""
    return (
        f":satellite_antenna: *{escaped(job.name)}* has time to go back to spot; nothing shows whether its pool has room",
        f"So a job of one {code(job.instance_type)} that trains nothing asks it each half hour; a few billable seconds where it"
        " is there. The policy's `probe` allows it.",
        whose(job),
    )


def no_room(job: Job, room: int, deadline: datetime) -> Words:
    """The deadline asks for on-demand, and the account's quota has no room."""
    return (
        f":no_entry_sign: *{escaped(job.name)}* may miss its deadline: the on-demand quota has no room",
        f"To be finished by {when(deadline)} it would have to leave spot now; it needs {job.instance_count}"
        f" {code(job.instance_type)}, and the account may have {max(room, 0)} more. It stays on spot and moves as soon as there"
        " is room: ask for more quota, or end another job.",
        whose(job),
    )


def no_estimate(job: Job, deadline: datetime, runs: int) -> Words:
    """There is a deadline, and nothing says how long the job takes."""
    return (
        f":grey_question: *{escaped(job.name)}* has a deadline, and no estimate",
        f"It must be finished by {when(deadline)}. Nothing says how long it takes: tag it {code('spotwarden:expected-runtime')}"
        f" (such as {code('5h')}), or let three runs of {code(job.family)} complete (known: {runs}). Until then it is not moved.",
        whose(job),
    )


def unreadable_promise(job: Job, problem: str) -> Words:
    """A tag of the job's promise cannot be read."""
    return (
        f":warning: *{escaped(job.name)}* has a tag that cannot be read",
        f"{escaped(problem)}. The job is left as it is.",
        whose(job),
    )


def wait_ends_early(job: Job, deadline: datetime) -> Words:
    """MaxWait ends before the deadline."""
    ends_at = job.created_at + timedelta(seconds=job.wait_s_max or 0)
    return (
        f":hourglass: *{escaped(job.name)}* gives up waiting before its deadline",
        f"MaxWaitTimeInSeconds ({job.wait_s_max}) ends at {when(ends_at)}, the deadline is {when(deadline)}.",
        whose(job),
    )


def cannot_move(job: Job, why: str) -> Words:
    """The job's request cannot be repeated elsewhere."""
    return (f":no_entry: *{escaped(job.name)}* cannot be moved, and goes on where it is", escaped(why), whose(job))
