"""One Lambda container: the package in its own process under awslambdaric, with a Runtime API on this machine."""

from __future__ import annotations

import json
import queue
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from infra.local.http_server import HttpServer, Request, Response

NEXT = "/2018-06-01/runtime/invocation/next"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:{name}"
TIMEOUT_S = 300  # of real time, because this machine may be busy


class Killed(Exception):
    """The process died before it responded, as a container does that runs out of memory or time."""


class Failed(Exception):
    """The function raised an error. The message is what the runtime client reported."""


@dataclass(slots=True)
class Container:
    """A function's container. Its process starts at the first invocation, and again after it was killed."""

    name: str
    handler: str
    python: Path
    task: Path
    environment: Mapping[str, str]
    log: IO[str]
    cold_starts: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _server: HttpServer | None = None
    _events: queue.Queue[bytes] = field(default_factory=queue.Queue)
    _answers: queue.Queue[tuple[bool, bytes]] = field(default_factory=queue.Queue)

    def invoke(self, event: Mapping[str, Any], armed: Callable[[Callable[[], object]], object] = lambda kill: None) -> Any:
        """Run one invocation. ``armed`` is called with a function that kills the process. Raises Killed and Failed."""
        if self._process is not None and self._process.poll() is not None:
            self.close()  # it died after its response
        if self._process is None:
            self._start()
        process, answers = self._process, self._answers
        assert process is not None
        armed(process.kill)
        self._events.put(json.dumps(event).encode())
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            with suppress(queue.Empty):
                done, body = answers.get(timeout=0.02)
                if done:
                    return json.loads(body or b"null")
                raise Failed(body.decode(errors="replace")[:500])
            if process.poll() is not None and answers.empty():
                self.close()
                raise Killed(f"{self.name}: exit code {process.returncode}")
        self.close()
        raise Killed(f"{self.name}: no answer in {TIMEOUT_S} s")

    def _start(self) -> None:
        """Start a new process with new queues, so that a late response of a killed process is ignored."""
        self._events, self._answers = queue.Queue(), queue.Queue()
        api = RuntimeApi(self.name, self._events, self._answers)
        self._server = HttpServer(api.respond)
        told = {
            **self.environment, "_HANDLER": self.handler, "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_RUNTIME_API": self._server.url.removeprefix("http://"),
        }  # fmt: skip
        command = [str(self.python), "-m", "awslambdaric", self.handler]
        self._process = subprocess.Popen(command, env=told, cwd=self.task, stdout=self.log, stderr=self.log)  # noqa: S603  # our own package
        self.cold_starts += 1

    def close(self) -> None:
        """End the process; the next invocation starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._server is not None:
            self._server.close()
        self._process = self._server = None


@dataclass(slots=True)
class RuntimeApi:
    """Lambda's Runtime API for one process."""

    name: str
    events: queue.Queue[bytes]
    answers: queue.Queue[tuple[bool, bytes]]
    count: int = 0

    def respond(self, request: Request) -> Response | None:
        """Answer one request of the runtime client."""
        if request.path == NEXT:
            return self._next()
        self.answers.put((request.path.endswith("/response"), request.body))
        return Response(status=202, body=b"{}", headers={"Content-Type": "application/json"})

    def _next(self) -> Response | None:
        event = self.events.get()  # in a daemon thread, which waits until the end if the process is dead
        self.count += 1
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"{self.name}-{self.count}",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + TIMEOUT_S) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": ARN.format(name=self.name),
            "Content-Type": "application/json",
        }
        return Response(body=event, headers=headers)
