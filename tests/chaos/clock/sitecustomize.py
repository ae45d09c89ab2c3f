"""Gives the packaged code the virtual time of the run. Python imports this module first. It is not part of the package."""

import importlib
import os
from datetime import datetime
from pathlib import Path

try:
    from controller import wiring
except ImportError as problem:  # otherwise Python would ignore the error and use the machine's time
    print(f"the package is not on the path: {problem}", flush=True)
    os._exit(70)

FILE = Path(os.environ["CHAOS_CLOCK"])


class FileClock:
    """A clock whose time is in a file, which the run writes."""

    def now(self) -> datetime:
        return datetime.fromisoformat(FILE.read_text())


wiring.install(clock=FileClock())
if fault := os.environ.get("CHAOS_FAULT"):
    importlib.import_module("faults").FAULTS[fault]()
