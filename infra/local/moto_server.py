"""Serves moto over HTTP with connections that stay open and a short way to DynamoDB.

moto's own server closes the connection after each answer, starts a thread for the next, and asks Flask which of AWS's services
is meant. With boto3 in the same process that is most of a call; here a call to DynamoDB goes to moto's handler directly.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_to_bytes

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.dynamodb.responses import DynamoHandler
from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app

Answer = tuple[int, Iterable[tuple[str, str]], bytes]


class MotoServer:
    """All of moto on one free port of the loopback interface."""

    def __init__(self, port: int = 0) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False  # a client may keep its connection longer than we live
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        """Stop accepting connections."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests off the wire and writes each answer at once."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # every method goes the same way
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        environ = self._environ()
        is_dynamodb = environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_")
        status, headers, body = _ask_dynamodb(environ) if is_dynamodb else _ask_moto(environ)
        kept = {name.lower(): value for name, value in headers}
        kept.setdefault("content-length", str(len(body)))  # HEAD's is that of the body it leaves out
        kept.pop("connection", None)
        head = "".join(f"{name}: {value}\r\n" for name, value in kept.items())
        self.wfile.write(f"HTTP/1.1 {status} {self.responses[status][0]}\r\n{head}\r\n".encode("latin-1") + body)

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        respelt = {environ_key_for_header(name): name for name in self.headers if should_preserve_original_header_name(name)}
        return {
            **{environ_key_for_header(name): value for name, value in self.headers.items()},
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "RAW_URI": self.path,
            "REQUEST_URI": self.path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.connection.getsockname()[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            PRESERVED_HEADER_NAMES_ENVIRON_KEY: respelt,
        }

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a line for each request would bury the program's own words."""


_moto = DomainDispatcherApplication(create_backend_app)


def _ask_moto(environ: dict[str, Any]) -> Answer:
    told: list[Any] = []
    chunks = _moto(environ, lambda status, headers, _=None: told.extend((status, headers)))
    status, headers = told
    return int(status.split()[0]), headers, b"".join(chunks)


def _ask_dynamodb(environ: dict[str, Any]) -> Answer:
    request = BackendRequest(environ)
    status, headers, body = DynamoHandler.dispatch(request, request.raw_url, dict(request.headers))
    return int(status), [(name, str(value)) for name, value in headers.items() if name != "status"], body.encode()
