"""The ports of AWS and of the clock. Expected answers are values; unexpected ones are exceptions.

An exception leaves its intent leased: the call may have taken effect, so the intent is performed again after the lease. ``Later``
means that the call can be repeated without harm. Either it did not take effect, or it is a stop or an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from controller.decide.ownership import OwnerAnswer
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Job
from controller.jobs.tuning import TuningJob
from controller.ledger.intent import Probe, Publish, Submit
from controller.ledger.lineage_id import LineageId
from controller.runtime.ports.answers import Answer
from controller.units.money import Rate
from controller.units.value import dataclass

if TYPE_CHECKING:
    from controller.savings.report import Report

CHANGES_FOR = timedelta(days=60)
"""How long after its creation a job can change: 28 days, the maximum of MaxPendingTimeInSeconds; 30 days, for which a TrainingJob
"can run in total"; and two days of margin. (Source of both: botocore's StoppingCondition.) MaxWaitTimeInSeconds has no documented
maximum. A job that waits longer was seen after its creation, and is watched by its Wake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job as ListTrainingJobs shows it. ``modified_at`` is its LastModifiedTime; ``ended``: its status is a final one."""

    name: str
    created_at: datetime
    modified_at: datetime
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """A page of ListTrainingJobs. ``token`` is for the next page; empty on the last. Even an empty page may have a next one."""

    jobs: tuple[ListedJob, ...]
    token: str


class ReadJobs(Protocol):
    """Reads SageMaker's training jobs."""

    def describe(self, name: str) -> Job | None:
        """The job as it is now, with its tags; None when SageMaker has no such job. Raises Unreachable, and PartUnread where only
        its tags, or the owner of its algorithm, cannot be read.
        """

    def tuning(self, name: str) -> TuningJob | None:
        """A tuning job as it is now, with its tags; None when SageMaker has no such job. Raises Unreachable."""

    def made_by_pipeline(self, job: Job, execution: str) -> OwnerAnswer:
        """Whether a step of a pipeline ``execution`` (an ARN) created the job; SILENT without an answer. Raises nothing."""

    def newest(self, token: str = "") -> JobPage | None:
        """A page of all jobs, newest first, with one call: the first page, or the one of a ``token``.

        None where SageMaker no longer accepts the token. Raises Unreachable.
        """


class Jobs(ReadJobs, Protocol):
    """SageMaker's training jobs."""

    def submit(self, submit: Submit, lineage: LineageId) -> Answer:
        """Create ``submit.job`` from the request of ``submit.about``: Done only when this call created it.

        Later where the name is taken: the caller checks whose job that is.
        """

    def probe(self, probe: Probe, lineage: LineageId) -> Answer:
        """Create a job that requests spot capacity and trains nothing. A taken name is Done."""

    def stop(self, name: str, born_at: datetime | None) -> Answer:
        """Stop a job. Done when it has ended or is gone; Later while it is stopping or uploading, and after StopTrainingJob.

        ``born_at`` is its CreationTime: a job of this name with another one is a new job, and the one to stop is gone.
        """


class Checkpoints(Protocol):
    """What is below a checkpoint prefix."""

    def scan(self, uri: str, *, now: datetime, ignore: Sequence[str] = ()) -> CheckpointScan:
        """List objects, with at most twelve requests. Where S3 refuses, the scan has a ``problem``. Raises Unreachable.

        ``ignore`` are globs of file names that are no checkpoints, in addition to the known ones.
        """


class Events(Protocol):
    """The account's event bus."""

    def publish(self, publish: Publish, at: datetime) -> Answer:
        """Send one event; Later when the bus did not accept it."""


class Quotas(Protocol):
    """The account's quotas."""

    def on_demand(self, instance_type: str, now: datetime) -> int | None:
        """How many instances of a type may train on-demand at once, in this account and region; None where it is unknown."""


class Placement(Protocol):
    """EC2's spot placement scores."""

    def score(self, instance_type: str, count: int, region: str) -> int | None:
        """EC2's score (1 to 10) of how likely a spot request succeeds now; None where it gives none."""


class ReportStore(Protocol):
    """Where reports for people without Slack are stored."""

    def publish(self, report: Report) -> str:
        """Store a report's page and return its address; empty where no bucket is set up. Raises Unreachable."""


class Instances(Protocol):
    """EC2's instances."""

    def family_of(self, instance_id: str) -> str | None:
        """The instance family (``g5``) of an EC2 instance; None when it is gone. Raises Unreachable."""


class Prices(Protocol):
    """Prices of training instances."""

    def rate(self, instance_type: str, region: str, at: datetime, since: datetime | None = None) -> Rate | None:
        """The on-demand rate at a time, or from ``since`` until then; None where none is known. Raises Unreachable."""


class PriceRows(Protocol):
    """AWS's prices of a region; ``problems`` are rows that cannot be read, ``without`` says why there is no list in dollars."""

    @property
    def rates(self) -> Mapping[str, Rate]: ...

    @property
    def problems(self) -> tuple[str, ...]: ...

    @property
    def without(self) -> str: ...


class PriceList(Protocol):
    """AWS's own price list."""

    def training(self, region: str) -> PriceRows:
        """AWS's training prices of a region, by instance type. Raises Unreachable."""


class Clock(Protocol):
    """The clock."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
