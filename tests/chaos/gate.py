"""A proxy before a service of the embedded AWS: it forwards calls, and can kill the caller before or after one of them."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import urlsplit

from infra.local.http_server import HttpServer, Request, Response

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}
TIMEOUT_S = 120


class Moment(StrEnum):
    """When a process is killed, relative to a call."""

    BEFORE_CALL = "before a call was carried out"
    AFTER_CALL = "after a call, before its answer"
    TIME = "at a random time"


@dataclass(slots=True)
class Trap:
    """Kills a process at its n-th call from now. ``kill`` is called once."""

    moment: Moment
    calls_left: int
    kill: Callable[[], object]
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def falls(self) -> bool:
        """Count a call. Returns whether the process has to be killed at it."""
        with self._lock:
            self.calls_left -= 1
            return self.calls_left == 0


@dataclass(slots=True)
class Gates:
    """The gates before the services that processes call. Only one process runs at a time, so one trap is enough."""

    trap: Trap | None = None
    calls: Counter[str] = field(default_factory=Counter)  # by operation; TransactedRow counts the rows of transactions
    _servers: list[HttpServer] = field(default_factory=list)

    def before(self, url: str) -> str:
        """Start a gate before a URL. Returns the gate's URL, with the same path."""
        parts = urlsplit(url)
        server = HttpServer(lambda request: self._respond(str(parts.hostname), int(parts.port or 80), request))
        self._servers.append(server)
        return f"{server.url}{parts.path}"

    def _respond(self, host: str, port: int, request: Request) -> Response | None:
        self._count(request)
        trap = self.trap
        here = trap is not None and trap.falls()
        if here and trap is not None and trap.moment is Moment.BEFORE_CALL:
            trap.kill()
            return None
        answer = _pass_on(host, port, request)
        if here and trap is not None:
            trap.kill()
            return None
        return answer

    def _count(self, request: Request) -> None:
        operation = request.header("X-Amz-Target").rpartition(".")[2] or request.method
        self.calls[operation] += 1
        if operation == "TransactWriteItems":
            self.calls["TransactedRow"] += len(json.loads(request.body)["TransactItems"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()


def _pass_on(host: str, port: int, request: Request) -> Response:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
        connection.request(request.method, request.path, body=request.body, headers=headers)
        found = connection.getresponse()
        kept = {name: value for name, value in found.getheaders() if name.lower() not in HOP_BY_HOP}
        return Response(status=found.status, body=found.read(), headers=kept)
    finally:
        connection.close()
