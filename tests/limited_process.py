"""Runs a command of ``spotwarden`` in a process of its own, with limits on its CPU time and memory.

The process is forked from one that has imported the command line already: that import takes longer than most commands.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

CPU_S_MAX = 10
MEMORY_MAX = 300 * 2**20  # bytes of data
WALL_S_MAX = 300  # a busy machine
CLOSED_PIPE = "closed pipe"

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["controller.cli.check.command", "controller.cli.compile_policies", "controller.cli.validate"])


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def spotwarden(*arguments: str, folder: Path, cpu_s: int = CPU_S_MAX, stdout: str = "") -> Ended:
    """Run a command in ``folder``. ``stdout`` is a device to write to, or ``CLOSED_PIPE``, instead of what is returned.

    A command that takes more than ``cpu_s`` seconds of CPU, or more memory than ``MEMORY_MAX``, is ended by the system.
    """
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "stdout"), Path(place, "stderr")
        process = _FORKING.Process(target=_run, args=(arguments, str(folder), cpu_s, stdout or str(out), str(err)))
        process.start()
        process.join(WALL_S_MAX)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"spotwarden {' '.join(arguments)} did not end within {WALL_S_MAX} s")
        printed = [path.read_text() if path.exists() else "" for path in (out, err)]
    return Ended(process.exitcode, *printed)


def _run(arguments: tuple[str, ...], folder: str, cpu_s: int, stdout: str, stderr: str) -> None:
    os.dup2(_closed_pipe() if stdout == CLOSED_PIPE else os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT), 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115 - as a new process has them
    os.chdir(folder)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MAX, MEMORY_MAX))
    from controller.cli import main

    sys.exit(main(arguments))


def _closed_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write
