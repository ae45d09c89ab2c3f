"""Gives the packaged code the virtual time of the harness: Python imports this before the runtime client. It ships nowhere."""

import importlib
import os
from datetime import datetime
from pathlib import Path

try:
    from controller import wiring
except ImportError as problem:  # Python would go on without this module, on the machine's own time
    print(f"the package is not on the path: {problem}", flush=True)
    os._exit(70)

FILE = Path(os.environ["CHAOS_CLOCK"])


class FileClock:
    """The time that the harness wrote last."""

    def now(self) -> datetime:
        return datetime.fromisoformat(FILE.read_text())


wiring.install(clock=FileClock())
if fault := os.environ.get("CHAOS_FAULT"):
    importlib.import_module("faults").FAULTS[fault]()
