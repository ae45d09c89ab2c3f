"""Lambda's Runtime API for one process and its invocations, with the times at which the process asked and answered."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.http_server import HttpServer, Request, Response

ARN = "arn:aws:lambda:us-east-1:123456789012:function:measured"
NEXT = "/2018-06-01/runtime/invocation/next"
TIMEOUT_S = 120
PROCESS_CLOCK = 2  # Linux makes the number of a process's CPU clock from its pid and this


class DidNotStart(Exception):
    """The process ended, or answered with an error. The message has what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """One cold start: seconds of wall clock and of CPU until the end of init and of each invocation, and the peak memory.

    ``asked_at`` is the time of each request for an event, by ``time.perf_counter``.
    """

    asked_at: tuple[float, ...]
    init_s: float
    done_s: tuple[float, ...]
    init_cpu_s: float
    cpu_s: tuple[float, ...]
    peak_mb: float
    answers: tuple[Any, ...]


@dataclass
class RuntimeApi:
    """Answers what awslambdaric asks: the next event, and what becomes of its answer."""

    events: Sequence[Mapping[str, Any]]
    on_init: Callable[[], None]
    asked: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    problem: str = ""
    over: threading.Event = field(default_factory=threading.Event)
    pid: queue.Queue[int] = field(default_factory=queue.Queue)
    known_pid: int = 0

    def respond(self, request: Request) -> Response | None:
        """Answer one request of the runtime client."""
        if request.path == NEXT:
            self.known_pid = self.known_pid or self.pid.get(timeout=TIMEOUT_S)
            self.asked.append(time.perf_counter())
            self.cpu.append(cpu_s(self.known_pid))
            if len(self.asked) == 1:
                self.on_init()
            if len(self.asked) > len(self.events):
                self.over.set()
                time.sleep(TIMEOUT_S)  # the process is killed meanwhile
                return None
            headers = {
                "Lambda-Runtime-Aws-Request-Id": f"request-{len(self.asked)}",
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + TIMEOUT_S) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
                "Content-Type": "application/json",
            }
            return Response(body=json.dumps(self.events[len(self.asked) - 1]).encode(), headers=headers)
        if request.path.endswith("/response"):
            self.answers.append(json.loads(request.body or b"null"))
        else:
            self.problem = request.body.decode(errors="replace")
            self.over.set()
        return Response(status=202, body=b"{}", headers={"Content-Type": "application/json"})


def cpu_s(pid: int) -> float:
    """The CPU seconds that a process has used, user and system, to the nanosecond, with those of threads that have ended.

    0 for a process that has ended.
    """
    try:
        return time.clock_gettime(((~pid) << 3) | PROCESS_CLOCK)
    except OSError:
        return 0.0


def start(
    command: list[str],
    events: Sequence[Mapping[str, Any]],
    *,
    environment: Mapping[str, str],
    folder: Path,
    limit: Callable[[int], None],
) -> Started:
    """Start a process as Lambda does, let it answer the events, and end it. ``limit`` is called with its pid after init.

    Raises DidNotStart.
    """
    process: list[subprocess.Popen[bytes]] = []
    api = RuntimeApi(events, on_init=lambda: limit(process[0].pid))
    with HttpServer(api.respond) as server:
        told = {**environment, "AWS_LAMBDA_RUNTIME_API": server.url.removeprefix("http://")}
        began = time.perf_counter()
        process.append(
            subprocess.Popen(command, env=told, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # noqa: S603  # our own arguments
        )
        api.pid.put(process[0].pid)
        said: list[bytes] = []
        output = process[0].stdout
        assert output is not None
        reading = threading.Thread(target=lambda: said.append(output.read()), daemon=True)
        reading.start()
        try:
            deadline = time.perf_counter() + TIMEOUT_S
            while not api.over.wait(0.2):
                if process[0].poll() is not None or time.perf_counter() > deadline:
                    break
            peak = _peak_mb(process[0].pid)
        finally:
            process[0].kill()
            process[0].wait()
            reading.join(5)
    if api.problem or len(api.asked) <= len(events):
        raise DidNotStart(f"{' '.join(command)}: {api.problem}\n{b''.join(said).decode(errors='replace')[-3000:]}")
    first, *later = (at - began for at in api.asked)
    return Started(
        asked_at=tuple(api.asked),
        init_s=first,
        done_s=tuple(later),
        init_cpu_s=api.cpu[0],
        cpu_s=tuple(api.cpu[1:]),
        peak_mb=peak,
        answers=tuple(api.answers),
    )


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
