"""A small HTTP server on the loopback interface, for all services of the embedded AWS and for tests.

A service is a function from a request to a response. Connections are kept open, each has a thread, and nothing is logged.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

BODY_BYTES_MAX = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request. ``path`` includes the query string. Names in ``headers`` are not case-sensitive."""

    method: str
    path: str
    headers: Message
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value; empty if the request does not have it."""
        return str(self.headers.get(name) or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response. Content-Length is added unless the headers contain it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Request], Response | None]
"""Answers a request; None closes the connection without an answer."""


def json_response(document: object, status: int = 200, kind: str = "application/json", **headers: str) -> Response:
    """Build a response whose body is JSON."""
    return Response(status=status, body=json.dumps(document).encode(), headers={"Content-Type": kind, **headers})


def text_response(text: str, status: int = 200, kind: str = "text/plain") -> Response:
    """Build a response whose body is text."""
    return Response(status=status, body=text.encode(), headers={"Content-Type": f"{kind}; charset=utf-8"})


class HttpServer:
    """A server that runs from its construction until ``close``. ``port`` 0: any free port."""

    def __init__(self, respond: Respond, *, port: int = 0, body_bytes_max: int = BODY_BYTES_MAX) -> None:
        handler = type("Handler", (_Handler,), {"respond": staticmethod(respond), "body_bytes_max": body_bytes_max})
        self._http = _Server(("127.0.0.1", port), handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False  # do not wait for clients that keep their connection open
        self.port = int(self._http.server_port)
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop accepting connections, and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    """A server that does not report closed connections, because tests kill client processes."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless the client closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Handles one connection."""

    respond: Respond
    body_bytes_max: int
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # otherwise each response waits 40 ms for the client's acknowledgement

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # one function for all HTTP methods
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > self.body_bytes_max:
            self.close_connection = True  # the body stays unread
            self._write(Response(status=413, body=b"too large"))
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client was killed while it sent the request
            self.close_connection = True
            return
        response = self.respond(Request(method=self.command, path=self.path, headers=self.headers, body=body))
        if response is None:
            self.close_connection = True
        else:
            self._write(response)

    def _write(self, response: Response) -> None:
        """Write the head and the body in one packet."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        headers.setdefault("content-length", str(len(response.body)))  # a response to HEAD has its own: that of the absent body
        headers.pop("connection", None)
        status = f"HTTP/1.1 {response.status} {_reason(response.status)}\r\n"
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(f"{status}{head}\r\n".encode("latin-1") + response.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: requests contain signatures, and only the demo prints to the screen."""


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
