"""Serves a world over HTTP in the AWS JSON 1.1 protocol, for boto3."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from typing import Any

from infra.local.http_server import HttpServer, Request, Response
from infra.local.sagemaker import shapes
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.world import World

SERVICE = "SageMaker."


class Server(HttpServer):
    """A running server. Code that moves the world's clock must hold ``lock``."""

    def __init__(self, world: World, *, port: int = 0) -> None:
        self.world = world
        self.lock = threading.RLock()
        super().__init__(self._respond, port=port)

    def _respond(self, request: Request) -> Response:
        try:
            status, answer = 200, self._call(request)
        except ApiError as error:
            status, answer = error.status, {"__type": error.code, "message": error.message}
        body = json.dumps(answer, default=_epoch_seconds).encode()
        return Response(status=status, body=body, headers={"Content-Type": "application/x-amz-json-1.1"})

    def _call(self, request: Request) -> dict[str, Any]:
        operation = request.header("X-Amz-Target").removeprefix(SERVICE)
        try:
            found = json.loads(request.body or b"{}")
        except ValueError as error:
            raise ApiError("SerializationException", f"The body of {operation} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise ApiError("SerializationException", f"The body of {operation} is not a JSON object.")
        with self.lock:
            return self.world.call(operation, shapes.parse_times(operation, found))


def serve(world: World, port: int = 0) -> Server:
    """Serve a world on the loopback interface. ``port`` 0: any free port."""
    return Server(world, port=port)


def _epoch_seconds(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
