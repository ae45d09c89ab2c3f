"""A live job's hold on a checkpoint prefix.

Prefixes are compared by whole path segments: ``bert`` and ``bert-large`` are apart, ``bert`` lies above ``bert/large``, and a
bucket's root lies above everything in it. Empty segments and dots count as a path reader counts them; case matters, as in S3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

from controller.units.value import dataclass

_PATH_STYLE = re.compile(r"s3[.-]?[a-z0-9.-]*\.amazonaws\.com(\.cn)?")
_HOST_STYLE = re.compile(r"([a-z0-9][a-z0-9.-]*)\.s3[.-]?[a-z0-9.-]*\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A live job's hold on the S3 prefix that it writes checkpoints to.

    SageMaker mirrors deletions in a container into S3, so two live jobs on one prefix destroy each other's checkpoints. ``role``
    is the job's RoleArn; empty in rows written before it was kept, and then it counts as anybody's.
    """

    bucket: str
    prefix: str
    job: str
    lineage: str
    created_at: datetime
    role: str = ""

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def segments(self) -> tuple[str, ...]:
        """The path of the prefix; empty for the bucket's root."""
        return segments_of(self.prefix)

    def equals(self, other: Claim) -> bool:
        """Whether two jobs write to the same prefix."""
        return self.bucket == other.bucket and self.segments == other.segments

    def above(self, other: Claim) -> bool:
        """Whether this prefix is a strict parent of the other."""
        mine, theirs = self.segments, other.segments
        return self.bucket == other.bucket and len(mine) < len(theirs) and theirs[: len(mine)] == mine

    def overlaps(self, other: Claim) -> bool:
        """Whether two prefixes are equal, or one lies above the other."""
        return self.equals(other) or self.above(other) or other.above(self)

    def shares_role(self, other: Claim) -> bool:
        """Whether both jobs run under one role, as far as that was kept."""
        return not self.role or not other.role or self.role == other.role

    def waits_for(self, other: Claim) -> bool:
        """Whether an attempt on this prefix must wait for the other job: one of its own role, on this prefix or below it.

        A job of another role could name any prefix and so hold up whom it likes, and a job on a parent would hold up everybody.
        """
        return self.shares_role(other) and (self.equals(other) or self.above(other))


def segments_of(path: str) -> tuple[str, ...]:
    """The segments of a path: without empty ones and ``.``, and ``..`` leads one up, at most to the root."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    return tuple(kept)


@lru_cache(maxsize=1_000)  # each rule about prefixes asks for that of the same job
def bucket_and_prefix(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/prefix`` into its two parts; SageMaker also takes S3's own ``https://`` forms.

    A host's case, its port and a name before ``@`` do not matter. An ``https://`` path is percent-encoded;
    an ``s3://`` path is not.
    """
    host, _, path = uri.removeprefix("s3://").removeprefix("https://").partition("/")
    if uri.startswith("https://"):
        host = host.rpartition("@")[2].partition(":")[0].rstrip(".").lower()
        path = unquote(path.partition("?")[0].partition("#")[0])
        named = _HOST_STYLE.fullmatch(host)  # before the other form: a bucket's name may begin with "s3-"
        if named:
            return named[1], path
        if _PATH_STYLE.fullmatch(host):
            bucket, _, path = path.partition("/")
            return bucket, path
    return host, path


def claim_of(uri: str, *, job: str, lineage: str, created_at: datetime, role: str = "") -> Claim:
    """Split ``s3://bucket/prefix`` into the claim a job makes on it."""
    bucket, prefix = bucket_and_prefix(uri)
    return Claim(bucket=bucket, prefix=prefix, job=job, lineage=lineage, created_at=created_at, role=role)


def others_than(claim: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other jobs of other lineages."""
    return tuple(c for c in claims if c.job != claim.job and c.lineage != claim.lineage)


def overlapping(claim: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other lineages that overlap this one."""
    return tuple(c for c in others_than(claim, claims) if c.overlaps(claim))


def writing_there(claim: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other lineages on this prefix or below it, of any role. A claim above it could be anybody's, and is none."""
    return tuple(c for c in others_than(claim, claims) if claim.equals(c) or claim.above(c))


def holding_up(claim: Claim, claims: Iterable[Claim], *, new: bool = False) -> tuple[Claim, ...]:
    """The claims of other lineages that an attempt has to wait for.

    A repair gives its job a ``new`` prefix. For that, every claim on it or below it counts, whatever the role.
    """
    return writing_there(claim, claims) if new else tuple(c for c in others_than(claim, claims) if claim.waits_for(c))
