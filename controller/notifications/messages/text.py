"""The text of one message, and the phrases that several messages share. Other people's text is always escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.halt import WHO_MAX, WHY_MAX, Halt
from controller.ledger.messages.kind import ASKED_BY, MoveReason
from controller.ledger.messages.message import CostFacts, JobFacts, MoveFacts
from controller.ledger.move_cause import AttemptCause, MoveCause, attempt_cause
from controller.notifications.mrkdwn import code, escaped, when
from controller.notifications.parts import Part, Small, Text
from controller.units.duration import span
from controller.units.free_text import one_line
from controller.units.money import dollars
from controller.units.plural import count
from controller.units.value import dataclass

NAME = re.compile(r"\S*?(?:\d|[./:_=]\w)")  # a first word that is a name, such as of a job, an instance type or a URI
SLACK_ID = re.compile(r"[SUW][A-Z0-9]+")
SLACK_USER = re.compile(r"[UW][A-Z0-9]+")
# The labels at the beginning of a message's lines.
WHY, NEXT, COST, TO_DO = "*Why:* ", "*Next:* ", "*Cost:* ", "*To do:* "
NOTHING = "Nothing."
IN_THREAD = "in the thread"
THREAD_LISTS, BELOW_IS = "The thread lists them.", "The list is below."


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message in mrkdwn: a title, lines below it (empty ones are left out), and small print."""

    title: str
    lines: tuple[str, ...] = ()
    small: str = ""

    @property
    def body(self) -> str:
        """The title and the lines, without the small print."""
        return "\n".join((self.title, *(line for line in self.lines if line)))

    def parts(self, *, mention: str = "") -> tuple[Part, ...]:
        """The parts of one message; ``mention`` is the id of the Slack user or user group to notify; empty: nobody."""
        text = f"{mention_of(mention)} {self.body}" if mention else self.body
        return (Text(text), *((Small(self.small),) if self.small else ()))


def explained(
    title: str, *, why: str, next_step: str, to_do: str = NOTHING, about: Iterable[str] = (), small: str = ""
) -> MessageText:
    """A message that states what happened, why, what happens next, and what a person can do. Most messages have this form.

    ``about`` are further lines below the reason. All arguments are mrkdwn.
    """
    return MessageText(title, (f"{WHY}{why}", *about, f"{NEXT}{next_step}", f"{TO_DO}{to_do}"), small)


def legacy_text(words: tuple[str, ...]) -> MessageText:
    """The text of a message that an older version stored as lines of mrkdwn. Lines between underscores are small print."""
    lines = [line for line in words if line]
    small = [line for line in lines if line.startswith("_") and line.endswith("_")]
    [title, *others] = [line for line in lines if line not in small] or [""]
    return MessageText(title, tuple(others), "\n".join(line.strip("_") for line in small))


def misdirected(text: MessageText, channel: str, why: str) -> MessageText:
    """The text of a message that is sent to another channel, because its own channel refused it for the reason ``why``."""
    note = f"Meant for {escaped(channel)}, where it was refused: {escaped(why)}"
    return replace(text, small="\n".join(filter(None, (text.small, note))))


def under_policy(text: MessageText, revision: str, mode: str) -> MessageText:
    """The text with the mode and the policy revision that were in force, in its small print.

    It is unchanged if the revision is not known, or if the text names it already.
    """
    if not revision or f"policy {revision}" in text.small or f"olicy {code(revision)}" in text.body:
        return text
    return replace(text, small=" · ".join(filter(None, (text.small, policy_text(revision, mode)))))


def policy_text(revision: str, mode: str = "") -> str:
    """The mode and the policy revision that were in force, as text; empty if the revision is not known."""
    if not revision:
        return ""
    return f"{f'mode {escaped(mode)}, ' if mode else ''}policy {escaped(revision)}"


def where_text(account: str, region: str, names: Mapping[str, str]) -> str:
    """An account and a region. ``names`` are the policy's names of accounts, by account id."""
    name = f" ({escaped(names[account])})" if account in names else ""
    return " · ".join(filter(None, (f"account {escaped(account)}{name}" if account else "", escaped(region))))


def mention_of(who: str) -> str:
    """Slack's markup that notifies a user (id U… or W…) or a user group (S…); any other text is escaped."""
    if SLACK_ID.fullmatch(who) is None:
        return escaped(who)
    return f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>"


def person(who: str) -> str:
    """A person as mrkdwn. Slack shows the name for a user id; any other text is escaped."""
    return f"<@{who}>" if SLACK_USER.fullmatch(who) else escaped(who)


def bold(text: str) -> str:
    """Other people's text in bold; a dash for an empty text."""
    return f"*{escaped(text) or '–'}*"


def small_print(job: JobFacts, more: str = "") -> str:
    """The small print of a message: the owner, the instances and the market of a job, and ``more``, which is escaped here."""
    market = "spot" if job.spot else "on-demand"
    machines = f"{job.instances} × {escaped(job.instance_type)}"
    return " · ".join(filter(None, (_owner(job), machines, market, escaped(more))))


def team_name(team: str) -> str:
    return f"team {escaped(team)}" if team else ""


def _owner(job: JobFacts) -> str:
    team = team_name(job.team or "") or "no team"
    return f"{escaped(job.user)}, {team}" if job.user else team


def ended(job: JobFacts, cause: str = "") -> str:
    """How a job ended, as text. A job that only waited for capacity "never started"."""
    if job.outcome is Outcome.STARVED and cause == FailureCause.NEVER_LAUNCHED:
        return "never started"
    return job.outcome.label if job.outcome else "ended"


CAUSES: Mapping[AttemptCause, str] = {
    FailureCause.NEVER_LAUNCHED: "There was no spot capacity within MaxWaitTimeInSeconds.",
    FailureCause.STARVED: "The job waited so long for spot capacity that it did not finish within MaxWaitTimeInSeconds.",
    FailureCause.CAPACITY: "AWS had no capacity for this instance type.",
    FailureCause.INTERNAL: "SageMaker reported an internal error.",
    FailureCause.QUOTA: "The account's instance quota was used up.",
    FailureCause.THROTTLED: "AWS throttled the request.",
    FailureCause.OVERRAN: "The job reached MaxRuntimeInSeconds.",
    FailureCause.ALGORITHM: "The training code failed.",
    FailureCause.CLIENT: "SageMaker found a mistake in the request or in its data.",
    FailureCause.MEMORY: "The job ran out of memory.",
    FailureCause.DISK: "The job ran out of disk space.",
    FailureCause.STOPPED: "Somebody stopped the job.",
    FailureCause.ENFORCED: "A rule stopped the job.",
    FailureCause.UNKNOWN: "The job failed for an unknown reason.",
    MoveCause.DEADLINE: "The job is moved to keep its deadline.",
    MoveCause.INTERRUPTIONS: "The job was interrupted more often than the policy allows.",
    MoveCause.RETURN: "Spot capacity is available again.",
    MoveCause.REPAIR: "The job broke a rule that allows a repair.",
    MoveCause.ASKED: "Somebody requested it.",
    MoveCause.CHANGED_BACK: "The job failed on instances that Spotwarden chose.",
}


def cause_sentence(cause: str) -> str:
    """A cause of failure or of a move, as a sentence. An unknown cause is shown as it is; empty stays empty."""
    try:
        return CAUSES[attempt_cause(cause)]
    except ValueError:
        return sentence(cause)


def sentence(text: str) -> str:
    """A text as one escaped sentence, with a capital and a full stop. A name at its beginning, such as ml.g5.xlarge, is kept."""
    harmless = escaped(text).rstrip(". ")
    begin = harmless[:1] if NAME.match(text) else harmless[:1].upper()
    return f"{begin}{harmless[1:]}." if harmless else ""


REASONS = {
    MoveReason.TRAINS_ON_SPOT: "It trains on spot, and there is time to move it later",
    MoveReason.CAN_WAIT: "There is time to wait for spot capacity",
    MoveReason.SPOT_AWAY: "Spot capacity is not available and time is short; the job can return to spot later",
    MoveReason.LATEST_MOMENT: "Spot may not finish it in time, and a later move to on-demand would miss the deadline",
    MoveReason.SPOT_BACK: "Spot capacity is available again, and there is time to return to on-demand if it is lost",
    MoveReason.TRAINS_ON_DEMAND: "It trains on-demand",
    MoveReason.INTERRUPTIONS: "It was interrupted more often than the policy allows",
    MoveReason.NEARLY_DONE: "A move would destroy more training than is left",
    MoveReason.NO_CAPACITY: "The new place had no capacity, so the job continues where it was",
}


def reason(why: str) -> str:
    """The reason for an action, without a full stop: a MoveReason, a person's request, or the names of rules."""
    if why in set(MoveReason):
        return REASONS[MoveReason(why)]
    if why.startswith(ASKED_BY):
        return f"Requested by {person(why.removeprefix(ASKED_BY))}"
    who, _, rest = why.partition(" ")
    if rest == "asked for it":  # stored before reasons had values
        return f"Requested by {person(who)}"
    return escaped(why)


def move_reason(move: MoveFacts) -> str:
    """Why a job moves, as a sentence."""
    if move.reason == MoveReason.INTERRUPTIONS:
        return f"{count(move.interruptions, 'interruption')} within {span(move.within_s)}; the policy allows {move.limit}."
    return f"{reason(move.reason)}."


def finish_by(move: MoveFacts) -> str:
    """The deadline of a moved job, as a sentence; empty without one."""
    return f"Deadline: {when(move.deadline)}." if move.deadline else ""


def how_far(proven_s: int | None, expected_s: int | None) -> str:
    """How much training checkpoints prove (seconds), of the expected training; empty if the prefix could not be scanned."""
    if proven_s is None:
        return ""
    of = f" of about {span(expected_s)}" if expected_s else ""
    return f"Checkpoints prove {span(proven_s)} of training{of}." if proven_s else f"No checkpoint proves any training{of}."


def money(micros: int) -> str:
    """An amount in millionths of a dollar, as dollars."""
    return dollars(micros)


def with_cost(text: MessageText, job: JobFacts, cost: CostFacts | None, *, stops: bool) -> MessageText:
    """The text with a line about the cost, before the line about what a person can do. ``stops``: the job is being stopped."""
    if cost is None:
        return text
    line = f"{COST}{_cost_so_far(cost) if job.outcome else _cost_while_it_lives(cost, job, stops=stops)}"
    at = next((n for n, other in enumerate(text.lines) if other.startswith(TO_DO)), len(text.lines))
    return replace(text, lines=(*text.lines[:at], line, *text.lines[at:]))


def _cost_so_far(cost: CostFacts) -> str:
    """What the ended attempts cost. Unknown usage is named, never taken as zero."""
    unknown = f"the usage or the price of {count(cost.unknown, 'attempt')} is not known yet"
    if cost.measured and cost.unknown:
        return f"{money(cost.spent_micros)} for {count(cost.measured, 'attempt')}; {unknown}."
    if cost.measured:
        return f"{money(cost.spent_micros)} for {count(cost.measured, 'attempt')} so far."
    return f"{sentence(unknown)}" if cost.unknown else "Nothing so far."


def _cost_while_it_lives(cost: CostFacts, job: JobFacts, *, stops: bool) -> str:
    spent = f"{_cost_so_far(cost)} " if cost.measured or cost.unknown else ""
    if cost.hour_micros is None or cost.most_micros is None:
        return f"{spent}No price is known for {escaped(job.instance_type)}."
    less = ", usually less on spot" if job.spot else ""
    until = "of training until it has stopped" if stops else f"while it trains, {money(cost.most_micros)} at most"
    return f"{spent}Up to {money(cost.hour_micros)} an hour {until}{less}."


def next_cost(micros: int | None) -> str:
    """What the next attempt costs at most, as a sentence; empty if no price is known."""
    return f"The next attempt costs at most {money(micros)}." if micros is not None else ""


def halted(halt: Halt) -> str:
    """A halt on one line of plain text."""
    return f"halted since {halt.since:%Y-%m-%d %H:%M} UTC by {one_line(halt.who, WHO_MAX)}: {one_line(halt.why, WHY_MAX)}"


def halted_text(halt: Halt) -> str:
    """A halt on one line of mrkdwn."""
    return escaped(halted(halt), WHO_MAX + WHY_MAX + 50)
