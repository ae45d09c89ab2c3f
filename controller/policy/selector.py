"""Which jobs a rule or a resubmit block applies to; of several blocks, ``Policy.resubmission_for`` takes the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase

from controller.jobs.job import Job
from controller.units.value import dataclass

TAG = "tag "  # before the key of a tag in ``SelectorPart.key``


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorPart:
    """One key of a selector and a job: ``found`` is None where the job's document does not say it, or the job lacks the tag.

    ``matches`` is None where the document does not say it.
    """

    key: str
    wanted: tuple[str, ...]
    found: str | None
    matches: bool | None


NO_TAG = ""
"""The pattern of a job that lacks a tag, or has it without a value. A glob matches no job that lacks the tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which jobs a rule applies to. An empty selector matches every job. Text patterns are globs; for tags, see ``NO_TAG``."""

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    instance_type: tuple[str, ...] = ()
    algorithm: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()

    def matches(self, job: Job) -> bool | None:
        """Whether the job matches; None where that depends on a field that its document does not contain."""
        undecided = False
        if self.name or self.role or self.instance_type or self.algorithm or self.account or self.region:  # most name only tags
            for name, patterns, values in self._fields(job):
                if not patterns:
                    continue
                if not _is_known(name, job):
                    undecided = True
                elif not _one_is_one_of(values, patterns):
                    return False
        for key, wanted in self.tags.items():
            if "tags" in job.unknown:
                undecided = True
            elif not _has_tag(job, key, wanted):
                return False
        return None if undecided else True

    def may_be_of_same_team(self, job: Job) -> bool:
        """Whether neither the job's tags nor its role exclude it: its name, instance type and algorithm are no one's."""
        return all(part.matches is not False for part in self.parts(job) if part.key == "role" or part.key.startswith(TAG))

    def parts(self, job: Job) -> tuple[SelectorPart, ...]:
        """Each key that the selector has, with what the job has there: ``matches``, key by key."""
        found: list[SelectorPart] = []
        for name, patterns, values in self._fields(job):
            if patterns:
                known = _is_known(name, job)
                matches = _one_is_one_of(values, patterns) if known else None
                found.append(SelectorPart(key=name, wanted=patterns, found=", ".join(values) if known else None, matches=matches))
        for key, wanted in self.tags.items():
            known = "tags" not in job.unknown
            matches = _has_tag(job, key, wanted) if known else None
            found.append(
                SelectorPart(key=f"{TAG}{key}", wanted=wanted, found=job.tags.get(key) if known else None, matches=matches)
            )
        return tuple(found)

    def is_of_all_groups(self, job: Job) -> bool:
        """Whether every group of a heterogeneous cluster has one of the instance types; true of every other job."""
        return not self.instance_type or all(_is_one_of(kind, self.instance_type) for kind in job.groups)

    def _fields(self, job: Job) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
        """Each key, its patterns, and what the job has there: a heterogeneous cluster has an instance type for each group."""
        return (
            ("name", self.name, (job.name,)),
            ("role", self.role, (job.role,)),
            ("instance_type", self.instance_type, job.groups or (job.instance_type,)),
            ("algorithm", self.algorithm, (job.algorithm.klass,)),
            ("account", self.account, (job.account,)),
            ("region", self.region, (job.region,)),
        )


def _is_known(name: str, job: Job) -> bool:
    """Whether a job's document says a field: a heterogeneous cluster has no one instance type, and says that of each group."""
    return name not in job.unknown or (name == "instance_type" and bool(job.groups))


def _has_tag(job: Job, key: str, wanted: tuple[str, ...]) -> bool:
    found = job.tags.get(key)
    return NO_TAG in wanted if found is None else _is_one_of(found, wanted)


def _one_is_one_of(values: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(_is_one_of(value, patterns) for value in values)


def _is_one_of(value: str, patterns: tuple[str, ...]) -> bool:
    """Whether a text matches one of these globs. Every text matches itself, unless it has a bracket."""
    if value in patterns and "[" not in value:
        return True
    return any(fnmatchcase(value, pattern) for pattern in patterns)
