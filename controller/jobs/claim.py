"""A live job's hold on a checkpoint prefix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A live job's hold on the S3 prefix that it writes checkpoints to.

    SageMaker mirrors deletions in a container into S3, so two live jobs on one prefix destroy each other's checkpoints.
    """

    bucket: str
    prefix: str
    job: str
    lineage: str
    created_at: datetime

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def overlaps(self, other: Claim) -> bool:
        """Whether two jobs could touch the same object: either prefix starts with the other (SageMaker matches plain strings)."""
        return self.bucket == other.bucket and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))


def place_of(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/prefix`` into its two parts."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, prefix


def claim_of(uri: str, *, job: str, lineage: str, created_at: datetime) -> Claim:
    """Split ``s3://bucket/prefix`` into the claim a job makes on it."""
    bucket, prefix = place_of(uri)
    return Claim(bucket=bucket, prefix=prefix, job=job, lineage=lineage, created_at=created_at)


def overlapping(claim: Claim, others: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other lineages that overlap this one."""
    return tuple(c for c in others if c.job != claim.job and c.lineage != claim.lineage and c.overlaps(claim))
