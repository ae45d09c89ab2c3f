"""Gives the packaged code the virtual time of the harness: Python imports this before the runtime client. It ships nowhere."""

import os
from datetime import datetime
from pathlib import Path

from controller import wiring

FILE = Path(os.environ["CHAOS_CLOCK"])


class FileClock:
    """The time that the harness wrote last."""

    def now(self) -> datetime:
        return datetime.fromisoformat(FILE.read_text())


wiring.install(clock=FileClock())
