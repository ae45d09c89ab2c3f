"""Reads the JSON of an AWS service as boto3 returns it: times as datetimes, no unknown members, errors as ClientError."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from botocore.exceptions import ChecksumError, ClientError, HTTPClientError

from controller.aws.sagemaker.described_members import UNACCOUNTED, Members, described_members, unaccounted

PAGE_MAX = 2_000  # bytes of an error page that are kept


def answer_of(operation: str, body: bytes, headers: Mapping[str, str], attempt: int, url: str) -> dict[str, Any]:
    """The answer of a call that AWS accepted. Raises HTTPClientError where it is no JSON object, or a time in it is invalid."""
    try:
        found = json.loads(body or b"{}", object_hook=_binary if b'"B"' in body else None)
        if not isinstance(found, dict):
            raise TypeError(f"found {type(found).__name__}, wanted an object")
        if operation == "DescribeTrainingJob":
            found = {**_known(found, described_members()), UNACCOUNTED: unaccounted(found)}
    except (ValueError, TypeError, OSError, OverflowError, RecursionError) as problem:
        raise HTTPClientError(error=f"{url} gave an answer to {operation} that cannot be read: {problem}") from problem
    found = {name: value for name, value in found.items() if value is not None}
    return {**found, "ResponseMetadata": _metadata(200, headers, attempt)}


def check_whole(body: bytes, headers: Mapping[str, str]) -> None:
    """Raise ChecksumError where the body was damaged on its way: DynamoDB sends its CRC-32 in x-amz-crc32."""
    sent = headers.get("x-amz-crc32", "")
    if sent.isdecimal() and sent != str(crc32(body)) and "content-encoding" not in headers:
        raise ChecksumError(checksum_type="crc32", expected_checksum=sent, actual_checksum=str(crc32(body)))


def as_base64(value: Any) -> str:
    """Bytes as base64, for ``json.dumps``. Raises TypeError for anything else."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"found {type(value).__name__}, wanted a type of JSON, or bytes")


def _binary(found: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's binary value {"B": base64} as bytes. An attribute whose name is B has an object as its value, and is kept."""
    value = found.get("B")
    return {"B": b64decode(value)} if isinstance(value, str) and len(found) == 1 else found


def _known(found: Any, members: Members | str | None) -> Any:
    """An answer as boto3 returns it: without nulls and unknown members, and with times as datetimes."""
    if members == "time":
        return _moment(found)
    if isinstance(found, list):
        return [_known(one, members) for one in found]
    if not isinstance(found, dict) or not isinstance(members, Mapping):
        return found
    return {n: _known(value, members[n]) for n, value in found.items() if value is not None and n in members}


def _moment(found: Any) -> datetime:
    """A time as seconds or as text, in UTC where it names no zone. Raises ValueError, TypeError, OSError or OverflowError."""
    with suppress(ValueError):
        return datetime.fromtimestamp(float(found), UTC)
    at = datetime.fromisoformat(found)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def error_of(operation: str, status: int, headers: Mapping[str, str], body: bytes, attempt: int) -> ClientError:
    """The exception that boto3 raises for a call that AWS refused. ``attempt`` counts from 1."""
    try:
        told = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        told = {"message": body[:PAGE_MAX].decode(errors="replace")}  # a page of a proxy; boto3 has it as the message, too
    told = told if isinstance(told, dict) else {}
    code = str(told.get("__type") or headers.get("x-amzn-errortype") or told.get("code") or status)
    code = code.split(":", 1)[0].rsplit("#", 1)[-1]
    message = str(told.get("message") or told.get("Message") or "")
    more = {name: value for name, value in told.items() if name not in ("__type", "message", "Message")}
    error = {"Code": code, "Message": message}
    response: Any = {**more, "Error": error, "ResponseMetadata": _metadata(status, headers, attempt)}
    return ClientError(response, operation)


def _metadata(status: int, headers: Mapping[str, str], attempt: int) -> dict[str, Any]:
    asked_as = headers.get("x-amzn-requestid", "")
    return {"HTTPStatusCode": status, "HTTPHeaders": dict(headers), "RequestId": asked_as, "RetryAttempts": attempt - 1}
