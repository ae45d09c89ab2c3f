"""The sections and keys of a case file: jobs, what is known about them, and the expected result for each.

A case file (``*.test.yaml``) is in the folder of the policies that it tests. ``spotwarden test`` runs its cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, ValidationError, model_validator

from controller.jobs.failure import FailureCause, RetryChange
from controller.jobs.job import Outcome
from controller.ledger.move_cause import MoveCause
from controller.policy.findings import VerdictKind
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policyfile.compile import policy_trees
from controller.policyfile.folder import case_files
from controller.policyfile.problem import BadPolicy, Problem, quoted
from controller.policyfile.validation_errors import validation_errors
from controller.policyfile.vocabulary import (
    LISTED,
    Duration,
    InstanceType,
    Percent,
    Prefix,
    StrictModel,
    Subnets,
    Text,
    Texts,
    Version,
    at_least,
    listed,
    one_of,
    unlike,
)
from controller.policyfile.yaml_nodes import Tree

ACTIONS = ("none", "stop", "repair", "move", "resubmit")
ALGORITHMS = ("framework", "custom", "built-in", "built-in-without-checkpoints", "marketplace")
CAUSES = (
    *(cause.value for cause in FailureCause if cause.next is not RetryChange.NEVER),
    MoveCause.REPAIR.value,
)
DEFAULT_AT = datetime(2026, 1, 1, 12, tzinfo=UTC)
NONE = "none"


def moment(found: Any) -> datetime:
    """A time in UTC, from a time with its zone. Raises the error of ``unlike`` for anything else."""
    wanted = "a time with its zone, such as 2026-11-20T18:00:00Z"
    if isinstance(found, str):
        try:
            found = datetime.fromisoformat(found)
        except ValueError:
            raise unlike(wanted) from None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise unlike(wanted)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise unlike("a time that exists in UTC") from None


def _job_or_document(found: Any) -> Any:
    """A path, a document with SageMaker's member names, or the short form."""
    if isinstance(found, str | Mapping):
        return found
    raise unlike("the short form of a job, a document, or the path of a document")


Moment = Annotated[datetime, BeforeValidator(moment)]
Ago = Annotated[int, BeforeValidator(at_least(0))]


def _checkpoint(found: Any) -> int | None:
    return None if found == NONE else at_least(0)(found)


class ShortJob(StrictModel):
    """A training job in the short form, with common values as defaults. ``runtime`` and ``wait`` are in seconds."""

    name: Text = "case-job"
    spot: StrictBool = False
    runtime: Duration | None = None
    wait: Duration | None = None
    checkpoint: Prefix | None = None
    instance_type: InstanceType = "ml.g5.2xlarge"
    instances: Annotated[StrictInt, Field(ge=1, le=1000)] = 1
    volume_gb: Annotated[StrictInt, Field(ge=1, le=16_384)] = 100
    algorithm: Annotated[str, BeforeValidator(one_of(ALGORITHMS))] = "framework"
    image: Text | None = None
    role: Text = "train"
    output: Prefix = "s3://acme-ml/output/"
    subnets: Subnets | None = None
    outcome: Annotated[str, BeforeValidator(one_of(tuple(Outcome)))] | None = None
    reason: Text | None = None


class OtherJob(StrictModel):
    """Another live job. ``created``: seconds before the time of the case."""

    name: Text
    checkpoint: Prefix
    role: Text = "train"
    created: Ago = 3600


class PoolHistory(StrictModel):
    """What is known about the job's pool. ``watched``: seconds of spot training there. ``billed``: percent of them."""

    watched: Annotated[int, BeforeValidator(at_least(1))]
    interruptions: Annotated[StrictInt, Field(ge=0, le=100_000)]
    billed: Percent = 30.0


class EarlierAttempt(StrictModel):
    """An earlier attempt of the lineage. ``cause``: why the next one followed. ``lasted`` and ``kept`` are in seconds; ``kept``:
    training that is saved in its checkpoints.
    """

    cause: Annotated[str, BeforeValidator(one_of(CAUSES))]
    lasted: Duration = 3600
    kept: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, found: Any) -> Any:
        return {"cause": found} if isinstance(found, str) else found


class History(StrictModel):
    """What is known besides the job. Times are in seconds before ``at``."""

    created: Ago | None = None
    trained: Ago | None = None
    interruptions: Annotated[StrictInt, Field(ge=0, le=1000)] = 0
    checkpoint: Annotated[int | None, BeforeValidator(_checkpoint)] = None
    others: Annotated[list[OtherJob], Field(min_length=1)] | None = None
    run: Duration | None = None
    pool: PoolHistory | None = None
    attempts: Annotated[list[EarlierAttempt], BeforeValidator(listed), Field(min_length=1, max_length=50)] | None = None


class ExpectedFinding(StrictModel):
    """An expected finding, with the names of ``spotwarden check --format json``. A key that is not given may have any value."""

    policy: Text | None = None
    rule: Text | None = None
    field: Text | None = None
    found: Text | None = None
    wanted: Text | None = None
    mode: Annotated[str, BeforeValidator(one_of(tuple(Mode)))] | None = None
    severity: Annotated[str, BeforeValidator(one_of(tuple(Severity)))] | None = None
    waiver: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, found: Any) -> Any:
        if isinstance(found, str):
            return {"policy": found}
        if isinstance(found, dict) and not {"policy", "rule"} & found.keys():
            raise unlike("the name of a rule, or a map with policy or rule")
        return found


class Expected(StrictModel):
    """The expected result of a case. A list that is not given is expected to be empty."""

    verdict: Annotated[str, BeforeValidator(one_of(tuple(VerdictKind)))]
    findings: Annotated[list[ExpectedFinding], BeforeValidator(listed)] = Field(default_factory=list)
    undecided: Annotated[list[Text], *LISTED] = Field(default_factory=list)
    refused: Annotated[list[Text], *LISTED] = Field(default_factory=list)
    action: Annotated[str, BeforeValidator(one_of(ACTIONS))] = NONE
    waiver: Texts = Field(default_factory=list)


class CaseEntry(StrictModel):
    """A case. ``job``: the short form, a document with SageMaker's member names, or the path of a file with one job."""

    name: Text
    job: Annotated[Any, BeforeValidator(_job_or_document)]
    tags: dict[str, str] | None = None
    at: Moment = DEFAULT_AT
    history: History = History()
    expect: Expected


class CaseFile(StrictModel):
    version: Version
    cases: Annotated[list[CaseEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case and its place. ``short``: the job if it is in the short form."""

    tree: Tree
    number: int
    entry: CaseEntry
    short: ShortJob | None

    @property
    def file(self) -> str:
        return self.tree.file

    @property
    def line(self) -> int:
        return self.tree.line(("cases", self.number))

    def problem(
        self, *path: str | int, found: str, wanted: str, hint: str = "", meant: tuple[object, Iterable[str]] = ("", ())
    ) -> None:
        """Add a problem to the file; ``path`` is relative to the case."""
        self.tree.problem(("cases", self.number, *path), found=found, wanted=wanted, hint=hint, meant=meant)


def is_short(job: Any) -> bool:
    """Whether a job is in the short form: SageMaker's members begin with a capital letter, and an event has ``detail-type``."""
    return isinstance(job, Mapping) and not any(str(key)[:1].isupper() or key in ("detail-type", "detail") for key in job)


def read_cases(folder: Path) -> tuple[list[Case], list[Tree]]:
    """The cases in a folder that can be read, and the case files with their problems. Raises BadPolicy without a case file."""
    trees = policy_trees(case_files(folder))
    if not trees:
        raise BadPolicy([Problem(file=str(folder), line=1, path="", found="no case file", wanted="files named *.test.yaml")])
    return [case for tree in trees for case in _cases(tree)], trees


def _cases(tree: Tree) -> list[Case]:
    if tree.data is None:
        return []
    if not isinstance(tree.data, Mapping):
        tree.problem((), found=quoted(tree.data), wanted="a map with version and cases")
        return []
    shorts: dict[int, ShortJob] = {}
    entries = tree.data.get("cases")
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, Mapping):
            continue
        name = entry.get("name")
        if isinstance(name, str) and seen.setdefault(name, number) != number:
            tree.problem(("cases", number, "name"), found=f"the name {name!r} a second time", wanted="a unique name")
        if is_short(entry.get("job")):
            try:
                shorts[number] = ShortJob.model_validate(entry["job"])
            except ValidationError as error:
                validation_errors(error, ShortJob, tree, ("cases", number, "job"))
    try:
        read = dict(enumerate(CaseFile.model_validate(tree.data).cases))
    except ValidationError as error:
        validation_errors(error, CaseFile, tree)
        given = enumerate(entries if isinstance(entries, list) else ())
        read = {number: kept for number, entry in given if (kept := _without_mistakes(entry)) is not None}
    return [
        Case(tree=tree, number=number, entry=entry, short=shorts.get(number, ShortJob() if is_short(entry.job) else None))
        for number, entry in read.items()
    ]


def _without_mistakes(entry: Any) -> CaseEntry | None:
    """An entry without its invalid keys, so that the names in the rest can still be checked; None if too much is invalid."""
    try:
        return CaseEntry.model_validate(entry)
    except ValidationError as error:
        kept = deepcopy(entry)
        for one in error.errors(include_url=False):
            place: Any = kept
            for key in one["loc"][:-1]:
                place = place.get(key) if isinstance(place, dict) else place[key] if _has(place, key) else None
            if not isinstance(place, dict):
                return None
            place.pop(one["loc"][-1], None)
    if not isinstance(kept, dict):
        return None
    expect = kept.get("expect")
    filled = {"name": "case", "job": {}} | kept | {"expect": {"verdict": "allow"} | (expect if isinstance(expect, dict) else {})}
    try:
        return CaseEntry.model_validate(filled)
    except ValidationError:
        return None


def _has(place: Any, key: Any) -> bool:
    return isinstance(place, list) and isinstance(key, int) and key < len(place)
