"""The events that SageMaker sends to EventBridge, in every shape that was documented or seen, and their unreliable delivery.

They carry no spot flag, checkpoint config, MaxWaitTimeInSeconds, retry strategy or usage: no documented shape does.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.settings import Knobs

Event = dict[str, Any]

COPIED: Final = ("HyperParameters", "AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig")
TIMES: Final = ("number", "digits", "iso")
TAGS: Final = ("map", "list")
ABSENT: Final = ("null", "missing")


@dataclass(frozen=True, slots=True)
class Ring:
    """What an event tells of a job, as it was at the moment of the change."""

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
    """An event and the moment at which it reaches the bus; iterates as (deliver_at, event).

    The envelope is written when somebody asks for it: a simulation reads most events for the job's name only.
    """

    deliver_at: datetime
    ring: Ring
    bits: int
    mail: Mail

    @property
    def name(self) -> str:
        """The name of the job that rang."""
        return self.ring.job.name

    @property
    def event(self) -> Event:
        """The EventBridge envelope, a fresh one each time; its parts of the request are shared, do not change them."""
        return self.mail.envelope(self.ring, self.bits)

    def __iter__(self) -> Iterator[Any]:
        yield self.deliver_at
        yield self.event


class Mail:
    """Events on their way: each is lost, doubled, late or shuffled with the probabilities of the knobs."""

    def __init__(self, rng: random.Random, knobs: Knobs, account: str, region: str) -> None:
        self.sent = self.lost = self.doubled = 0  # changes that ring, those never delivered, those delivered twice
        self._rng, self._knobs, self._account, self._region = rng, knobs, account, region
        self._heap: list[tuple[datetime, int, Delivery]] = []

    def next_at(self) -> datetime | None:
        """Say when the next event arrives."""
        return self._heap[0][0] if self._heap else None

    def send(self, job: TrainingJob, now: datetime) -> None:
        """Announce the job's present status."""
        knobs, rng = self._knobs, self._rng
        if job.secondary == "Interrupted" and not knobs.interrupted_rings:
            return
        self.sent += 1
        if rng.random() < knobs.event_lost:
            self.lost += 1
            return
        twice = rng.random() < knobs.event_doubled
        self.doubled += twice
        lines = job.transitions
        ring = Ring(
            job, now, job.status, job.secondary, job.started_at, job.ended_at, job.failure, job.tags, len(lines),
            lines[-1].message,
        )  # fmt: skip
        for copy in range(1 + twice):
            delay_s = rng.uniform(*knobs.event_delay)
            if rng.random() < knobs.event_late:
                delay_s += rng.uniform(*knobs.event_late_by)
            if rng.random() < knobs.event_shuffled:
                delay_s += rng.uniform(*knobs.event_shuffled_by)
            delivery = Delivery(now + timedelta(milliseconds=int(1000 * delay_s)), ring, rng.getrandbits(128), self)
            heapq.heappush(self._heap, (delivery.deliver_at, 2 * self.sent + copy, delivery))

    def arrived(self, now: datetime) -> list[Delivery]:
        """Take what has arrived, in the order of arrival."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        return due

    def envelope(self, ring: Ring, bits: int) -> Event:
        """Write an event; each delivery has an id of its own."""
        text = f"{bits:032x}"
        return {
            "version": "0",
            "id": f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}",
            "detail-type": "SageMaker Training Job State Change",
            "source": "aws.sagemaker",
            "account": self._account,
            "time": f"{ring.at.isoformat()[:19]}Z",
            "region": self._region,
            "resources": [ring.job.arn],
            "detail": detail(ring, self._knobs, bits),
        }


def detail(ring: Ring, knobs: Knobs, bits: int = 0) -> Event:
    """Build an event's detail; the knobs, and where they say "mixed" the bits, choose how times, tags and absent values look."""
    job, request = ring.job, ring.job.request
    times_as = TIMES[bits % 3] if knobs.times_as == "mixed" else knobs.times_as
    tags_as = TAGS[bits // 3 % 2] if knobs.tags_as == "mixed" else knobs.tags_as
    absent_as = ABSENT[bits // 6 % 2] if knobs.absent_as == "mixed" else knobs.absent_as
    stopping = request.get("StoppingCondition") or {}
    lines = [
        {"Status": line.status, "StartTime": _time(line.started_at, times_as), "StatusMessage": line.message}
        for line in job.transitions[: ring.lines]
    ]
    lines[-1]["StatusMessage"] = ring.message
    body: Event = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": ring.status,
        "SecondaryStatus": ring.secondary,
        **{name: request.get(name, {}) for name in COPIED},
        "InputDataConfig": request.get("InputDataConfig", []),
        "VpcConfig": request.get("VpcConfig", {}),
        "StoppingCondition": {name: stopping[name] for name in ("MaxRuntimeInSeconds",) if name in stopping},
        "CreationTime": _time(job.created_at, times_as),
        "LastModifiedTime": _time(ring.at, times_as),
        "SecondaryStatusTransitions": lines,
        "Tags": dict(ring.tags) if tags_as == "map" else [{"Key": key, "Value": ring.tags[key]} for key in ring.tags],
    }
    if "TuningJobArn" in job.owner:
        body["TuningJobArn"] = job.owner["TuningJobArn"]
    optional = {
        "FailureReason": ring.failure,
        "TrainingStartTime": _time(ring.started_at, times_as),
        "TrainingEndTime": _time(ring.ended_at, times_as),
    }
    for name, value in optional.items():
        if value is not None or absent_as == "null":
            body[name] = value
    return body


def ec2_event(kind: str, instance_id: str, at: datetime, *, account: str, region: str, event_id: str) -> Event:
    """Write an EC2 spot event ("EC2 Spot Instance Interruption Warning" or "EC2 Instance Rebalance Recommendation").

    The world never sends one: no source says that managed-spot instances raise them, and none could be joined to a job.
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
