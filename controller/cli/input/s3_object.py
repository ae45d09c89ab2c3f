"""S3 objects as files: as a stream, or with random access."""

from __future__ import annotations

import io
import re
from typing import Any, cast

ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)")
CHANGED = "the object was changed or ended while it was read, wanted one that stays as it is"


def streamed(client: Any, bucket: str, key: str) -> io.BufferedReader:
    """An S3 object as a stream. Raises what boto3 raises."""
    return io.BufferedReader(cast(io.RawIOBase, _Body(client.get_object(Bucket=bucket, Key=key)["Body"])))


class _Body(io.RawIOBase):
    """The body of GetObject's answer as a raw stream."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


class S3Object(io.RawIOBase):
    """An S3 object with random access: each read gets a range of bytes, with ``IfMatch`` so that the object is always the same.

    Raises what boto3 raises, and OSError if fewer bytes arrive than were requested.
    """

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        found = client.head_object(Bucket=bucket, Key=key)
        self._client, self._at, self._size = client, 0, int(found["ContentLength"])
        self._object = {"Bucket": bucket, "Key": key, "IfMatch": found["ETag"]}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence], 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        data = self._client.get_object(**self._object, Range=f"bytes={self._at}-{self._at + wanted - 1}")["Body"].read()
        if len(data) != wanted:
            raise OSError(CHANGED)
        buffer[:wanted] = data
        self._at += wanted
        return wanted
