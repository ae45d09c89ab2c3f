"""Hyperparameter tuning jobs: their training jobs, which they start a few at a time, and their events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from infra.local.sagemaker import shapes
from infra.local.sagemaker.description import copy
from infra.local.sagemaker.errors import MISSING, ApiError, invalid
from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.random_streams import random_stream
from infra.local.sagemaker.timeline import Timeline

Answer = dict[str, Any]

OVER: Final = frozenset({"Completed", "Failed", "Stopped"})
PARALLEL, MOST = "MaxParallelTrainingJobs", "MaxNumberOfTrainingJobs"
MOST_WITHOUT_LIMIT: Final = 10
PART_MAX: Final = 32  # characters of the tuning job's name in the names of its training jobs
OBJECTIVE: Final = "_tuning_objective_metric"  # the hyperparameter that the service adds
SHARED: Final = (
    "AlgorithmSpecification", "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "StoppingCondition", "RetryStrategy",
    "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig",
    "Environment",
)  # fmt: skip
"""The members of a definition that its training jobs have as well."""


@dataclass(slots=True)
class Tuner:
    """A tuning job. ``timer`` is that of the timeline."""

    request: Answer
    arn: str
    created_at: datetime
    modified_at: datetime
    tags: dict[str, str]
    status: str = "InProgress"
    ended_at: datetime | None = None
    children: list[str] = field(default_factory=list)
    timer: int = 0

    @property
    def name(self) -> str:
        name: str = self.request["HyperParameterTuningJobName"]
        return name

    @property
    def definitions(self) -> list[Answer]:
        one = self.request.get("TrainingJobDefinition")
        return [one] if one else list(self.request.get("TrainingJobDefinitions") or ())

    @property
    def limits(self) -> tuple[int, int]:
        """How many training jobs it starts at once, and at most."""
        found = self.request["HyperParameterTuningJobConfig"]["ResourceLimits"]
        return found.get(PARALLEL) or 1, found.get(MOST) or MOST_WITHOUT_LIMIT


@dataclass(frozen=True, slots=True)
class TunerDelivery:
    """An event of a tuning job, which arrives at once; iterates as (deliver_at, event)."""

    deliver_at: datetime
    name: str
    event: Answer

    def __iter__(self) -> Iterator[Any]:
        yield self.deliver_at
        yield self.event


class TuningJobs:
    """The tuning jobs of an account. ``launch`` creates a training job with an owner, ``job_of`` finds one."""

    def __init__(
        self,
        timeline: Timeline,
        account: str,
        region: str,
        launch: Callable[..., str],
        job_of: Callable[[str], TrainingJob | None],
    ) -> None:
        self._timeline, self._account, self._region = timeline, account, region
        self._launch, self._job_of = launch, job_of
        self._tuners: dict[str, Tuner] = {}
        self._arrived: list[TunerDelivery] = []
        self._sent = 0

    def create(self, request: Answer) -> Answer:
        """Answer CreateHyperParameterTuningJob."""
        shapes.check("CreateHyperParameterTuningJob", request)
        name = request["HyperParameterTuningJobName"]
        if bool(request.get("TrainingJobDefinition")) == bool(request.get("TrainingJobDefinitions")):
            raise invalid("You must specify exactly one of TrainingJobDefinition and TrainingJobDefinitions.")
        arn = f"arn:aws:sagemaker:{self._region}:{self._account}:hyper-parameter-tuning-job/{name}"
        if name in self._tuners:
            raise ApiError("ResourceInUse", f"Hyperparameter tuning job names must be unique, and {arn} already exists.")
        now, tags = self._timeline.now, {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
        tuner = self._tuners[name] = Tuner(copy(request), arn, now, now, tags)
        self._send(tuner)
        self._timeline.set(tuner, (now, self._fill))
        return {"HyperParameterTuningJobArn": arn}

    def describe(self, name: str) -> Answer:
        """Answer DescribeHyperParameterTuningJob."""
        if name not in self._tuners:
            raise ApiError("ResourceNotFound", MISSING)
        return self._described(self._tuners[name])

    def tags(self, arn: str) -> dict[str, str] | None:
        """The tags of a tuning job by its ARN; None for any other ARN."""
        return next((tuner.tags for tuner in self._tuners.values() if tuner.arn == arn), None)

    def changed(self, job: TrainingJob) -> None:
        """Note that a training job changed: a tuning job starts the next one where one of its own ended."""
        tuner = self._tuners.get(job.owner.get("TuningJobArn", "").rpartition("/")[2])
        if tuner is not None and tuner.status not in OVER and job.status in OVER:
            self._timeline.set(tuner, (self._timeline.now, self._fill))

    def next_at(self) -> datetime | None:
        """When the next event arrives."""
        return self._arrived[0].deliver_at if self._arrived else None

    def arrived(self) -> list[TunerDelivery]:
        """Take the events that have arrived."""
        found, self._arrived = self._arrived, []
        return found

    def _fill(self, tuner: Tuner) -> None:
        """Start training jobs up to the limits; end where all have ended."""
        parallel, most = tuner.limits
        while len(tuner.children) < most and self._counters(tuner)["InProgress"] < parallel:
            tuner.children.append(self._start(tuner))
        tuner.modified_at = self._timeline.now
        if self._counters(tuner)["InProgress"] == 0:
            tuner.status, tuner.ended_at = "Completed", self._timeline.now
            self._send(tuner)

    def _start(self, tuner: Tuner) -> str:
        number = len(tuner.children)
        definition = tuner.definitions[number % len(tuner.definitions)]
        mark = random_stream(tuner.arn, number).getrandbits(32)
        resources = definition.get("ResourceConfig") or _chosen(definition.get("HyperParameterTuningResourceConfig") or {})
        request: Answer = {name: copy(definition[name]) for name in SHARED if name in definition}
        request |= {
            "TrainingJobName": f"{tuner.name[:PART_MAX]}-{number + 1:03d}-{mark:08x}",
            "ResourceConfig": copy(resources),
            "HyperParameters": {**(definition.get("StaticHyperParameters") or {}), OBJECTIVE: _objective(tuner, definition)},
            "Tags": [{"Key": key, "Value": value} for key, value in tuner.tags.items()],
        }
        request["AlgorithmSpecification"].pop("MetricDefinitions", None)
        return self._launch(request, owner={"TuningJobArn": tuner.arn})

    def _counters(self, tuner: Tuner) -> dict[str, int]:
        shown = [job.status if (job := self._job_of(name)) else "Stopped" for name in tuner.children]
        alive = sum(status not in OVER for status in shown)
        return {
            "Completed": shown.count("Completed"), "InProgress": alive, "RetryableError": 0,
            "NonRetryableError": shown.count("Failed"), "Stopped": shown.count("Stopped"),
        }  # fmt: skip

    def _described(self, tuner: Tuner) -> Answer:
        counters = self._counters(tuner)
        answer: Answer = {name: copy(value) for name, value in tuner.request.items() if name != "Tags"}
        answer |= {
            "HyperParameterTuningJobArn": tuner.arn,
            "HyperParameterTuningJobStatus": tuner.status,
            "CreationTime": tuner.created_at,
            "LastModifiedTime": tuner.modified_at,
            "TrainingJobStatusCounters": counters,
            "ObjectiveStatusCounters": {
                "Succeeded": counters["Completed"], "Pending": counters["InProgress"], "Failed": counters["NonRetryableError"]
            },
        }  # fmt: skip
        return answer | ({"HyperParameterTuningEndTime": tuner.ended_at} if tuner.ended_at else {})

    def _send(self, tuner: Tuner) -> None:
        """Send the event of a change, in the documented shape: times are milliseconds as text, tags are a map."""
        self._sent += 1
        now, body = self._timeline.now, self._described(tuner)
        times = {name: str(round(at.timestamp() * 1000)) for name, at in body.items() if isinstance(at, datetime)}
        event = {
            "version": "0",
            "id": f"00000000-0000-4000-8000-{self._sent:012x}",
            "detail-type": "SageMaker HyperParameter Tuning Job State Change",
            "source": "aws.sagemaker",
            "account": self._account,
            "time": f"{now.isoformat()[:19]}Z",
            "region": self._region,
            "resources": [tuner.arn],
            "detail": {**body, **times, "Tags": dict(tuner.tags)},
        }
        self._arrived.append(TunerDelivery(now, tuner.name, event))


def _objective(tuner: Tuner, definition: Mapping[str, Any]) -> str:
    whole = tuner.request["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective") or {}
    metric: str = (definition.get("TuningObjective") or whole).get("MetricName", "objective")
    return metric


def _chosen(resources: Mapping[str, Any]) -> Answer:
    """The instances of a definition that leaves the choice among several to the service: the first."""
    own = {name: value for name, value in resources.items() if name not in ("InstanceConfigs", "AllocationStrategy")}
    return {**own, **(resources.get("InstanceConfigs") or [{}])[0]}
