"""Serves the HTTP routes of a Chalice app on this machine as API Gateway does, through Chalice's own local gateway."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayException

from infra.local.http_server import HttpServer, Request, Response

BODY_BYTES_MAX = 10_000_000  # API Gateway's limit
NO_ROUTE = Response(status=403, body=b'{"message": "Missing Authentication Token"}')  # API Gateway's response without a route


def serve(app: Any, around: Callable[[], AbstractContextManager[Any]] = nullcontext, port: int = 0) -> HttpServer:
    """Serve the app's POST routes. ``around`` makes a context manager, which is entered for each request."""
    gateway = LocalGateway(app, Config())

    def respond(request: Request) -> Response:
        if request.method != "POST":
            return NO_ROUTE
        with around():
            try:
                found = gateway.handle_request("POST", request.path, dict(request.headers.items()), request.body)
            except LocalGatewayException as error:
                return Response(status=error.CODE, body=_bytes(error.body))
        return Response(status=found["statusCode"], headers=_without_length(found["headers"]), body=_bytes(found["body"]))

    return HttpServer(respond, port=port, body_bytes_max=BODY_BYTES_MAX)


def _bytes(body: bytes | str | None) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""


def _without_length(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "content-length"}
