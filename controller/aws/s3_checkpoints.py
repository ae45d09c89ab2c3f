"""Looks into checkpoint prefixes in S3: at most two list requests a look, however many objects there are.

S3 lists in the order of names. Frameworks number their checkpoints by step, so the newest stand at the end of the list as a rule,
and a second request that starts after the newest object of the first page sees more of them. What two pages do not show stays
unseen, and the scan says so: it may take a prefix for staler than it is, never for fresher.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import place_of
from controller.runtime.ports import Unreachable

PAGE = 1000  # as many as S3 gives in one page

# What S3 answers that no other look will change, and what it means for people.
PROBLEMS: Mapping[str, str] = {
    "NoSuchBucket": "the bucket does not exist",
    "AccessDenied": "our role may not list it (s3:ListBucket)",
    "AllAccessDisabled": "the bucket's owner disabled all access",
    "PermanentRedirect": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the bucket is in another region",
    "IllegalLocationConstraintException": "the bucket is in another region",
    "InvalidBucketName": "that is no bucket's name",
}


class S3Checkpoints:
    """The Checkpoints port over a boto3 ``s3`` client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def scan(self, uri: str, *, now: datetime) -> CheckpointScan:
        bucket, prefix = place_of(uri)
        try:
            first = self._list(bucket, prefix)
            objects, complete = list(first.get("Contents", ())), not first.get("IsTruncated")
            if not complete:
                last = self._list(bucket, prefix, after=_towards_the_end(objects))
                objects += last.get("Contents", ())
        except (ClientError, BotoCoreError) as error:
            return CheckpointScan(
                uri=uri, scanned_at=now, objects=0, bytes_seen=0, newest_at=None, complete=False, problem=_problem(uri, error)
            )
        written = [found for found in objects if not found["Key"].endswith("/")]  # consoles make objects of folders
        return CheckpointScan(
            uri=uri,
            scanned_at=now,
            objects=len(written),
            bytes_seen=sum(found["Size"] for found in written),
            newest_at=max((found["LastModified"] for found in written), default=None),
            complete=complete,
        )

    def _list(self, bucket: str, prefix: str, after: str | None = None) -> Any:
        more = {"StartAfter": after} if after else {}
        return self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=PAGE, **more)


def _towards_the_end(objects: Sequence[Mapping[str, Any]]) -> str:
    """Where the second page begins: after the newest object of the first, since names that grow with time stand behind it."""
    return str(max(objects, key=lambda found: (found["LastModified"], found["Key"]))["Key"])


def _problem(uri: str, error: ClientError | BotoCoreError) -> str:
    """What S3 would not show, in words. Raises Unreachable for what may answer the next time."""
    code = str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
    if code in PROBLEMS:
        return PROBLEMS[code]
    if fault_of(error) in (AwsFault.DENIED, AwsFault.INVALID, AwsFault.MISSING):
        return str(error)
    raise Unreachable(f"ListObjectsV2 {uri}: {error}") from error
