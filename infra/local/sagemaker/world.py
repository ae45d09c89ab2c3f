"""The SageMaker of this machine: the operations of the API, and a virtual clock that its host moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from infra.local.sagemaker import request as rules
from infra.local.sagemaker import shapes
from infra.local.sagemaker.builtin import Builtin, ImageClassifier, classify_image
from infra.local.sagemaker.capacity import Capacity, CapacityOf, capacity_from
from infra.local.sagemaker.checkpoints import Checkpoints, Saved
from infra.local.sagemaker.description import copy, describe, describe_algorithm
from infra.local.sagemaker.errors import MISSING, NAME_TAKEN, NOT_IN_PROGRESS, ApiError, invalid
from infra.local.sagemaker.events import Delivery, EventQueue
from infra.local.sagemaker.faults import Faults
from infra.local.sagemaker.job import TrainingJob, completed, instances
from infra.local.sagemaker.lifecycle import Lifecycle
from infra.local.sagemaker.listing import list_jobs, list_tags
from infra.local.sagemaker.pipelines import Pipelines
from infra.local.sagemaker.random_streams import random_stream
from infra.local.sagemaker.script import Script, read_script
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.timeline import Timeline, aware_ms, to_ms
from infra.local.sagemaker.tuning import TunerDelivery, TuningJobs

Answer = dict[str, Any]

TERMINAL: Final = frozenset({"Completed", "Failed", "Stopped"})
TAGS_MOST: Final = 50


class World:
    """One account in one region. Two worlds with the same seed and the same calls have the same history."""

    def __init__(
        self,
        now: datetime,
        *,
        seed: object = 0,
        settings: WorldSettings | None = None,
        account: str = "111122223333",
        region: str = "us-east-1",
        capacity_of: CapacityOf | Mapping[str, Capacity] | None = None,
        script_for: Callable[[Mapping[str, Any]], Script] = read_script,
        classify: ImageClassifier = classify_image,
        on_checkpoint: Saved | None = None,
    ) -> None:
        """Start at `now` (aware) with no jobs.

        `capacity_of` is the spot supply by instance type: a function, a mapping (other types always have capacity), or None for a
        supply drawn from the seed. `script_for` returns the script of a request. `on_checkpoint(prefix, seconds of work, at)` is
        called for each checkpoint.
        """
        self.settings = settings or WorldSettings()
        self.account, self.region = account, region
        self.pipelines = Pipelines(lag_s=self.settings.pipeline_lag_s)
        self.algorithms: dict[str, str | None] = {}  # ARN -> ProductId; None: not from the Marketplace
        self.denied: set[str] = set()  # operations for which ``call`` raises AccessDeniedException
        streams = {name: random_stream(seed, name) for name in ("events", "calls", "machine")}
        self._faults = Faults(self.settings, events=streams["events"], calls=streams["calls"], jobs=streams["machine"])
        self.events = EventQueue(self._faults, self.settings, account, region)
        self._seed, self._script_for, self._classify_image = seed, script_for, classify
        self._discounts: dict[str, float] = {}
        self._jobs: dict[str, TrainingJob] = {}
        self._began_at = aware_ms(now)
        self._timeline = Timeline(self._began_at)
        self._checkpoints = Checkpoints(on_checkpoint)
        self.tuning = TuningJobs(self._timeline, account, region, self.launch, self._jobs.get)
        self._lifecycle = Lifecycle(
            self._timeline,
            rng=streams["machine"],
            faults=self._faults,
            settings=self.settings,
            capacity_of=capacity_from(capacity_of, seed, self._began_at),
            checkpoints=self._checkpoints,
            on_status_change=self._send_event,
        )

    # The clock and the bus.

    @property
    def now(self) -> datetime:
        """The time of the world's clock. Only `advance_to` moves it."""
        return self._timeline.now

    def next_at(self) -> datetime | None:
        """Return when the next step is due or the next event arrives; None if nothing is scheduled.

        The result is never in the past: if events have arrived that are not drained, it is now.
        """
        moments = [at for at in (self._timeline.next_at(), self.events.next_at(), self.tuning.next_at()) if at]
        return max(min(moments), self.now) if moments else None

    def advance_to(self, at: datetime) -> None:
        """Move the clock to a time, and run all steps that are due. Raises ValueError for a time in the past."""
        moment = aware_ms(at)
        if moment < self.now:
            raise ValueError(f"the clock cannot go back: it is {self.now.isoformat()}, wanted {at.isoformat()}")
        self._timeline.advance_to(moment)

    def drain_events(self) -> list[Delivery | TunerDelivery]:
        """Remove and return the events that have arrived by now, in order of arrival."""
        return [*self.events.arrived(self.now), *self.tuning.arrived()]

    # For tests and the demo. The controller must not use it.

    @property
    def jobs(self) -> Mapping[str, TrainingJob]:
        """Every job that is not deleted, by name."""
        return self._jobs

    @property
    def checkpoints(self) -> dict[str, tuple[float, datetime]]:
        """By checkpoint prefix: the seconds of work that are saved, and when they were saved."""
        return self._checkpoints.held

    def bill(self, name: str) -> tuple[int, int] | None:
        """Return the training and billable seconds of an ended job, also if Describe does not show them; None: never started."""
        return self._jobs[name].usage(self.settings.billable_as)

    def launch(self, request: Answer, *, owner: Mapping[str, str] | None = None, script: Script | None = None) -> str:
        """Create a job as another AWS service does, and return its name. `owner` has its TuningJobArn, AutoMLJobArn or
        LabelingJobArn. With a PipelineExecutionArn in `owner`, the job is a step of that execution; its description does not
        show that.
        """
        members = dict(owner or {})
        execution = members.pop("PipelineExecutionArn", None)
        job = self._create(request, members, script)
        if execution is not None:
            self.pipelines.add_step(execution, job.arn, self.now)
        return job.name

    def add_past(self, request: Answer, *, created_at: datetime, ended_at: datetime) -> str:
        """Add a job that completed in the past, such as years ago, and return its name."""
        arn = self._arn("training-job", request["TrainingJobName"])
        job = completed(request, self._script_for(request), arn, aware_ms(created_at), aware_ms(ended_at))
        self._jobs[job.name] = job
        return job.name

    def add_algorithm(self, name: str, *, product_id: str | None = None) -> str:
        """Add an algorithm resource, and return its ARN. An algorithm with a product id is from the Marketplace."""
        arn = self._algorithm_arn(name)
        self.algorithms[arn] = product_id
        return arn

    # The API.

    def create_training_job(self, request: Answer) -> Answer:
        """Answer CreateTrainingJob."""
        return {"TrainingJobArn": self._create(request, {}, None).arn}

    def describe_training_job(self, name: str) -> Answer:
        """Answer DescribeTrainingJob."""
        return describe(self._find(name), self.now, self.settings)

    def stop_training_job(self, name: str) -> Answer:
        """Answer StopTrainingJob."""
        job = self._find(name)
        if job.status != "InProgress" or job.deleting:
            raise invalid(NOT_IN_PROGRESS.format(status=job.status))
        self._lifecycle.stop(job)
        return {}

    def delete_training_job(self, name: str) -> Answer:
        """Answer DeleteTrainingJob. Only ended jobs can be deleted. Their names can be used again."""
        job = self._find(name)
        if job.status not in TERMINAL or job.deleting:
            raise ApiError("ResourceInUse", f"Training job {job.arn} is in status {job.status} and cannot be deleted.")
        if self.settings.deleting_s:
            job.deleting = True
            self._timeline.set(job, (to_ms(self.now + timedelta(seconds=self.settings.deleting_s)), self._forget))
        else:
            self._forget(job)
        return {}

    def list_training_jobs(self, **asked: Any) -> Answer:
        """Answer ListTrainingJobs."""
        shapes.check("ListTrainingJobs", asked)
        return list_jobs(self._jobs.values(), **asked)

    def list_tags(self, ResourceArn: str, NextToken: str | None = None, MaxResults: int = 50) -> Answer:  # noqa: N803 - as boto3 spells them
        """Answer ListTags for a training job or a tuning job."""
        shown = self.tuning.tags(ResourceArn)
        if shown is None:
            job = self._by_arn(ResourceArn)
            shown = job.tags if self.now >= job.created_at + timedelta(seconds=self.settings.tags_lag_s) else {}
        return list_tags(shown, NextToken, min(MaxResults, self.settings.tags_per_page))

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> Answer:  # noqa: N803 - as boto3 spells them
        """Answer AddTags: new values replace old ones."""
        rules.check_tags(Tags, self.settings)
        job = self._by_arn(ResourceArn)
        merged = job.tags | {tag["Key"]: tag["Value"] for tag in Tags}
        if len(merged) > TAGS_MOST:
            raise invalid(f"A resource can have at most {TAGS_MOST} tags, found {len(merged)}.")
        job.tags = merged
        return {"Tags": [{"Key": key, "Value": value} for key, value in merged.items()]}

    def delete_tags(self, ResourceArn: str, TagKeys: list[str]) -> Answer:  # noqa: N803 - as boto3 spells them
        """Answer DeleteTags: a key that the job does not have is ignored."""
        job = self._by_arn(ResourceArn)
        job.tags = {key: value for key, value in job.tags.items() if key not in TagKeys}
        return {}

    def list_pipeline_execution_steps(self, **asked: Any) -> Answer:
        """Answer ListPipelineExecutionSteps."""
        return self.pipelines.list_steps(self.now, **asked)

    def describe_algorithm(self, name: str) -> Answer:
        """Answer DescribeAlgorithm. Only algorithms from the Marketplace have a ProductId."""
        arn = self._algorithm_arn(name)
        if arn not in self.algorithms:
            raise invalid(f"Algorithm {arn} does not exist.")
        return describe_algorithm(arn, self.algorithms[arn], self._began_at)

    def call(self, operation: str, request: Answer) -> Answer:
        """Answer an operation by its name in the API, for `Client` and the server. Raises ApiError."""
        answer = ANSWERS.get(operation)
        if answer is None:
            raise ApiError("UnknownOperationException", f"This SageMaker does not have the operation {operation}.", 400)
        if operation in self.denied:
            raise ApiError("AccessDeniedException", f"User is not authorized to perform: sagemaker:{operation}")
        if self._faults.throttles():
            raise ApiError("ThrottlingException", "Rate exceeded")
        if operation != "CreateTrainingJob":  # CreateTrainingJob checks itself
            shapes.check(operation, request)
        return answer(self, request)

    def _create(self, request: Answer, owner: dict[str, str], script: Script | None) -> TrainingJob:
        rules.validate(request, self.settings, self._classify)
        name = request["TrainingJobName"]
        if taken := self._jobs.get(name):
            raise ApiError(self.settings.taken_name_code, NAME_TAKEN.format(arn=taken.arn))
        rules.check_quota(request, self.settings, self._in_use)
        algorithm = request.get("AlgorithmSpecification") or {}
        if algorithm.get("AlgorithmName") and self._algorithm_arn(algorithm["AlgorithmName"]) not in self.algorithms:
            raise invalid(f"Algorithm {self._algorithm_arn(algorithm['AlgorithmName'])} does not exist.")
        request = copy(request)
        job = TrainingJob(
            request=request,
            script=script or self._script_for(request),
            arn=self._arn("training-job", name),
            created_at=self.now,
            modified_at=self.now,
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", [])},
            owner=owner,
            builtin=self._classify_image(algorithm.get("TrainingImage") or "") is not Builtin.OTHER,
            discount=self._discount(instances(request)[0]),
            retries_left=(request.get("RetryStrategy") or {}).get("MaximumRetryAttempts", 0),
        )
        self._jobs[name] = job
        self._lifecycle.admit(job)
        return job

    def _classify(self, image_or_algorithm: str) -> Builtin:
        if ".dkr." in image_or_algorithm:
            return self._classify_image(image_or_algorithm)
        marketplace = self.algorithms.get(self._algorithm_arn(image_or_algorithm))  # these may not write checkpoints
        return Builtin.INCAPABLE if marketplace else Builtin.OTHER

    def _send_event(self, job: TrainingJob) -> None:
        if job.status in TERMINAL:
            self.pipelines.job_ended(job.arn, self.now)
        self.events.send(job, self.now)
        self.tuning.changed(job)

    def _forget(self, job: TrainingJob) -> None:
        del self._jobs[job.name]

    def _find(self, name: str) -> TrainingJob:
        job = self._jobs.get(name)
        if job is None:
            raise invalid(MISSING)
        return job

    def _by_arn(self, arn: str) -> TrainingJob:
        name = arn.rpartition("/")[2]
        if arn != self._arn("training-job", name):
            raise invalid(MISSING)
        return self._find(name)

    def _in_use(self, kind: str, spot: bool) -> int:
        live = (job for job in self._jobs.values() if job.status not in TERMINAL and job.spot is spot)
        return sum(count for of, count in (job.pool for job in live) if not kind or of == kind)

    def _discount(self, kind: str) -> float:
        if kind not in self._discounts:
            drawn = random_stream(self._seed, "discount", kind).uniform(*self.settings.discount)
            self._discounts[kind] = self.settings.discounts.get(kind, drawn)
        return self._discounts[kind]

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name}"

    def _algorithm_arn(self, name: str) -> str:
        return name if name.startswith("arn:") else self._arn("algorithm", name)


ANSWERS: Final[Mapping[str, Callable[[World, Answer], Answer]]] = {
    "CreateTrainingJob": World.create_training_job,
    "DescribeTrainingJob": lambda world, request: world.describe_training_job(request["TrainingJobName"]),
    "StopTrainingJob": lambda world, request: world.stop_training_job(request["TrainingJobName"]),
    "DeleteTrainingJob": lambda world, request: world.delete_training_job(request["TrainingJobName"]),
    "ListTrainingJobs": lambda world, request: world.list_training_jobs(**request),
    "ListTags": lambda world, request: world.list_tags(**request),
    "AddTags": lambda world, request: world.add_tags(**request),
    "DeleteTags": lambda world, request: world.delete_tags(**request),
    "ListPipelineExecutionSteps": lambda world, request: world.list_pipeline_execution_steps(**request),
    "DescribeAlgorithm": lambda world, request: world.describe_algorithm(request["AlgorithmName"]),
    "CreateHyperParameterTuningJob": lambda world, request: world.tuning.create(request),
    "DescribeHyperParameterTuningJob": lambda world, request: world.tuning.describe(request["HyperParameterTuningJobName"]),
}
"""The operations by their names in the API."""
