"""Gives the packaged code the virtual time of the harness: Python imports this before the runtime client. It ships nowhere.

With CHAOS_CLOSE_FIRST, an intent is closed before it is performed: a fault that only a death in between shows.
"""

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

if "CHAOS_CLOSE_FIRST" in os.environ:
    from controller.ledger.intent import IntentResult
    from controller.runtime import perform

    carry_out = perform._carry_out

    def _closing_first(intent, lineage, ports, again):
        ports.ledger.lineages.close(lineage.id, intent, IntentResult.DONE, "")
        return carry_out(intent, lineage, ports, again)

    perform._carry_out = _closing_first
