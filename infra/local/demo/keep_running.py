"""Keeps the embedded AWS running after the demo, and writes files with which other processes can use it."""

from __future__ import annotations

import json
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from infra.local.host import TABLE, Host

ENVIRONMENT_FILE = "environment.sh"


def ports_of(host: Host) -> dict[str, Any]:
    """Return the content of the ports file: endpoints, table, region and environment variables."""
    return {
        "endpoints": dict(host.endpoints),
        "table": TABLE,
        "region": host.environment["AWS_REGION"],
        "environment": dict(host.environment),
    }


@contextmanager
def published(host: Host, out: Path, ports_file: Path | None) -> Iterator[None]:
    """Write the ports file and a file for the shell, and remove both at the end."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(host.environment.items())]
    files = {out / ENVIRONMENT_FILE: "".join(lines)}
    if ports_file is not None:
        files[ports_file] = json.dumps(ports_of(host), indent=2) + "\n"
    try:
        for path, text in files.items():
            _write(path, text)
        yield
    finally:
        for path in files:
            path.unlink(missing_ok=True)


def wait_for_the_end() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ended.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(path: Path, text: str) -> None:
    """Write a file atomically, so that no other process reads an incomplete one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)
