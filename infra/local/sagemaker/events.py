"""The events that SageMaker sends to EventBridge, in every form that was documented or seen, and their unreliable delivery.

Events contain no EnableManagedSpotTraining, CheckpointConfig, MaxWaitTimeInSeconds, RetryStrategy or usage, because no documented
form does.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from infra.local.sagemaker.faults import Faults
from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.settings import WorldSettings

Event = dict[str, Any]

COPIED: Final = ("HyperParameters", "AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig")
TIMES: Final = ("number", "digits", "iso")
TAGS: Final = ("map", "list")
ABSENT: Final = ("null", "missing")


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The state of a job at a change of its status, as its event reports it. ``lines`` is the number of its transitions."""

    job: TrainingJob
    at: datetime
    status: str
    secondary: str
    started_at: datetime | None
    ended_at: datetime | None
    failure: str | None
    tags: dict[str, str]
    lines: int
    message: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event and the time at which it arrives at the bus. It can be unpacked as (deliver_at, event).

    ``event`` is built only when it is read, because simulations need only ``name`` of most events. ``bits`` are random: they
    decide the event's id and form.
    """

    deliver_at: datetime
    change: StatusChange
    bits: int
    queue: EventQueue

    @property
    def name(self) -> str:
        """The name of the job that changed."""
        return self.change.job.name

    @property
    def event(self) -> Event:
        """The EventBridge event, a new one each time. Do not change it: parts of the job's request are shared."""
        return self.queue.envelope(self.change, self.bits)

    def __iter__(self) -> Iterator[Any]:
        yield self.deliver_at
        yield self.event


class EventQueue:
    """Events on their way to the bus: each may be lost, duplicated, late or reordered (see ``faults``)."""

    def __init__(self, faults: Faults, settings: WorldSettings, account: str, region: str) -> None:
        self.sent = self.lost = self.duplicated = 0  # events in all, those never delivered, those delivered twice
        self._faults, self._settings, self._account, self._region = faults, settings, account, region
        self._heap: list[tuple[datetime, int, Delivery]] = []

    def next_at(self) -> datetime | None:
        """Return when the next event arrives; None without one."""
        return self._heap[0][0] if self._heap else None

    def send(self, job: TrainingJob, now: datetime) -> None:
        """Send an event about the job's current status, with the faults that are drawn."""
        if job.secondary == "Interrupted" and not self._settings.interrupted_sends_event:
            return
        self.sent += 1
        lines = job.transitions
        change = StatusChange(
            job, now, job.status, job.secondary, job.started_at, job.ended_at, job.failure, job.tags, len(lines),
            lines[-1].message,
        )  # fmt: skip
        copies = 0
        for delay, bits in self._faults.event_copies():
            delivery = Delivery(now + delay, change, bits, self)
            heapq.heappush(self._heap, (delivery.deliver_at, 2 * self.sent + copies, delivery))
            copies += 1
        self.lost += copies == 0
        self.duplicated += copies == 2

    def arrived(self, now: datetime) -> list[Delivery]:
        """Remove and return the events that have arrived by now, in order of arrival."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        return due

    def envelope(self, change: StatusChange, bits: int) -> Event:
        """Build the EventBridge event. Each copy of an event has its own id, made of ``bits``."""
        text = f"{bits:032x}"
        return {
            "version": "0",
            "id": f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}",
            "detail-type": "SageMaker Training Job State Change",
            "source": "aws.sagemaker",
            "account": self._account,
            "time": f"{change.at.isoformat()[:19]}Z",
            "region": self._region,
            "resources": [change.job.arn],
            "detail": detail(change, self._settings, bits),
        }


def detail(change: StatusChange, settings: WorldSettings, bits: int = 0) -> Event:
    """Build an event's detail. The settings decide the form of times, tags and absent values; if "mixed", ``bits`` do."""
    job, request = change.job, change.job.request
    times_as = TIMES[bits % 3] if settings.times_as == "mixed" else settings.times_as
    tags_as = TAGS[bits // 3 % 2] if settings.tags_as == "mixed" else settings.tags_as
    absent_as = ABSENT[bits // 6 % 2] if settings.absent_as == "mixed" else settings.absent_as
    stopping = request.get("StoppingCondition") or {}
    lines = [
        {"Status": line.status, "StartTime": _time(line.started_at, times_as), "StatusMessage": line.message}
        for line in job.transitions[: change.lines]
    ]
    lines[-1]["StatusMessage"] = change.message
    body: Event = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": change.status,
        "SecondaryStatus": change.secondary,
        **{name: request.get(name, {}) for name in COPIED},
        "InputDataConfig": request.get("InputDataConfig", []),
        "VpcConfig": request.get("VpcConfig", {}),
        "StoppingCondition": {name: stopping[name] for name in ("MaxRuntimeInSeconds",) if name in stopping},
        "CreationTime": _time(job.created_at, times_as),
        "LastModifiedTime": _time(change.at, times_as),
        "SecondaryStatusTransitions": lines,
        "Tags": dict(change.tags) if tags_as == "map" else [{"Key": key, "Value": change.tags[key]} for key in change.tags],
    }
    if "TuningJobArn" in job.owner:
        body["TuningJobArn"] = job.owner["TuningJobArn"]
    optional = {
        "FailureReason": change.failure,
        "TrainingStartTime": _time(change.started_at, times_as),
        "TrainingEndTime": _time(change.ended_at, times_as),
    }
    for name, value in optional.items():
        if value is not None or absent_as == "null":
            body[name] = value
    return body


def ec2_event(kind: str, instance_id: str, at: datetime, *, account: str, region: str, event_id: str) -> Event:
    """Build an EC2 spot event ("EC2 Spot Instance Interruption Warning" or "EC2 Instance Rebalance Recommendation").

    The world never sends one: no source states that managed spot training causes these events, and they name no training job.
    """
    body = {"instance-id": instance_id}
    if kind == "EC2 Spot Instance Interruption Warning":
        body["instance-action"] = "terminate"
    return {
        "version": "0",
        "id": event_id,
        "detail-type": kind,
        "source": "aws.ec2",
        "account": account,
        "time": f"{at.isoformat()[:19]}Z",
        "region": region,
        "resources": [f"arn:aws:ec2:{region}:{account}:instance/{instance_id}"],
        "detail": body,
    }


def _time(at: datetime | None, times_as: str) -> int | str | None:
    if at is None:
        return None
    if times_as == "iso":
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    epoch_ms = round(at.timestamp() * 1000)
    return str(epoch_ms) if times_as == "digits" else epoch_ms
