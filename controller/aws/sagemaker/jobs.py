"""Speaks to SageMaker: describes, submits, stops and lists training jobs.

A look that got no answer (throttled, timed out) is Unreachable. One that our role may not take is a mistake of ours, and raised
as AWS said it, as the ledger's are: Lambda tries again, the event ends in the dead-letter queue, the sweep looks again every five
minutes, and the log names the missing action. A Create or Stop that our role may not make is Refused, and people are told.

CreateTrainingJob has no ClientToken: the attempt's deterministic name is the idempotency key. A taken name is ours only when the
job that holds it carries our lineage's id; the ledger has held its Submit since before the call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.aws.sagemaker.confidential import without_values
from controller.aws.sagemaker.documents import DocumentKind, job_of
from controller.aws.sagemaker.repeat_request import request_again, unrepeatable, without_metric_definitions
from controller.decide.ownership import OwnerAnswer
from controller.jobs.job import PROBE_TAG, Job
from controller.jobs.request import as_probe
from controller.ledger.intent import NO_QUOTA, Probe, Submit
from controller.ledger.lineage import LineageId
from controller.ledger.move_cause import MoveCause
from controller.runtime.gather import LINEAGE_TAG
from controller.runtime.ports import Answer, Done, Later, Refused, Unreachable

ATTEMPT_TAG = "spotwarden:attempt"
CAUSE_TAG = "spotwarden:cause"

STOPPING_LOOK_S = 150  # SageMaker's grace of 120 s, and a little for the upload
WIDER = timedelta(seconds=1)  # nobody says whether List's bounds are inclusive
STEP_PAGES_MAX = 10  # of 100 steps each; a pipeline has 50 steps
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})


class SageMakerJobs:
    """The Jobs port over a boto3 ``sagemaker`` client; lists are read to their end."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._products: dict[str, str | None] = {}

    def describe(self, name: str) -> Job | None:
        described = self._described(name)
        if described is None:
            return None
        algorithm_name = (described.get("AlgorithmSpecification") or {}).get("AlgorithmName")
        return job_of(
            described,
            kind=DocumentKind.DESCRIBE,
            tags=self._tags(described["TrainingJobArn"]),
            product_id=self._product_id(algorithm_name) if algorithm_name else None,
            algorithm_described=bool(algorithm_name),
        )

    def submit(self, submit: Submit, lineage: LineageId) -> Answer:
        described = self._described(submit.about)
        reborn = described is not None and submit.born_at not in (None, described["CreationTime"])
        if described is None or reborn or not self._carries(described, lineage):
            return self._whose(submit, lineage) or Refused(f"{submit.about} is gone, and no request is ever guessed")
        tags = self._tags(described["TrainingJobArn"])
        if (why := unrepeatable(described, tags)) is not None:
            return Refused(f"{submit.about} cannot be repeated: {why}")
        marks = {LINEAGE_TAG: str(lineage), ATTEMPT_TAG: str(submit.number), CAUSE_TAG: submit.cause.value}
        changes = json.loads(submit.changes) if submit.changes else {}
        request = request_again(described, tags, name=submit.job, lineage_tags=marks, changes=changes)
        return self._create(request, submit, lineage)

    def probe(self, probe: Probe) -> Answer:
        described = self._described(probe.about)
        if described is None:
            return Refused(f"{probe.about} is gone, and no request is ever guessed")
        tags = self._tags(described["TrainingJobArn"])
        mine = {key: value for key, value in tags.items() if not key.startswith("spotwarden:")}
        request = request_again(described, mine, name=probe.job, lineage_tags={PROBE_TAG: probe.about}, changes=as_probe())
        try:
            self._client.create_training_job(**request)
        except (ClientError, BotoCoreError) as error:
            error.args = (without_values(str(error), request),)  # it may quote the request
            match fault_of(error):
                case AwsFault.NAME_TAKEN:
                    return Done("was there already")
                case AwsFault.THROTTLED:
                    return Later(str(error))
                case AwsFault.UNREACHABLE:
                    raise Unreachable(f"{probe.job}: {error}") from error
                case _:
                    return Refused(str(error))  # no room for one more, or not allowed: then there is no such signal
        return Done("asked")

    def stop(self, name: str) -> Answer:
        described = self._described(name)
        if described is None:
            return Done("gone")
        status, secondary = described["TrainingJobStatus"], described["SecondaryStatus"]
        if status in TERMINAL:
            return Done(f"{status}/{secondary}")
        if status == "Stopping":
            return Later("it is stopping", STOPPING_LOOK_S)
        if secondary == "Uploading":
            return Later("it is uploading its model, which a stop could lose", STOPPING_LOOK_S)
        try:
            self._client.stop_training_job(TrainingJobName=name)
        except (ClientError, BotoCoreError) as error:
            return self._not_stopped(name, error)
        return Later("it was asked to stop", STOPPING_LOOK_S)

    def made_by_pipeline(self, job: Job, execution: str) -> OwnerAnswer:
        asked = {"PipelineExecutionArn": execution, "MaxResults": 100}
        try:
            for _, page in zip(
                range(STEP_PAGES_MAX), self._pages(self._client.list_pipeline_execution_steps, asked), strict=False
            ):
                steps = (step.get("Metadata") or {} for step in page["PipelineExecutionSteps"])
                if any((made.get("TrainingJob") or {}).get("Arn") == job.arn for made in steps):
                    return OwnerAnswer.YES
        except (Unreachable, ClientError, BotoCoreError):  # the job is judged all the same: whoever names an owner chooses it
            return OwnerAnswer.SILENT
        return OwnerAnswer.NO

    def modified(self, since: datetime, until: datetime) -> Iterator[str]:
        page: dict[str, Any] = {
            "LastModifiedTimeAfter": since - WIDER,
            "LastModifiedTimeBefore": until + WIDER,
            "MaxResults": 100,
        }
        for answer in self._pages(self._client.list_training_jobs, page):
            yield from (summary["TrainingJobName"] for summary in answer["TrainingJobSummaries"])

    def _create(self, request: Mapping[str, Any], submit: Submit, lineage: LineageId) -> Answer:
        try:
            self._client.create_training_job(**request)
        except (ClientError, BotoCoreError) as error:
            error.args = (without_values(str(error), request),)  # it may quote the request
            match fault_of(error):
                case AwsFault.NAME_TAKEN:
                    return self._whose(submit, lineage) or Later(f"{submit.job} is taken, and not described yet")
                case AwsFault.METRICS_REFUSED if "MetricDefinitions" in request["AlgorithmSpecification"]:
                    return self._create(without_metric_definitions(dict(request)), submit, lineage)
                case AwsFault.QUOTA if isinstance(submit.cause, MoveCause) and submit.cause.elsewhere:
                    return Refused(str(error))  # it left a place for this one: it goes back there, and waits for no quota
                case AwsFault.QUOTA:
                    return Later(f"{NO_QUOTA}{error}")
                case AwsFault.THROTTLED | AwsFault.PROPAGATING:
                    return Later(str(error))
                case AwsFault.DENIED | AwsFault.INVALID | AwsFault.MISSING | AwsFault.METRICS_REFUSED:
                    return Refused(str(error))
                case AwsFault.UNREACHABLE:
                    raise Unreachable(f"CreateTrainingJob {submit.job}: {error}") from error
                case _:
                    raise
        return Done(f"created for {submit.cause}")

    def _whose(self, submit: Submit, lineage: LineageId) -> Answer | None:
        """Done when the job of that name is our attempt, Refused when it is somebody else's, None when there is none."""
        described = self._described(submit.job)
        if described is None:
            return None
        if self._carries(described, lineage):
            return Done("was there already")
        return Refused(f"another job holds the name {submit.job}")

    def _carries(self, described: Mapping[str, Any], lineage: LineageId) -> bool:
        """Whether a job is of this lineage: its root, in this life of the name, or tagged with its id."""
        if described["TrainingJobName"] == lineage.root:
            return bool(described["CreationTime"] == lineage.created_at)
        return self._tags(described["TrainingJobArn"]).get(LINEAGE_TAG) == str(lineage)

    def _not_stopped(self, name: str, error: ClientError | BotoCoreError) -> Answer:
        match fault_of(error):
            case AwsFault.MISSING:
                return Done("gone")
            case AwsFault.NOT_RUNNING:
                return Later("it ended, or stops, by itself", STOPPING_LOOK_S)
            case AwsFault.THROTTLED:
                return Later(str(error))
            case AwsFault.DENIED | AwsFault.INVALID:
                return Refused(str(error))
            case AwsFault.UNREACHABLE:
                raise Unreachable(f"StopTrainingJob {name}: {error}") from error
            case _:
                raise error

    def _described(self, name: str) -> Mapping[str, Any] | None:
        call = partial(self._client.describe_training_job, TrainingJobName=name)
        described: Mapping[str, Any] | None = self._read(call, f"DescribeTrainingJob {name}")
        return described

    def _tags(self, arn: str) -> dict[str, str]:
        """The job's tags; none for a job that was deleted since it was described."""
        pages = self._pages(self._client.list_tags, {"ResourceArn": arn})
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}

    def _product_id(self, algorithm_name: str) -> str | None:
        """The Marketplace ProductId of an algorithm; asked once per container, as it never changes."""
        if algorithm_name not in self._products:
            call = partial(self._client.describe_algorithm, AlgorithmName=algorithm_name)
            answer = self._read(call, f"DescribeAlgorithm {algorithm_name}") or {}
            self._products[algorithm_name] = answer.get("ProductId")
        return self._products[algorithm_name]

    def _pages(self, call: Callable[..., Any], asked: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Every page of a list: an empty one is normal, as filters apply after paging."""
        token: str | None = None
        while True:
            more = {"NextToken": token} if token else {}
            page = self._read(partial(call, **asked, **more), f"{getattr(call, '__name__', 'list')} {asked}")
            if page is None:
                return
            yield page
            token = page.get("NextToken")
            if not token:
                return

    @staticmethod
    def _read(call: Callable[[], Any], what: str) -> Any:
        """Ask; None for what is missing, Unreachable for what did not answer: unreachable is not gone."""
        try:
            return call()
        except (ClientError, BotoCoreError) as error:
            match fault_of(error):
                case AwsFault.MISSING:
                    return None
                case AwsFault.THROTTLED | AwsFault.UNREACHABLE:
                    raise Unreachable(f"{what}: {error}") from error
                case _:
                    raise
