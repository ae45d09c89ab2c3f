"""A training job as SageMaker stores it, and its bill."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from infra.local.sagemaker.phase import Phase
from infra.local.sagemaker.script import Script
from infra.local.sagemaker.timeline import to_ms

LOST_WITHIN = timedelta(hours=1)
DEFAULT_RUNTIME_S = 86_400

MESSAGES = {
    "Starting": "Starting the training job",
    "Pending": "Waiting for compute capacity",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "Training job interrupted: the managed spot training instances were reclaimed",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


@dataclass(slots=True)
class Transition:
    """One line of SecondaryStatusTransitions."""

    status: str
    started_at: datetime
    message: str
    ended_at: datetime | None = None


@dataclass(slots=True)
class Run:
    """A time in which the job has instances: from the download to an interruption or to the end.

    ``restored_s`` are the seconds of work that it restored from a checkpoint.
    """

    started_at: datetime
    trained_at: datetime | None = None
    ended_at: datetime | None = None
    restored_s: float = 0
    interrupted: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class TrainingJob:
    """A job: its request, the script of its container, and what happened so far.

    ``owner`` has the members of a description that name an owner, such as TuningJobArn. ``builtin``: whether its image is a
    built-in algorithm. ``discount`` is the discount of spot on the on-demand price (0 to 1).
    """

    request: dict[str, Any]
    script: Script
    arn: str
    created_at: datetime
    tags: dict[str, str]
    owner: dict[str, str]
    builtin: bool
    discount: float
    modified_at: datetime
    phase: Phase = Phase.WAITING
    status: str = "InProgress"
    secondary: str = "Starting"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    deleting: bool = False
    failure: str | None = None
    transitions: list[Transition] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    retries_left: int = 0
    timer: int = 0  # as in timeline.Timed

    @property
    def name(self) -> str:
        """The job's name, which no other job has that is not deleted."""
        return str(self.request["TrainingJobName"])

    @property
    def shown_status(self) -> str:
        """TrainingJobStatus as the API shows it."""
        return "Deleting" if self.deleting else self.status

    @property
    def spot(self) -> bool:
        """Whether the job uses managed spot training."""
        return bool(self.request.get("EnableManagedSpotTraining"))

    @property
    def pool(self) -> tuple[str, int]:
        """The instance type and the number of instances."""
        return instances(self.request)

    @property
    def prefix(self) -> str | None:
        """The S3 prefix of the job's checkpoints; None without a CheckpointConfig."""
        config = self.request.get("CheckpointConfig")
        return str(config["S3Uri"]).rstrip("/") if config else None

    @property
    def wait_ends_at(self) -> datetime | None:
        """When MaxWaitTimeInSeconds ends, which includes waiting and running; None for a job without this limit."""
        wait_s = self.limit("MaxWaitTimeInSeconds")
        return self.created_at + timedelta(seconds=wait_s) if self.spot and wait_s else None

    @property
    def runtime_left(self) -> timedelta:
        """The rest of MaxRuntimeInSeconds, which limits the time on instances over all restarts and retries."""
        limit = timedelta(seconds=self.limit("MaxRuntimeInSeconds") or DEFAULT_RUNTIME_S)
        return limit - sum((run.ended_at - run.started_at for run in self.runs if run.ended_at), timedelta())

    @property
    def work_done_at(self) -> datetime | None:
        """When the current run completes the remaining work; None if no container is running."""
        if not self.runs or (trained_at := self.runs[-1].trained_at) is None:
            return None
        return to_ms(trained_at + timedelta(seconds=max(self.script.work_s - self.runs[-1].restored_s, 1)))

    def enter(self, at: datetime, status: str, secondary: str) -> None:
        """Change the status, and record the transition."""
        if self.transitions:
            self.transitions[-1].ended_at = at
        self.status, self.secondary, self.modified_at = status, secondary, at
        self.transitions.append(Transition(secondary, at, MESSAGES.get(secondary, secondary)))

    def close_run(self, at: datetime, *, interrupted: bool = False) -> None:
        """End the current interval on instances, if there is one."""
        if self.runs and self.runs[-1].ended_at is None:
            self.runs[-1].ended_at, self.runs[-1].interrupted = at, interrupted

    def limit(self, name: str) -> int | None:
        """Read a member of StoppingCondition."""
        return (self.request.get("StoppingCondition") or {}).get(name)

    def usage(self, billable_as: str) -> tuple[int, int] | None:
        """Return the training and the billable seconds of an ended job; None if it never had an instance.

        On-demand, both are the time from TrainingStartTime to TrainingEndTime. On spot, the training time is the first download
        and each training interval, except intervals that were interrupted within their first hour. The billable time is the
        training time reduced by the discount; with ``billable_as`` "wall-clock", it is the time from start to end.
        """
        if not self.runs or self.started_at is None or self.ended_at is None:
            return None
        wall = self.ended_at - self.started_at
        if not self.spot:
            return _seconds(wall), _seconds(wall)
        first = self.runs[0]
        training = (first.trained_at or first.ended_at or self.ended_at) - first.started_at
        for run in self.runs:
            ended_at = run.ended_at or self.ended_at
            if run.trained_at and not (run.interrupted and ended_at - run.started_at < LOST_WITHIN):
                training += ended_at - run.trained_at
        billable = wall if billable_as == "wall-clock" else training * (1 - self.discount)
        return _seconds(training), _seconds(billable)


def completed(request: dict[str, Any], script: Script, arn: str, created_at: datetime, ended_at: datetime) -> TrainingJob:
    """Return a job that trained from its creation to its end, and completed."""
    job = TrainingJob(
        request=request, script=script, arn=arn, created_at=created_at, modified_at=created_at,
        tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}, owner={}, builtin=False, discount=0.5,
        phase=Phase.ENDED, started_at=created_at, ended_at=ended_at,
    )  # fmt: skip
    job.runs.append(Run(created_at, trained_at=created_at, ended_at=ended_at))
    job.enter(created_at, "InProgress", "Starting")
    job.enter(created_at, "InProgress", "Training")
    job.enter(ended_at, "Completed", "Completed")
    return job


def instances(request: dict[str, Any]) -> tuple[str, int]:
    """Return the instance type and the number of instances of a request: of InstanceGroups, the first type and the sum; of
    InstancePreferences, the first.
    """
    resources = request.get("ResourceConfig") or {}
    if groups := resources.get("InstanceGroups"):
        return groups[0]["InstanceType"], sum(group["InstanceCount"] for group in groups)
    first = (resources.get("InstancePreferences") or [resources])[0]
    return first.get("InstanceType", "serverless"), first.get("InstanceCount", 1)


def _seconds(length: timedelta) -> int:
    return max(round(length.total_seconds()), 0)
