"""What is said of a checkpoint prefix: who writes to it, and what was written. Configured is not written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from controller.job import Interval


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


def use_of(*, region: str, instance_type: str, instances: int, job: str, created_at: datetime, lineage: str) -> Claim:
    """The hold that a live job on demand has on the account's quota: a claim like that on a prefix, on a bucket of its own."""
    bucket = f"on-demand {region}/{instance_type}"
    return Claim(bucket=bucket, prefix=f"{instances}/{job}/", job=job, lineage=lineage, created_at=created_at)


def used(claims: Iterable[Claim]) -> int:
    """How many instances the holds on one quota add up to."""
    return sum(int(claim.prefix.partition("/")[0]) for claim in claims)


def overlapping(claim: Claim, others: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other lineages that overlap this one."""
    return tuple(c for c in others if c.job != claim.job and c.lineage != claim.lineage and c.overlaps(claim))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What lay below a prefix at one moment, as far as two pages of its list show.

    ``newest_at`` is the newest LastModified seen, None where nothing was ever written; ``complete`` says whether every object
    was seen; ``problem`` says in words why nothing could be.
    """

    uri: str
    looked_at: datetime
    objects: int
    bytes_seen: int
    newest_at: datetime | None
    complete: bool
    problem: str | None = None


def proven_s(sighting: Sighting, intervals: Iterable[Interval]) -> int:
    """Training seconds up to the newest object that was written while the job trained: what a next attempt need not do again."""
    newest = sighting.newest_at
    if newest is None:
        return 0
    return _whole_s(min(i.end or newest, newest) - i.start for i in intervals if i.start <= newest)


def trained_s(intervals: Iterable[Interval], now: datetime) -> int:
    """Training seconds so far."""
    return _whole_s((i.end or now) - i.start for i in intervals)


def at_risk_s(sighting: Sighting, intervals: Iterable[Interval], now: datetime) -> int:
    """Training seconds since the newest object: lost, should the job be interrupted now, or should it have ended."""
    spans = tuple(intervals)
    return trained_s(spans, now) - proven_s(sighting, spans)


def advised_interval_s(interruptions_per_h: float, write_s: float) -> int:
    """How often to write a checkpoint: √(2·C·MTBF), in seconds.

    J. W. Young, "A first order approximation to the optimum checkpoint interval", CACM 17 (1974); J. T. Daly, "A higher order
    estimate of the optimum checkpoint interval for restart dumps", FGCS 22 (2006), which agrees while C is far below the MTBF.
    """
    return round(sqrt(2 * write_s * 3600 / interruptions_per_h))


def _whole_s(spans: Iterable[timedelta]) -> int:
    return round(sum((span for span in spans), timedelta()).total_seconds())
