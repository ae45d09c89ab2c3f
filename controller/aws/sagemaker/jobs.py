"""Calls SageMaker: describes, submits, stops and lists training jobs.

A read without an answer (throttled, timed out) raises Unreachable. A denied read is a mistake in the controller's role, and is
raised with AWS's message. Then Lambda retries, the event ends in the dead-letter queue, and the sweep reads again every five
minutes; the log names the permission. A denied StopTrainingJob is Refused, and people are told. A denied CreateTrainingJob is
Later.

CreateTrainingJob has no ClientToken: the attempt's deterministic name is the idempotency key. The ledger decides whose job has a
taken name (``controller.ledger.lineage.is_sent``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import UNREADABLE, AwsFault, fault_of
from controller.aws.sagemaker.described_members import note_unaccounted, unaccounted
from controller.aws.sagemaker.hide_secrets import without_values
from controller.aws.sagemaker.identity import identity_of, probe_identity_of, work_of
from controller.aws.sagemaker.impossible_values import without_impossible_values
from controller.aws.sagemaker.lone_surrogates import without_lone_surrogates
from controller.aws.sagemaker.ownership import made_by_step
from controller.aws.sagemaker.read_calls import pages_of, read
from controller.aws.sagemaker.read_job import DocumentKind, job_of
from controller.aws.sagemaker.repeat_request import Request, request_again, unrepeatable, without_metric_definitions
from controller.aws.sagemaker.tuning import tuning_job_of
from controller.decide.ownership import OwnerAnswer
from controller.jobs.algorithm import whose_is_said
from controller.jobs.changes import Changes
from controller.jobs.job import PROBE_TAG, Job
from controller.jobs.request import PROBE
from controller.jobs.service_limit import never_fits
from controller.jobs.tuning import TuningJob
from controller.ledger.intent import NEVER_FITS, NO_PERMISSION, NO_QUOTA, Probe, Submit
from controller.ledger.lineage import ATTEMPT_TAG, LINEAGE_TAG
from controller.ledger.lineage_id import LineageId
from controller.ledger.move_cause import MoveCause
from controller.runtime.ports.answers import Answer, Done, Later, PartUnread, Refused, Unreachable
from controller.runtime.ports.aws import CHANGES_FOR, JobPage, ListedJob
from controller.units.value import replace

CAUSE_TAG = "spotwarden:cause"

STOPPING_LOOK_S = 150  # the container's 120 s, and some time for the upload
STEP_PAGES_MAX = 10  # of 100 steps each; a pipeline has 50 steps
EXPLICIT_DENY = "explicit deny"  # in IAM's message where a statement denies, such as one of a service control policy
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})


class SageMakerJobs:
    """The Jobs port over a boto3 ``sagemaker`` client; lists are read to their end.

    ``roles`` are the ARNs of the roles that may be passed to an attempt: a job with any other is never submitted again. ``key``
    keys the hashes of requests; it must be the same in all functions of a stack. ``fields`` are the members of a
    description that expressions of the policy read.
    """

    def __init__(
        self, client: Any, *,
        roles: Collection[str] = (), key: str = "", fields: Callable[[], Mapping[tuple[str, ...], bool]] = dict,
    ) -> None:  # fmt: skip
        self._client, self._roles, self._key, self._fields = client, frozenset(roles), key, fields
        self._products: dict[str, str | None] = {}
        self._noting = False

    def describe(self, name: str) -> Job | None:
        described = self._described(name)
        if described is None:
            return None
        tags: Mapping[str, str] | None = None
        silent: list[Exception] = []
        try:
            tags = self._tags(described["TrainingJobArn"])
        except (Unreachable, *UNREADABLE) as problem:
            silent.append(problem)
        algorithm_name: str = (described.get("AlgorithmSpecification") or {}).get("AlgorithmName") or ""
        try:
            job = self._job(described, tags or {}, algorithm_name, self._product_id(algorithm_name) if algorithm_name else None)
        except Unreachable as problem:
            job = self._job(described, tags or {}, algorithm_name, None)
            silent += () if whose_is_said(algorithm_name, job.account) else (problem,)
        if silent:
            raise PartUnread(f"{name}: {silent[0]}", job, tags=tags is None) from silent[0]
        return job

    def _job(self, described: Mapping[str, Any], tags: Mapping[str, str], algorithm_name: str, product_id: str | None) -> Job:
        job = job_of(
            described,
            kind=DocumentKind.DESCRIBE,
            tags=tags,
            product_id=product_id,
            # A name alone is an algorithm of this account, whether it still exists or not; the Marketplace's have ARNs.
            algorithm_described=bool(algorithm_name) and (algorithm_name in self._products or ":" not in algorithm_name),
            fields=self._fields(),
        )
        return replace(
            job,
            identity=identity_of(described, self._key),
            probe_identity=probe_identity_of(described, self._key),
            work=work_of(described, self._key),
            unrepeatable=unrepeatable(described, tags) or self._not_passable(described),
            unrepeatable_unclaimed=unrepeatable(described, tags, claims=False) or self._not_passable(described),
            unaccounted=unaccounted(described),
        )

    def tuning(self, name: str) -> TuningJob | None:
        call = partial(self._client.describe_hyper_parameter_tuning_job, HyperParameterTuningJobName=name)
        described = without_lone_surrogates(read(call, f"DescribeHyperParameterTuningJob {name}"))
        if described is None:
            return None
        return tuning_job_of(described, self._tags(described["HyperParameterTuningJobArn"]), self._fields())

    def submit(self, submit: Submit, lineage: LineageId) -> Answer:
        found = self._to_repeat(submit)
        if isinstance(found, Refused):
            return found
        described, tags = found
        marks = {LINEAGE_TAG: str(lineage), ATTEMPT_TAG: str(submit.number), CAUSE_TAG: submit.cause.value}
        changes = Changes.read(submit.changes).request()
        request = request_again(described, tags, name=submit.job, lineage_tags=marks, changes=changes)
        if identity_of(request, self._key) != identity_of(described, self._key):
            return Refused(f"{submit.job} would differ from {submit.about} in a member that no attempt may change")
        return self._create(request, submit)

    def probe(self, probe: Probe, lineage: LineageId) -> Answer:
        found = self._to_repeat(probe)
        if isinstance(found, Refused):
            return found
        described, tags = found
        mine = {key: value for key, value in tags.items() if not key.startswith("spotwarden:")}
        marks = {LINEAGE_TAG: str(lineage), PROBE_TAG: probe.about}
        request = request_again(described, mine, name=probe.job, lineage_tags=marks, changes=PROBE)
        try:
            self._client.create_training_job(**request)
        except (ClientError, BotoCoreError) as error:
            error.args = (without_values(str(error), request),)  # it may quote the request
            match fault_of(error):
                case AwsFault.NAME_TAKEN:
                    return Done("the probe job exists already")
                case AwsFault.THROTTLED:
                    return Later(str(error), tried=False)
                case AwsFault.UNREACHABLE:
                    raise Unreachable(f"{probe.job}: {error}") from error
                case _:
                    return Refused(str(error))  # no quota, or not allowed: then there is no such signal
        return Done("SageMaker accepted the probe job")

    def stop(self, name: str, born_at: datetime | None) -> Answer:
        described = self._described(name)
        if described is None or described["CreationTime"] != (born_at or described["CreationTime"]):
            return Done("the job does not exist any more")
        status, secondary = described["TrainingJobStatus"], described["SecondaryStatus"]
        if status in TERMINAL:
            return Done(f"{status}/{secondary}")
        if status == "Stopping":
            return Later("it is stopping", STOPPING_LOOK_S, tried=False)
        if secondary == "Uploading":
            return Later("it is uploading its model, which a stop could lose", STOPPING_LOOK_S, tried=False)
        try:
            self._client.stop_training_job(TrainingJobName=name)
        except (ClientError, BotoCoreError) as error:
            return self._not_stopped(name, error)
        return Later("it was asked to stop", STOPPING_LOOK_S)

    def made_by_pipeline(self, job: Job, execution: str) -> OwnerAnswer:
        asked = {"PipelineExecutionArn": execution, "MaxResults": 100}
        try:
            pages = islice(pages_of(self._client.list_pipeline_execution_steps, asked), STEP_PAGES_MAX)
            if any(made_by_step(step, job) for page in pages for step in page["PipelineExecutionSteps"]):
                return OwnerAnswer.YES
        except ClientError as error:  # a text that SageMaker refuses names no execution
            return OwnerAnswer.NO if fault_of(error) is AwsFault.INVALID else OwnerAnswer.SILENT
        except (Unreachable, BotoCoreError, *UNREADABLE):  # the job is judged anyway: its creator chose which owner it names
            return OwnerAnswer.SILENT
        return OwnerAnswer.NO

    def newest(self, token: str = "") -> JobPage | None:
        asked = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100} | ({"NextToken": token} if token else {})
        try:
            answer = read(partial(self._client.list_training_jobs, **asked), "ListTrainingJobs, newest first") or {}
        except ClientError as error:
            if token and fault_of(error) in (AwsFault.INVALID, AwsFault.OTHER):
                return None  # neither the lifetime of a token nor the error after it is documented
            raise
        jobs = tuple(_listed(summary) for summary in answer.get("TrainingJobSummaries", ()))
        return JobPage(jobs=jobs, token=answer.get("NextToken") or "")

    def modified(self, since: datetime, until: datetime) -> Iterator[str]:
        """The names of the jobs last modified within ``since`` … ``until``, newest job first. Raises Unreachable.

        It stops at jobs too old at ``since`` to change. Filters by time are assumed to apply after paging, and to save no call.
        """
        token = ""
        while (page := self.newest(token)) is not None and page.token != (token or None):
            yield from (job.name for job in page.jobs if since <= job.modified_at <= until)
            token = page.token
            if not token or (page.jobs and page.jobs[-1].created_at < since - CHANGES_FOR):
                return
        raise Unreachable("ListTrainingJobs does not accept its own token, or repeats it")

    def _to_repeat(self, action: Submit | Probe) -> tuple[Mapping[str, Any], dict[str, str]] | Refused:
        """The description and the tags of the job whose request is repeated. Raises Unreachable."""
        described = self._described(action.about)
        if described is None or described["CreationTime"] != action.born_at:
            return Refused(f"{action.about} does not exist any more, so its request cannot be repeated")
        tags = self._tags(described["TrainingJobArn"])
        why = unrepeatable(described, tags, claims=False) or self._not_passable(described)
        return (described, tags) if why is None else Refused(f"{action.about} cannot be repeated: {why}")

    def _not_passable(self, described: Mapping[str, Any]) -> str | None:
        """Why the role of a job may not be passed to an attempt; None where it may."""
        role = described.get("RoleArn", "")
        return None if role in self._roles else f"its role {role} is not in TrainingRoles"

    def _create(self, request: Request, submit: Submit) -> Answer:
        try:
            self._client.create_training_job(**request)
        except (ClientError, BotoCoreError) as error:
            error.args = (without_values(str(error), request),)  # it may quote the request
            match fault_of(error):
                case AwsFault.NAME_TAKEN:
                    return Later(f"the name {submit.job} is taken, and DescribeTrainingJob does not find the job yet")
                case AwsFault.METRICS_REFUSED if "MetricDefinitions" in request["AlgorithmSpecification"]:
                    return self._create(without_metric_definitions(request), submit)
                case AwsFault.QUOTA if never_fits(str(error)):
                    return Refused(f"{NEVER_FITS}{error}")
                case AwsFault.QUOTA if isinstance(submit.cause, MoveCause) and submit.cause.elsewhere:
                    # The stopped attempt freed its quota: the job returns to its former place, and does not wait for this one.
                    return Refused(str(error))
                case AwsFault.QUOTA:
                    return Later(f"{NO_QUOTA}{error}")
                case AwsFault.THROTTLED:
                    return Later(str(error), tried=False)
                case AwsFault.PROPAGATING | AwsFault.NO_CAPACITY:
                    return Later(str(error))
                case AwsFault.DENIED if submit.changes and EXPLICIT_DENY in str(error):
                    return Refused(f"{NEVER_FITS}{error}")  # a policy of the account forbids the type or the market
                case AwsFault.DENIED:
                    return Later(f"{NO_PERMISSION}{error}")
                case AwsFault.INVALID | AwsFault.MISSING if submit.changes:
                    return Refused(f"{NEVER_FITS}{error}")  # the same request was accepted before: the changes are at fault
                case AwsFault.INVALID | AwsFault.MISSING | AwsFault.METRICS_REFUSED:
                    return Refused(str(error))
                case AwsFault.UNREACHABLE:
                    raise Unreachable(f"CreateTrainingJob {submit.job}: {error}") from error
                case _ if isinstance(error, BotoCoreError):
                    raise
                case _ if submit.changes:
                    return Refused(f"{NEVER_FITS}{error}")  # as after a known refusal, the next fallback step is tried
                case _:
                    return Later(str(error))  # an unknown error: tried again, and announced when the tries are used up
        return Done(f"created for {submit.cause}")

    def _not_stopped(self, name: str, error: ClientError | BotoCoreError) -> Answer:
        match fault_of(error):
            case AwsFault.MISSING:
                return Done("the job does not exist any more")
            case AwsFault.NOT_RUNNING:
                return Later("it has ended, or is already stopping", STOPPING_LOOK_S, tried=False)
            case AwsFault.THROTTLED:
                return Later(str(error), tried=False)
            case AwsFault.DENIED | AwsFault.INVALID:
                return Refused(str(error))
            case AwsFault.UNREACHABLE:
                raise Unreachable(f"StopTrainingJob {name}: {error}") from error
            case _ if isinstance(error, BotoCoreError):
                raise error
            case _:
                return Later(str(error))

    def _described(self, name: str) -> Mapping[str, Any] | None:
        if not self._noting:  # not before the first call: a client is built when it is needed
            note_unaccounted(self._client)
            self._noting = True
        call = partial(self._client.describe_training_job, TrainingJobName=name)
        described: Mapping[str, Any] | None = read(call, f"DescribeTrainingJob {name}")
        return None if described is None else without_impossible_values(without_lone_surrogates(described))

    def _tags(self, arn: str) -> dict[str, str]:
        """The job's tags; none for a job that was deleted since it was described."""
        pages = pages_of(self._client.list_tags, {"ResourceArn": arn})
        return without_lone_surrogates({tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]})

    def _product_id(self, algorithm_name: str) -> str | None:
        """The Marketplace ProductId of an algorithm; read once per container, because it never changes.

        None where the algorithm was deleted, or its owner forbids the controller to read it: the job is judged without it. Raises
        Unreachable for every other answer.
        """
        if algorithm_name not in self._products:
            call = partial(self._client.describe_algorithm, AlgorithmName=algorithm_name)
            try:
                answer = read(call, f"DescribeAlgorithm {algorithm_name}")
                if answer is not None:
                    self._products[algorithm_name] = str(found) if (found := answer.get("ProductId")) else None
            except (ClientError, BotoCoreError, *UNREADABLE) as error:
                if isinstance(error, (ClientError, BotoCoreError)) and fault_of(error) in (AwsFault.DENIED, AwsFault.INVALID):
                    return None
                raise Unreachable(f"DescribeAlgorithm {algorithm_name}: {error}") from error
        return self._products.get(algorithm_name)


def _listed(summary: Mapping[str, Any]) -> ListedJob:
    return ListedJob(
        name=summary["TrainingJobName"],
        created_at=summary["CreationTime"],
        modified_at=summary.get("LastModifiedTime") or summary["CreationTime"],
        ended=summary["TrainingJobStatus"] in TERMINAL,
    )
