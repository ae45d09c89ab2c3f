"""Serves small AWS services on this machine over AWS's JSON protocol: operations of a name, each a function of the request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]


class AwsError(Exception):
    """What AWS answers instead: an error's code."""


class JsonServer:
    """Answers the operations it was given, under any prefix of the X-Amz-Target header."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        handler = type("Handler", (_Handler,), {"operations": dict(operations)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    operations: dict[str, Operation]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        name = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        try:
            if name not in self.operations:
                raise AwsError("UnknownOperationException")
            status, answer = 200, self.operations[name](asked)
        except AwsError as error:
            status, answer = 400, {"__type": str(error), "message": str(error)}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
