"""Serves small AWS services on this machine over AWS's JSON protocol: each operation is a function of its request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.http_server import HttpServer, Request, Response, json_response

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]
JSON = "application/x-amz-json-1.1"


class AwsError(Exception):
    """An error response of AWS; the exception's text is the error's code."""


def json_server(operations: Mapping[str, Operation]) -> HttpServer:
    """Serve operations by name. The service prefix of the X-Amz-Target header is ignored."""
    return HttpServer(lambda request: _respond(operations, request))


def _respond(operations: Mapping[str, Operation], request: Request) -> Response:
    name = request.header("X-Amz-Target").rpartition(".")[2]
    try:
        if name not in operations:
            raise AwsError("UnknownOperationException")
        return json_response(operations[name](json.loads(request.body or b"{}")), kind=JSON)
    except AwsError as error:
        return json_response({"__type": str(error), "message": str(error)}, status=400, kind=JSON)
