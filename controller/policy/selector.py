"""Selects the jobs to which a rule, a resubmit block or a waiver applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase

from controller.jobs.job import Job
from controller.units.value import dataclass

TAG = "tag "  # the prefix of a tag's key in ``SelectorPart.key``


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorPart:
    """One key of a selector, compared with a job. ``wanted`` are the patterns, ``found`` is the job's value.

    ``found`` is None if the job's document lacks the field, or the job lacks the tag. ``matches`` is None only in the first case.
    """

    key: str
    wanted: tuple[str, ...]
    found: str | None
    matches: bool | None


NO_TAG = ""
"""The pattern that selects jobs without a tag, or with an empty value of it. Globs never match a missing tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Patterns (globs) for fields of a job. A job matches if each key that is not empty has a pattern for its value.

    ``tags`` are patterns by tag key; see ``NO_TAG``. An empty selector matches every job.
    """

    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    name: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    instance_type: tuple[str, ...] = ()
    algorithm: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()

    def matches(self, job: Job) -> bool | None:
        """Whether the job matches; None if that depends on a field that its document lacks."""
        undecided = False
        if self.name or self.role or self.instance_type or self.algorithm or self.account or self.region:  # most have only tags
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
        """Whether the job's tags and role match, or may match. Other fields, such as its name, do not show its team."""
        return all(part.matches is not False for part in self.parts(job) if part.key == "role" or part.key.startswith(TAG))

    def parts(self, job: Job) -> tuple[SelectorPart, ...]:
        """Each key of the selector that is not empty, with the job's value and whether it matches."""
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
        """Whether the instance type of every group of a heterogeneous cluster matches; True for every other job."""
        return not self.instance_type or all(_is_one_of(kind, self.instance_type) for kind in job.groups)

    def _fields(self, job: Job) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
        """Each key, its patterns, and the job's values: a heterogeneous cluster has an instance type for each group."""
        return (
            ("name", self.name, (job.name,)),
            ("role", self.role, (job.role,)),
            ("instance_type", self.instance_type, job.groups or (job.instance_type,)),
            ("algorithm", self.algorithm, (job.algorithm.klass,)),
            ("account", self.account, (job.account,)),
            ("region", self.region, (job.region,)),
        )


def _is_known(name: str, job: Job) -> bool:
    """Whether a job's document contains a field. A heterogeneous cluster contains the instance type of each group instead."""
    return name not in job.unknown or (name == "instance_type" and bool(job.groups))


def _has_tag(job: Job, key: str, wanted: tuple[str, ...]) -> bool:
    found = job.tags.get(key)
    return NO_TAG in wanted if found is None else _is_one_of(found, wanted)


def _one_is_one_of(values: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    return any(_is_one_of(value, patterns) for value in values)


def _is_one_of(value: str, patterns: tuple[str, ...]) -> bool:
    """Whether a text matches one of these globs. Every text without ``[`` matches itself."""
    if value in patterns and "[" not in value:
        return True
    return any(fnmatchcase(value, pattern) for pattern in patterns)
