"""The events that the demo prints while it runs: from the simulated jobs, and from the messages in Slack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from controller.aws.price_lookup import Prices
from controller.units.money import cost_micros, dollars
from infra.local.demo import proof
from infra.local.host import Host
from infra.local.sagemaker.job import TrainingJob
from infra.local.slack.message import Message

MARKUP = re.compile(r"<[^>]*>|:[a-z_]+:|[*`_]")
FINDING = " breaks the rule "


class Kind(StrEnum):
    """What happened. The value is shown on the screen."""

    JUDGED = "judged"
    STOPPED = "stopped"
    SUBMITTED_AGAIN = "submitted again"
    INTERRUPTED = "interrupted"
    NO_CAPACITY = "no capacity"
    FAILED = "failed"
    COMPLETED = "completed"
    SLACK = "Slack"


@dataclass(frozen=True, slots=True)
class Event:
    """One line on the screen: the time in the demo, what happened, and a text that begins with the job's name."""

    at: datetime
    kind: Kind
    text: str


@dataclass(slots=True)
class LiveEvents:
    """Finds new events. ``stopped_by_users`` are the names of the jobs that their users stop."""

    host: Host
    stopped_by_users: frozenset[str]
    _transitions: dict[str, int] = field(default_factory=dict)
    _messages: int = 0
    _prices: Prices = field(default_factory=Prices)

    def new(self) -> list[Event]:
        """Return the events since the last call, ordered by time."""
        return sorted([*self._of_jobs(), *self._of_messages()], key=lambda event: event.at)

    def _of_jobs(self) -> Iterator[Event]:
        for job in self.host.world.jobs.values():
            seen = self._transitions.get(job.name, 0)
            if not seen and proof.is_attempt(job):
                cause = job.tags.get(proof.CAUSE, "unknown")
                text = f"{proof.root_of(job)} as {job.name} (attempt {job.tags[proof.ATTEMPT]}, cause: {cause})"
                yield Event(job.created_at, Kind.SUBMITTED_AGAIN, text)
            for transition in job.transitions[seen:]:
                found = self._described(job, transition.status)
                if found is not None:
                    yield Event(transition.started_at, *found)
            self._transitions[job.name] = len(job.transitions)

    def _described(self, job: TrainingJob, status: str) -> tuple[Kind, str] | None:
        match status:
            case "Interrupted":
                return Kind.INTERRUPTED, f"{job.name} lost its spot instances"
            case "Stopped":
                who = "its user" if job.name in self.stopped_by_users else "the controller"
                return Kind.STOPPED, f"{job.name} by {who}"
            case "MaxWaitTimeExceeded":
                return Kind.NO_CAPACITY, f"{job.name} did not finish within MaxWaitTimeInSeconds"
            case "MaxRuntimeExceeded":
                return Kind.STOPPED, f"{job.name} by SageMaker: it ran longer than MaxRuntimeInSeconds"
            case "Failed":
                return Kind.FAILED, f"{job.name}: {(job.failure or '').partition(chr(10))[0]}"
            case "Completed":
                return Kind.COMPLETED, f"{job.name}{self._cost(job)}"
            case _:
                return None

    def _cost(self, job: TrainingJob) -> str:
        """What an ended job cost, and what it would have cost on-demand, as text; empty if no price is known."""
        instance_type, count = job.pool
        bill, rate = self.host.world.bill(job.name), self._prices.rate(instance_type, self.host.world.region, self.host.clock.at)
        if bill is None or rate is None:
            return ""
        on_demand, paid = (dollars(cost_micros(seconds, count, rate.micros_per_h)) for seconds in bill)
        return f" for {paid} on spot, {on_demand} on demand" if job.spot else f" for {paid} on demand"

    def _of_messages(self) -> Iterator[Event]:
        messages = self.host.slack.messages
        for message in messages[self._messages :]:
            text = _first_line(message)
            is_card = message.thread_ts is None and text.partition(" ")[0] in self.host.world.jobs
            if text and not is_card:
                yield Event(message.posted_at, Kind.JUDGED if FINDING in text else Kind.SLACK, text)
        self._messages = len(messages)


def _first_line(message: Message) -> str:
    return MARKUP.sub("", message.text).strip().partition("\n")[0]
