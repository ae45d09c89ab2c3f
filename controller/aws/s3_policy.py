"""Reads the compiled policy document at ``POLICY_URI``: one object in S3, up to a maximum size, and only when it changed."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import UNREADABLE, AwsFault, fault_of
from controller.policy.compiled_document import BYTES_MAX
from controller.units.value import dataclass

URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([A-Za-z0-9!_./'()-]{1,900})")
NOT_MODIFIED, NO_KEY, NO_BUCKET = "304", "NoSuchKey", "NoSuchBucket"
RULE = "wanted s3://BUCKET/KEY, with letters, digits and !_./'()- in the key"


class InvalidPolicyUri(ValueError):
    """A text that is no address of a policy document in S3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The object is the version that was read before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """Another version of the object, with its ETag. ``problem`` says why its content was not read; empty where it was."""

    etag: str
    content: bytes = b""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRead:
    """The object could not be read: there is none, it may not be read, or, where ``passing``, S3 did not answer."""

    problem: str
    passing: bool


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The bucket and key of an S3 URI. Raises InvalidPolicyUri."""
    found = URI.fullmatch(uri)
    if found is None or found[2].endswith("/"):
        raise InvalidPolicyUri(f"found {uri[:200]!r}, {RULE}")
    return found[1], found[2]


class S3PolicyDocument:
    """One object over a boto3 ``s3`` client. ``uri`` is its address. Raises InvalidPolicyUri."""

    def __init__(self, client: Any, uri: str) -> None:
        self._client = client
        self.uri = uri
        self._bucket, self._key = bucket_and_key(uri)

    def read(self, known: str = "") -> Unchanged | FoundObject | NotRead:
        """Read the object unless its ETag is ``known``. An AWS error is not raised: the former policy stays in force."""
        unless = {"IfNoneMatch": known} if known else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **unless)
            size = int(answer["ContentLength"])
            if size > BYTES_MAX:
                answer["Body"].close()
                return FoundObject(etag=answer["ETag"], problem=f"found {size:,} bytes, wanted at most {BYTES_MAX:,}")
            return FoundObject(etag=answer["ETag"], content=answer["Body"].read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == NOT_MODIFIED:
                return Unchanged()
            return NotRead(problem=_problem(error), passing=fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE))
        except BotoCoreError as error:
            return NotRead(problem=_problem(error), passing=fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE))
        except UNREADABLE as error:
            return NotRead(problem=f"S3 gave an answer that cannot be read ({type(error).__name__})", passing=True)


def _problem(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, BotoCoreError):
        return f"S3 did not answer ({type(error).__name__})"
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    if code in (NO_KEY, NO_BUCKET, "404"):
        return f"there is no such object ({code})"
    if fault_of(error) is AwsFault.DENIED or code == "403":  # without s3:ListBucket, S3 denies a missing object, too
        return f"there is no such object, or the stack's role may not read it ({code})"
    return f"S3 answered {code}"
