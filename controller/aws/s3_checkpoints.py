"""Scans checkpoint prefixes in S3: with one ListObjectsV2 request as a rule, and at most twelve for a prefix of many objects.

Beyond the first 1,000 objects, the folders below the prefix are listed, and those with the highest numbers are read, because
frameworks number their checkpoints by step. A scan that may have missed objects is not ``complete``: the newest checkpoint may be
newer than the one it found, never older. No request uses StartAfter, which directory buckets do not support (ListObjectsV2).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import UNREADABLE, AwsFault, fault_of
from controller.jobs.checkpoint import NOT_READ, CheckpointScan
from controller.jobs.checkpoint_files import StoredFile, checkpoint_files, newest_checkpoint_at
from controller.jobs.claim import bucket_and_prefix
from controller.runtime.ports.answers import Unreachable

PAGE = 1000  # objects in a page of S3
REQUESTS_MAX = 12  # per scan
LEVEL_PAGES_MAX = 4  # pages of one folder
NEWEST_FOLDERS = 2  # the newest may be half written; then the one before it counts

# S3's error codes that no later scan will change, and their meaning for people.
PROBLEMS: Mapping[str, str] = {
    "NoSuchBucket": "the bucket does not exist",
    "AccessDenied": "our role may not list it (s3:ListBucket)",
    "AllAccessDisabled": "the bucket's owner disabled all access",
    "PermanentRedirect": "the bucket is in another region",
    "AuthorizationHeaderMalformed": "the bucket is in another region",
    "IllegalLocationConstraintException": "the bucket is in another region",
    "InvalidBucketName": "that is not a valid bucket name",
}


class S3Checkpoints:
    """The Checkpoints port over a boto3 ``s3`` client."""

    def __init__(self, client: Any, buckets: Collection[str]) -> None:
        """Scan only ``buckets`` (full names): a job's creator can name any bucket that the controller's role may list."""
        self._client = client
        self._buckets = frozenset(buckets)

    def scan(self, uri: str, *, now: datetime, ignore: Sequence[str] = ()) -> CheckpointScan:
        bucket, prefix = bucket_and_prefix(uri)
        if bucket not in self._buckets:
            return _unseen(uri, now, NOT_READ)
        listing = _Listing(
            self._client,
            bucket,
            f"{prefix.rstrip('/')}/" if prefix.strip("/") else "",
            open_=bool(prefix) and not prefix.endswith("/"),
        )
        try:
            found = listing.objects()
            written = checkpoint_files(found, ignore)
            newest_at = newest_checkpoint_at(written)
            sibling = f"s3://{bucket}/{beside}" if (beside := listing.sibling()) else ""
        except (ClientError, BotoCoreError) as error:
            return _unseen(uri, now, _problem(uri, error))
        except UNREADABLE as error:
            raise Unreachable(f"ListObjectsV2 {uri} gave an answer that cannot be read: {error!r}") from error
        return CheckpointScan(
            uri=uri,
            scanned_at=now,
            objects=len(written),
            bytes_seen=sum(file.size for file in found),
            newest_at=newest_at,
            complete=listing.complete,
            others=len(found) - len(written),
            sibling=sibling,
        )


class _Listing:
    """The objects below one prefix, as far as a bounded number of list requests shows them."""

    def __init__(self, client: Any, bucket: str, prefix: str, *, open_: bool = False) -> None:
        """``open_`` says whether the prefix was given without its last slash."""
        self._client, self._bucket, self._prefix, self._open = client, bucket, prefix, open_
        self._left = REQUESTS_MAX
        self.complete = True  # False where a newer object may be unseen

    def objects(self) -> list[StoredFile]:
        first = self._list(self._prefix)
        files = self._files(first)
        if first.get("IsTruncated"):
            files += self._below(self._prefix)
        return list({file.path: file for file in files}.values())

    def sibling(self) -> str:
        """A key or folder beside the prefix whose name begins with it; empty without one.

        Where the prefix has no last slash, S3 lists both, and what copies the prefix copies both.
        """
        if not self._open or not self._left:
            return ""
        page = self._list(self._prefix.rstrip("/"), delimiter="/")
        beside = (
            *(found["Prefix"] for found in page.get("CommonPrefixes", ())),
            *(one["Key"] for one in page.get("Contents", ())),
        )
        return next((name for name in sorted(beside) if name not in (self._prefix, self._prefix.rstrip("/"))), "")

    def _below(self, folder: str) -> list[StoredFile]:
        """The objects right below a folder, and those of its newest folders."""
        files, folders = self._level(folder)
        newest = sorted(folders, key=_by_number)[-NEWEST_FOLDERS:]
        self.complete = self.complete and (len(newest) == len(folders) or all(_by_number(name)[0] >= 0 for name in folders))
        for name in newest:
            page = self._list(name) if self._left else None
            if page is None:
                self.complete = False
            elif not page.get("IsTruncated"):
                files += self._files(page)
            elif len(folders) == 1:
                files += self._files(page) + self._below(name)
            else:
                files += self._pages(name, page)
        return files

    def _level(self, folder: str) -> tuple[list[StoredFile], list[str]]:
        """What lies right below a folder: objects, and the prefixes of further folders."""
        files: list[StoredFile] = []
        folders: list[str] = []
        token: str | None = None
        for _ in range(LEVEL_PAGES_MAX):
            if not self._left:
                break
            page = self._list(folder, delimiter="/", token=token)
            files += self._files(page)
            folders += [found["Prefix"] for found in page.get("CommonPrefixes", ())]
            token = page.get("NextContinuationToken")
            if not page.get("IsTruncated"):
                return files, folders
        self.complete = False
        return files, folders

    def _pages(self, folder: str, page: Any) -> list[StoredFile]:
        """All objects below a folder whose first page is known, while requests are left."""
        files = self._files(page)
        while page.get("IsTruncated"):
            if not self._left:
                self.complete = False
                break
            page = self._list(folder, token=page.get("NextContinuationToken"))
            files += self._files(page)
        return files

    def _list(self, prefix: str, *, delimiter: str | None = None, token: str | None = None) -> Any:
        self._left -= 1
        more = {name: value for name, value in (("Delimiter", delimiter), ("ContinuationToken", token)) if value}
        return self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=PAGE, **more)

    def _files(self, page: Any) -> list[StoredFile]:
        return [
            StoredFile(path=found["Key"][len(self._prefix) :], size=int(found["Size"]), modified_at=found["LastModified"])
            for found in page.get("Contents", ())
            if len(found["Key"]) > len(self._prefix)
        ]


def _unseen(uri: str, now: datetime, problem: str) -> CheckpointScan:
    return CheckpointScan(uri=uri, scanned_at=now, objects=0, bytes_seen=0, newest_at=None, complete=False, problem=problem)


def _by_number(folder: str) -> tuple[int, str]:
    """Sorts folders by the last number in their name; folders without a number come first."""
    numbers = re.findall(r"\d+", folder.rstrip("/").rpartition("/")[2])
    return (int(numbers[-1][-18:]) if numbers else -1), folder


def _problem(uri: str, error: ClientError | BotoCoreError) -> str:
    """Why S3 does not show a prefix, in words. Raises Unreachable for what may succeed the next time."""
    code = str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
    if code in PROBLEMS:
        return PROBLEMS[code]
    fault = fault_of(error)
    if fault in (AwsFault.DENIED, AwsFault.INVALID, AwsFault.MISSING) or (fault is AwsFault.OTHER and _at_fault(error)):
        return str(error)
    raise Unreachable(f"ListObjectsV2 {uri}: {error}") from error


def _at_fault(error: ClientError | BotoCoreError) -> bool:
    """Whether S3 says that the request is at fault (HTTP 4xx), such as a key that is too long: a job's creator chose its URI."""
    answer = error.response if isinstance(error, ClientError) else {}
    return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) in range(400, 500)
