"""A share of one core for a process: by a cgroup where the machine lets us make one, else by stopping and continuing it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup/cpu")  # version 1
PERIOD_US = 20_000  # Lambda's


class Quota:
    """Gives processes ``share`` of a core from the moment at which ``limit`` is called."""

    def __init__(self, share: float) -> None:
        self.share = share
        self.how = "no limit"
        self._group: Path | None = None

    def limit(self, pid: int) -> None:
        """Limit a process from now on."""
        if self._group is not None:
            (self._group / "cgroup.procs").write_text(str(pid))
        elif self.share < 1:
            threading.Thread(target=self._duty, args=(pid,), daemon=True).start()

    def _duty(self, pid: int) -> None:
        """The same share, in periods of 20 ms: a process that waits uses up its part as well, so this is a little too slow."""
        with suppress(ProcessLookupError):
            while True:
                time.sleep(self.share * PERIOD_US / 1e6)
                os.kill(pid, signal.SIGSTOP)
                time.sleep((1 - self.share) * PERIOD_US / 1e6)
                os.kill(pid, signal.SIGCONT)


@contextmanager
def quota(share: float) -> Iterator[Quota]:
    """A quota; its group is removed at the end."""
    made = Quota(share)
    if share >= 1:
        yield made
        return
    group = CGROUP / f"spotwarden-{os.getpid()}"
    try:
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(int(PERIOD_US * share)))
        made._group, made.how = group, "a cgroup quota"
    except OSError as problem:
        made.how = f"SIGSTOP and SIGCONT in periods of 20 ms, because no cgroup can be made here ({problem})"
    try:
        yield made
    finally:
        with suppress(OSError):
            group.rmdir()
