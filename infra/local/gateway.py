"""Serves the HTTP routes of a Chalice app on this machine, as API Gateway would: through Chalice's own local gateway."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayException

BODY_MAX = 10_000_000  # API Gateway's


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Where the routes are served."""

    url: str
    close: Callable[[], None]


def serve(app: Any, around: Callable[[], AbstractContextManager[Any]] = nullcontext, port: int = 0) -> Gateway:
    """Serve on a free port of the loopback interface. ``around`` is entered for each request: one machine, one at a time."""
    gateway = LocalGateway(app, Config())
    handler = type("Handler", (_Handler,), {"gateway": gateway, "around": staticmethod(around)})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    return Gateway(url=f"http://127.0.0.1:{server.server_port}", close=close)


class _Handler(BaseHTTPRequestHandler):
    gateway: LocalGateway
    around: Callable[[], AbstractContextManager[Any]]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > BODY_MAX:
            self._answer(413, {}, b"too large")
            return
        body = self.rfile.read(int(length))
        with self.around():
            try:
                found = self.gateway.handle_request("POST", self.path, dict(self.headers.items()), body)
                self._answer(found["statusCode"], dict(found["headers"]), found["body"] or b"")
            except LocalGatewayException as refused:
                self._answer(refused.CODE, {}, refused.body or b"")

    def do_GET(self) -> None:
        self._answer(403, {}, b'{"message": "Missing Authentication Token"}')  # as API Gateway says it of a route nobody has

    def _answer(self, status: int, headers: dict[str, str], body: bytes | str) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests carry signatures."""
