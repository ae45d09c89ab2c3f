"""Reads the JSON of an AWS service as boto3 gives it: times as datetimes, no unknown members, errors as ClientError."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError

from controller.aws.sagemaker.described_members import UNACCOUNTED, Members, described_members, unaccounted


def answer_of(operation: str, body: bytes, headers: Mapping[str, str], attempt: int, url: str) -> dict[str, Any]:
    """The answer of a call that AWS accepted. Raises HTTPClientError where it is no JSON."""
    try:
        found: dict[str, Any] = json.loads(body or b"{}", object_hook=_binary if b'"B"' in body else None)
    except ValueError as problem:
        raise HTTPClientError(error=f"{url} answered {operation} with what is no JSON: {problem}") from problem
    if operation == "DescribeTrainingJob":
        found = {**_known(found, described_members()), UNACCOUNTED: unaccounted(found)}
    found = {name: value for name, value in found.items() if value is not None}
    return {**found, "ResponseMetadata": _metadata(200, headers, attempt)}


def as_base64(value: Any) -> str:
    """What ``json.dumps`` cannot write itself: bytes. Raises TypeError for anything else."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"found {type(value).__name__}, wanted what JSON has, or bytes")


def _binary(found: dict[str, Any]) -> dict[str, Any]:
    """DynamoDB's binary value as bytes. An attribute of the name B has an object as its value."""
    value = found.get("B")
    return {"B": b64decode(value)} if isinstance(value, str) and len(found) == 1 else found


def _known(found: Any, members: Members | str | None) -> Any:
    """An answer as boto3 gives it: without nulls and unknown members, and with times as datetimes."""
    if isinstance(found, list):
        return [_known(one, members) for one in found]
    if members == "time":
        return _moment(found)
    if not isinstance(found, dict) or not isinstance(members, Mapping):
        return found
    return {n: _known(value, members[n]) for n, value in found.items() if value is not None and n in members}


def _moment(found: Any) -> datetime:
    with suppress(TypeError, ValueError):
        return datetime.fromtimestamp(float(found), UTC)
    return datetime.fromisoformat(found)


def error_of(operation: str, status: int, headers: Mapping[str, str], body: bytes, attempt: int) -> ClientError:
    """The exception of boto3 for a call that AWS refused."""
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    code = str(told.get("__type") or headers.get("x-amzn-errortype") or told.get("code") or status)
    code = code.rsplit("#", 1)[-1].split(":", 1)[0]
    message = str(told.get("message") or told.get("Message") or "")
    more = {name: value for name, value in told.items() if name not in ("__type", "message", "Message")}
    error = {"Code": code, "Message": message}
    response: Any = {**more, "Error": error, "ResponseMetadata": _metadata(status, headers, attempt)}
    return ClientError(response, operation)


def _metadata(status: int, headers: Mapping[str, str], attempt: int) -> dict[str, Any]:
    asked_as = headers.get("x-amzn-requestid", "")
    return {"HTTPStatusCode": status, "HTTPHeaders": dict(headers), "RequestId": asked_as, "RetryAttempts": attempt - 1}
