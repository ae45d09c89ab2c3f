"""A world over HTTP, in the AWS JSON 1.1 protocol, for real boto3."""

from __future__ import annotations

import json
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.sagemaker import shapes
from infra.local.sagemaker.errors import ApiError
from infra.local.sagemaker.world import World

SERVICE = "SageMaker."


class Server:
    """A running server; whoever moves the world's clock holds `lock` meanwhile."""

    def __init__(self, http: _Http) -> None:
        self._http = http
        self.lock = http.lock
        self.url = f"http://127.0.0.1:{http.server_address[1]}"
        self._thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(world: World, port: int = 0) -> Server:
    """Serve a world on this machine only, in threads of its own; port 0 takes a free one."""
    return Server(_Http(world, port))


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.lock = threading.RLock()
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # boto3 keeps its connections
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement
    wbufsize = -1  # head and body leave in one packet
    server: _Http

    def do_POST(self) -> None:
        """Answer one API call."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            status, answer = 200, self._answer(raw)
        except ApiError as error:
            status, answer = error.status, {"__type": error.code, "message": error.message}
        body = json.dumps(answer, default=_epoch_seconds).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, raw: bytes) -> dict[str, Any]:
        operation = self.headers.get("X-Amz-Target", "").removeprefix(SERVICE)
        try:
            request = json.loads(raw or b"{}")
        except ValueError as error:
            raise ApiError("SerializationException", f"The body of {operation} is not JSON: {error}") from error
        if not isinstance(request, dict):
            raise ApiError("SerializationException", f"The body of {operation} is not a JSON object.")
        with self.server.lock:
            return self.server.world.call(operation, shapes.parse_times(operation, request))

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the demo has the screen."""


def _epoch_seconds(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"cannot say {type(value).__name__} in JSON")
