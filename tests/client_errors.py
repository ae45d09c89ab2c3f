"""Errors as botocore raises them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, message: str = "m", operation: str = "AnyCall", *, status: int = 400, **more: Any) -> ClientError:
    """An answer of AWS that is an error; ``more`` are other members of the answer."""
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, operation)
