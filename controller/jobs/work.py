"""What a training job works on, to recognise two jobs that do the same work."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Self

from controller.jobs.claim import bucket_and_prefix, segments_of
from controller.jobs.job import Job, family_of
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a job works on. ``inputs_hash`` is a keyed hash of its inputs, output and hyperparameters; empty without inputs.

    ``root`` is the name of the first job of its lineage. Only jobs with the same role are compared, so that people who may not
    pass that role cannot keep another job's retry from running.
    """

    account: str
    region: str
    role: str
    job: str
    root: str
    lineage: str
    created_at: datetime
    checkpoint_uri: str | None = None
    inputs_hash: str = ""

    @classmethod
    def of(cls, job: Job, *, root: str, lineage: str) -> Self:
        """What ``job`` works on. ``root`` is the first job's name, ``lineage`` the text of the lineage's id."""
        return cls(
            account=job.account, region=job.region, role=job.role, job=job.name, root=root, lineage=lineage,
            created_at=job.created_at, checkpoint_uri=job.checkpoint_uri, inputs_hash=job.work,
        )  # fmt: skip

    def same_as(self, other: Work) -> bool:
        """Whether two jobs of different lineages do the same work: the same checkpoint prefix, or family and inputs."""
        if self.lineage == other.lineage or (self.account, self.region, self.role) != (other.account, other.region, other.role):
            return False
        return self.same_prefix(other) or (
            bool(self.inputs_hash) and self.inputs_hash == other.inputs_hash and self._same_family(other)
        )

    def same_prefix(self, other: Work) -> bool:
        """Whether both write to the same checkpoint prefix."""
        if not self.checkpoint_uri or not other.checkpoint_uri:
            return False
        (bucket, prefix), (their_bucket, theirs) = bucket_and_prefix(self.checkpoint_uri), bucket_and_prefix(other.checkpoint_uri)
        return bucket == their_bucket and segments_of(prefix) == segments_of(theirs)

    def _same_family(self, other: Work) -> bool:
        return family_of_work(self.root) == family_of_work(other.root)


_AGAIN = re.compile(
    r"[-.](?:re-?(?:do|launch|peat|run|start|submit|sume|try|cover)(?:e?d)?|retried|recovery|again|cop(?:y|ied)|clone|fix(?:ed)?"
    r"|manual|by-hand|new|second|cont(?:inued?)?|backup|no-?spot|spot|on-?demand|od|v\d+|(?:attempt|take|try|run|part)-?\d*)$",
    re.IGNORECASE,
)
_AGAIN_FIRST = re.compile(
    r"^(?:re-?(?:do|launch|run|start|submit|sume|try)|copy(?:-of)?|clone|again|new|manual)[-.]", re.IGNORECASE
)


def family_of_work(name: str) -> str:
    """The family from a job's name, without what people add to the name of a rerun: ``bert-retry`` is ``bert``."""
    family = family_of(_AGAIN_FIRST.sub("", name))
    while (shorter := family_of(_AGAIN.sub("", family))) != family and shorter:
        family = shorter
    return family
