"""Which jobs a rule or a resubmit block applies to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from controller.jobs.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which jobs a rule applies to. An empty selector matches every job. Text patterns are globs."""

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
        for name, patterns, value in (
            ("name", self.name, job.name),
            ("role", self.role, job.role),
            ("instance_type", self.instance_type, job.instance_type),
            ("algorithm", self.algorithm, job.algorithm.klass),
            ("account", self.account, job.account),
            ("region", self.region, job.region),
        ):
            if not patterns:
                continue
            if name in job.unknown:
                undecided = True
            elif not any(fnmatchcase(value, pattern) for pattern in patterns):
                return False
        for key, wanted in self.tags.items():
            if "tags" in job.unknown:
                undecided = True
            elif not any(fnmatchcase(job.tags.get(key, ""), pattern) for pattern in wanted):
                return False
        return None if undecided else True
