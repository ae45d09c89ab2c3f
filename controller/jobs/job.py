"""A training job as SageMaker last described it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any
from unicodedata import normalize

from controller.jobs.algorithm import Algorithm
from controller.jobs.failure import FailureCause, classify
from controller.units.value import dataclass, replace


class Outcome(StrEnum):
    """How a training job ended."""

    COMPLETED = "completed"
    STARVED = "starved"  # Stopped/MaxWaitTimeExceeded: spot capacity never came, or never came back
    CAPACITY = "capacity"
    INTERNAL = "internal"
    ALGORITHM = "algorithm"
    CLIENT = "client"
    MEMORY = "memory"
    DISK = "disk"
    QUOTA = "quota"
    THROTTLED = "throttled"
    FAILED = "failed"  # a FailureReason of no known class
    OVERRAN = "overran"  # Stopped/MaxRuntimeExceeded
    STOPPED = "stopped"  # by a person, by the controller, or for a reason that SageMaker does not name

    @property
    def cause(self) -> FailureCause | None:
        """The cause of the failure; None where nothing failed. For a starved job, ``Job.cause`` is more exact."""
        return OUTCOMES[self].cause

    @property
    def label(self) -> str:
        return OUTCOMES[self].label

    @property
    def emoji(self) -> str:
        return OUTCOMES[self].emoji


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeText:
    """The failure cause of an outcome, and the words and emoji for it."""

    cause: FailureCause | None
    label: str
    emoji: str


OUTCOMES: Mapping[Outcome, OutcomeText] = {
    Outcome.COMPLETED: OutcomeText(cause=None, label="completed", emoji=":white_check_mark:"),
    Outcome.STARVED: OutcomeText(
        cause=FailureCause.STARVED, label="did not finish within MaxWaitTimeInSeconds", emoji=":hourglass:"
    ),
    Outcome.CAPACITY: OutcomeText(cause=FailureCause.CAPACITY, label="found no capacity", emoji=":hourglass:"),
    Outcome.INTERNAL: OutcomeText(cause=FailureCause.INTERNAL, label="failed with an internal error of SageMaker", emoji=":zap:"),
    Outcome.ALGORITHM: OutcomeText(cause=FailureCause.ALGORITHM, label="failed in its training code", emoji=":x:"),
    Outcome.CLIENT: OutcomeText(cause=FailureCause.CLIENT, label="failed because of its configuration or data", emoji=":x:"),
    Outcome.MEMORY: OutcomeText(cause=FailureCause.MEMORY, label="ran out of memory", emoji=":x:"),
    Outcome.DISK: OutcomeText(cause=FailureCause.DISK, label="ran out of disk space", emoji=":x:"),
    Outcome.QUOTA: OutcomeText(cause=FailureCause.QUOTA, label="reached the account's instance quota", emoji=":hourglass:"),
    Outcome.THROTTLED: OutcomeText(cause=FailureCause.THROTTLED, label="was throttled by AWS", emoji=":zap:"),
    Outcome.FAILED: OutcomeText(cause=FailureCause.UNKNOWN, label="failed for an unknown reason", emoji=":x:"),
    Outcome.OVERRAN: OutcomeText(cause=FailureCause.OVERRAN, label="reached MaxRuntimeInSeconds", emoji=":alarm_clock:"),
    Outcome.STOPPED: OutcomeText(cause=FailureCause.STOPPED, label="was stopped", emoji=":octagonal_sign:"),
}

_STOPPED = {"MaxWaitTimeExceeded": Outcome.STARVED, "MaxRuntimeExceeded": Outcome.OVERRAN}
_NOT_FAILED = frozenset({Outcome.COMPLETED, Outcome.STOPPED, *_STOPPED.values()})
_FAILED: Mapping[FailureCause, Outcome] = {
    text.cause: outcome for outcome, text in OUTCOMES.items() if text.cause is not None and outcome not in _NOT_FAILED
}


def outcome_of(status: str, secondary: str, failure_reason: str | None) -> Outcome | None:
    """Read the outcome from TrainingJobStatus, SecondaryStatus and FailureReason; None until the job ends.

    SageMaker may add values of SecondaryStatus ("valid values are subject to change"). A Stopped job with an unknown one is
    ``STOPPED``.
    """
    match status:
        case "Completed":
            return Outcome.COMPLETED
        case "Failed":
            return _FAILED[classify(failure_reason)]
        case "Stopped":
            return _STOPPED.get(secondary, Outcome.STOPPED)
        case _:
            return None


class Service(StrEnum):
    """A service that starts jobs and waits for them. A job with a proved owner is only observed; a claim is no proof."""

    TUNING = "hyperparameter tuning"
    AUTOML = "Autopilot"
    LABELING = "Ground Truth"
    PIPELINES = "SageMaker Pipelines"
    STEP_FUNCTIONS = "Step Functions"
    BATCH = "AWS Batch"
    NOTEBOOK = "a notebook job"
    AWS = "another AWS service"
    PROBE = "Spotwarden's probe"  # a short job of the controller that tests for spot capacity


def team_by_role(role: str, team_of_role: Mapping[str, str]) -> str | None:
    """The team of the first glob in ``team_of_role`` that matches a RoleArn; None if none does."""
    return next((team for pattern, team in team_of_role.items() if fnmatchcase(role, pattern)), None)


def _as_read(name: str) -> str:
    """A name for comparison: without case, blanks and punctuation, and with compatible forms of letters made equal (NFKC)."""
    return "".join(c for c in normalize("NFKC", name).casefold() if c.isalnum())


def claims_an_owner(service: Service) -> str:
    """Why a job that claims an owner must not be submitted again."""
    return f"its name or tags say that it belongs to {service}, which may retry it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A span of one phase of a job, mostly of training: from the start of a container to its interruption or end.

    ``end`` is None while it lasts.
    """

    start: datetime
    end: datetime | None


PROBE_TAG = "spotwarden:probe"
PIPELINE_TAG = "sagemaker:pipeline-execution-arn"
PIPELINE_EXECUTION_LENGTH_MAX = 2048
FAMILY_TAG = "spotwarden:family"
TEAM_TAG = "team"
USER_TAG = "user"
_PIPELINE_EXECUTION = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d{12}):pipeline/[^/\s]+/execution/[^/\s]+")
_SERIAL = re.compile(
    # Atomic groups, each up to the next separator: without them a name of many numbers takes exponential time.
    r"(?:[-.](?>[0-9]{4}-[0-9]{2}-[0-9]{2}\S*$|(?:r?[0-9]+\.*|(?=[0-9a-f]*[0-9])[0-9a-f]{6,})(?=[-.]|$)))+$"
)
NAME_OF_A_FAMILY_MAX = 128  # twice as long as a job's name can be


def family_of(name: str) -> str:
    """The family from a job's name: ``train-bert-2026-11-16-08-00-00-123`` and ``train-bert-017`` are both ``train-bert``."""
    return (_SERIAL.sub("", name) or name) if len(name) <= NAME_OF_A_FAMILY_MAX else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """TrainingTimeInSeconds and BillableTimeInSeconds, per instance. It exists only when SageMaker shows both."""

    training_s: int
    billable_s: int
    retained_s: int = 0  # billable seconds for which a warm pool kept the instances after the job


NO_USAGE = Usage(training_s=0, billable_s=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training job.

    ``unknown`` are the names of fields that its source cannot contain (an EventBridge event has no spot flag). They have a
    placeholder, and no rule that needs them finds anything.
    """

    arn: str
    name: str
    account: str
    region: str
    status: str
    secondary: str
    outcome: Outcome | None
    instance_type: str
    instance_count: int
    spot: bool
    algorithm: Algorithm
    checkpoint_uri: str | None
    runtime_s_max: int | None
    wait_s_max: int | None
    usage: Usage | None
    interrupted_at: tuple[datetime, ...]
    created_at: datetime
    started_at: datetime | None
    stopping_at: datetime | None  # when its status became Stopping
    ended_at: datetime | None
    failure: str | None
    role: str
    service: Service | None  # the owner that is proved
    unrepeatable: str | None  # why a copy of this job's request must not be submitted, or None
    tags: Mapping[str, str]
    downloading: tuple[Interval, ...] = ()  # of the image, the data and the checkpoints, before each interval of training
    uploading: tuple[Interval, ...] = ()  # of the model
    intervals: tuple[Interval, ...] = ()  # of training, from SecondaryStatusTransitions
    subnets: tuple[str, ...] = ()  # empty: no VpcConfig
    volume_gb: int | None = None
    repeated_at: tuple[datetime, ...] = ()  # when SageMaker itself restarted it after an internal error (RetryStrategy)
    tuner: str = ""  # the tuning job that started it, from TuningJobArn; empty for any other job
    model_artifacts: str | None = None  # the S3 URI of the model, also before it is uploaded
    preferences: str = ""  # InstancePreferences as JSON; empty where the request names its instance type
    groups: tuple[str, ...] = ()  # the instance types of a heterogeneous cluster (InstanceGroups); empty without groups
    identity: str = ""  # a keyed hash of what no attempt may change of the request; empty where none was computed
    probe_identity: str = ""  # the same hash of a probe on behalf of this job
    work: str = ""  # a keyed hash of its inputs, output and hyperparameters; empty where it has no inputs
    output_uri: str | None = None  # OutputDataConfig.S3OutputPath
    excludes_spot: tuple[str, ...] = ()  # members of its request that exclude spot (controller.jobs.spot_possible)
    rule_instances: tuple[str, ...] = ()  # instance types of Debugger and Profiler rules, which are billed separately
    unknown: frozenset[str] = frozenset()
    unaccounted: tuple[str, ...] = ()  # members of its description that this version does not know
    claimed_team: str | None = None  # the team of its tag, if its role belongs to another team
    members: Mapping[tuple[str, ...], Any] = field(default_factory=dict, compare=False, repr=False)
    """Members of the request that policy expressions read. The value None means that it has no such member; no key: unknown."""
    claimed: Service | None = None  # the owner that its name or its tags claim, without proof
    unrepeatable_unclaimed: str | None = None  # as ``unrepeatable``, without regard to a claimed owner

    @property
    def alive(self) -> bool:
        return self.outcome is None

    @property
    def uploads_now(self) -> bool:
        """Whether it uploads its model now; a stop could lose the model."""
        return self.secondary == "Uploading"

    @property
    def training(self) -> bool:
        """Whether it trains, according to its last description."""
        return bool(self.intervals) and self.intervals[-1].end is None

    @property
    def trained_to_the_end(self) -> bool:
        """Whether its training is over and was not interrupted: it uploads its model, or is completed."""
        uploads = self.status == "InProgress" and self.uploads_now
        return bool(self.intervals) and (uploads or self.outcome is Outcome.COMPLETED)

    @property
    def never_started(self) -> bool:
        """Whether the job ended without ever training: SageMaker gave it no TrainingStartTime, and bills nothing."""
        return (
            self.outcome is not None and self.outcome is not Outcome.COMPLETED and self.started_at is None and not self.intervals
        )

    @property
    def measurable_usage(self) -> Usage | None:
        """The job's usage: 0 if it never started, None while SageMaker does not show it."""
        return NO_USAGE if self.usage is None and self.never_started else self.usage

    @property
    def cause(self) -> FailureCause | None:
        """Why it ended without its model; None until it ends, and for a completed job.

        SageMaker ends a job that never launched and one that lost its capacity the same way. Only the second has a
        TrainingStartTime.
        """
        if self.outcome is Outcome.STARVED and self.started_at is None:
            return FailureCause.NEVER_LAUNCHED
        return self.outcome.cause if self.outcome else None

    @property
    def choices(self) -> tuple[tuple[str, int], ...]:
        """The instance types and counts of InstancePreferences, from which SageMaker chooses; empty without them."""
        found = json.loads(self.preferences) if self.preferences else []
        return tuple((str(one.get("InstanceType", "")), int(one.get("InstanceCount") or self.instance_count)) for one in found)

    @property
    def pipeline_execution(self) -> str | None:
        """The ARN of the pipeline execution in its tag; None without one, or for an ARN of another account or region."""
        said = self.tags.get(PIPELINE_TAG, "")
        found = _PIPELINE_EXECUTION.fullmatch(said) if len(said) <= PIPELINE_EXECUTION_LENGTH_MAX else None
        return said if found and (found[1], found[2]) == (self.region, self.account) else None

    @property
    def family(self) -> str:
        """The ``spotwarden:family`` tag, else the name without serial numbers, dates and hashes."""
        return self.tags.get(FAMILY_TAG) or family_of(self.name)

    @property
    def team(self) -> str | None:
        return self.tags.get(TEAM_TAG)

    @property
    def user(self) -> str | None:
        return self.tags.get(USER_TAG)

    def paid_by(self, team_of_role: Mapping[str, str]) -> Job:
        """The same job with the team of its role (a map from globs for RoleArns to teams); without a match, the team of its tag.

        A tag does not count if it names a team that has roles in the map, or looks like such a name, and the job's role is not
        one of them. The job then has no team, and the tag's value is ``claimed_team``.
        """
        mapped = team_by_role(self.role, team_of_role)
        said = self.tags.get(TEAM_TAG)
        if mapped is None and (said is None or not team_of_role or _as_read(said) not in map(_as_read, team_of_role.values())):
            return self
        others = {key: value for key, value in self.tags.items() if key != TEAM_TAG}
        tags = others if mapped is None else {**others, TEAM_TAG: mapped}
        return replace(self, tags=tags, claimed_team=said if said and said != mapped else None)

    def labelled(self, *, team: str, user: str) -> Job:
        """The same job with its team and user read from the tags with these keys, where it has them."""
        told = {name: self.tags[tag] for name, tag in ((TEAM_TAG, team), (USER_TAG, user)) if tag in self.tags}
        return self if told.items() <= self.tags.items() else replace(self, tags={**self.tags, **told})
