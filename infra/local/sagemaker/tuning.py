"""Hyperparameter tuning jobs: they start training jobs, a few at a time, and send events."""

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
PART_MAX: Final = 32  # the most characters of the tuning job's name in the names of its training jobs
OBJECTIVE: Final = "_tuning_objective_metric"  # the hyperparameter that SageMaker adds
SHARED: Final = (
    "AlgorithmSpecification", "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "StoppingCondition", "RetryStrategy",
    "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig",
    "Environment",
)  # fmt: skip
"""The members that training jobs copy from their TrainingJobDefinition."""


@dataclass(slots=True)
class Tuner:
    """A tuning job. ``children`` are the names of its training jobs. For ``timer``, see ``timeline.Timed``."""

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
        """The TrainingJobDefinition, or the several TrainingJobDefinitions."""
        one = self.request.get("TrainingJobDefinition")
        return [one] if one else list(self.request.get("TrainingJobDefinitions") or ())

    @property
    def limits(self) -> tuple[int, int]:
        """The most training jobs that run at a time, and the most in all."""
        found = self.request["HyperParameterTuningJobConfig"]["ResourceLimits"]
        return found.get(PARALLEL) or 1, found.get(MOST) or MOST_WITHOUT_LIMIT


@dataclass(frozen=True, slots=True)
class TunerDelivery:
    """An event of a tuning job, which arrives without delay. It can be unpacked as (deliver_at, event)."""

    deliver_at: datetime
    name: str
    event: Answer

    def __iter__(self) -> Iterator[Any]:
        yield self.deliver_at
        yield self.event


class TuningJobs:
    """The tuning jobs of an account. ``launch`` creates a training job for an owner, ``job_of`` finds a training job by name."""

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
        """Handle a change of a training job: if it ended and belongs to a tuning job, the tuning job starts the next one."""
        tuner = self._tuners.get(job.owner.get("TuningJobArn", "").rpartition("/")[2])
        if tuner is not None and tuner.status not in OVER and job.status in OVER:
            self._timeline.set(tuner, (self._timeline.now, self._fill))

    def next_at(self) -> datetime | None:
        """Return when the next event arrives; None without one."""
        return self._arrived[0].deliver_at if self._arrived else None

    def arrived(self) -> list[TunerDelivery]:
        """Remove and return the events that have arrived."""
        found, self._arrived = self._arrived, []
        return found

    def _fill(self, tuner: Tuner) -> None:
        """Start training jobs up to the limits, or complete the tuning job if all have ended."""
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
        """Send an event in the documented form: times are milliseconds as text, tags are a map."""
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
    """The instances of a definition that names several in InstanceConfigs: the first."""
    own = {name: value for name, value in resources.items() if name not in ("InstanceConfigs", "AllocationStrategy")}
    return {**own, **(resources.get("InstanceConfigs") or [{}])[0]}
