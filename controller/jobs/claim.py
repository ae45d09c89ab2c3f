"""A live job's claim on a checkpoint prefix.

Prefixes are compared by whole path segments: ``bert`` and ``bert-large`` are separate, ``bert`` is above ``bert/large``, and a
bucket's root is above everything in it. Empty segments, ``.`` and ``..`` are resolved as in a file path; case matters, as in S3.
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
    """A live job's claim on the S3 prefix to which it writes checkpoints.

    SageMaker copies a container's deletions to S3, so two live jobs on one prefix destroy each other's checkpoints. ``role`` is
    the job's RoleArn; it is empty in rows of older versions, and then counts as equal to any role.
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
        """Whether this prefix is a parent of the other, not the same."""
        mine, theirs = self.segments, other.segments
        return self.bucket == other.bucket and len(mine) < len(theirs) and theirs[: len(mine)] == mine

    def overlaps(self, other: Claim) -> bool:
        """Whether two prefixes are equal, or one lies above the other."""
        return self.equals(other) or self.above(other) or other.above(self)

    def shares_role(self, other: Claim) -> bool:
        """Whether both jobs have the same role; also True if one of the roles is not known."""
        return not self.role or not other.role or self.role == other.role

    def waits_for(self, other: Claim) -> bool:
        """Whether an attempt on this prefix must wait for the other job: one with the same role, on this prefix or below it.

        Other roles do not count, because anybody could name this prefix and so delay the attempt. A job on a parent prefix does
        not count, because it would delay everybody.
        """
        return self.shares_role(other) and (self.equals(other) or self.above(other))


def segments_of(path: str) -> tuple[str, ...]:
    """The segments of a path, without empty ones and ``.``; ``..`` goes one level up, at most to the root."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    return tuple(kept)


@lru_cache(maxsize=1_000)  # each rule about prefixes splits the same job's URI
def bucket_and_prefix(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/prefix``, or an ``https://`` URL of S3, which SageMaker also accepts, into bucket and prefix.

    In a URL the case of the host, its port, and a name before ``@`` do not matter, and the path is percent-decoded. The path of
    an ``s3://`` URI is taken as it is.
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
    """The claim of a job on the prefix ``uri``."""
    bucket, prefix = bucket_and_prefix(uri)
    return Claim(bucket=bucket, prefix=prefix, job=job, lineage=lineage, created_at=created_at, role=role)


def others_than(claim: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other jobs of other lineages."""
    return tuple(c for c in claims if c.job != claim.job and c.lineage != claim.lineage)


def overlapping(claim: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other lineages that overlap this one."""
    return tuple(c for c in others_than(claim, claims) if c.overlaps(claim))


def writing_there(claim: Claim, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims of other lineages on this prefix or below it, with any role. Claims on a parent do not count: anybody can make
    them.
    """
    return tuple(c for c in others_than(claim, claims) if claim.equals(c) or claim.above(c))


def holding_up(claim: Claim, claims: Iterable[Claim], *, new: bool = False) -> tuple[Claim, ...]:
    """The claims of other lineages that an attempt has to wait for (``Claim.waits_for``).

    With ``new``, the prefix is one that a repair gives the job. Then every claim on it or below it counts, with any role.
    """
    return writing_there(claim, claims) if new else tuple(c for c in others_than(claim, claims) if claim.waits_for(c))
