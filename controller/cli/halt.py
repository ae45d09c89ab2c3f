"""``spotwarden halt`` and ``spotwarden resume``: pause the controller, and let it continue."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from controller.cli.input.options import Table
from controller.cli.open_ledger import with_ledger
from controller.cli.output.errors import BadInput
from controller.ledger.halt import WHO_MAX, WHY_MAX, halt_of
from controller.notifications.messages.text import halted
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger
from controller.units.free_text import one_line


def run_halt(
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, at most 500 characters; each digest shows it.")],
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help="Who halts it. Default: this machine's user.")] = None,
    table: Table = None,
) -> int:
    """Store the halt in the ledger, where every function reads it before it acts. A halt that is in force stays as it is."""
    if not one_line(why, WHY_MAX):
        raise BadInput("--why is empty, wanted a reason that people will read")

    said = one_line(who or "", WHO_MAX) or getpass.getuser()

    def halting(ledger: Ledger, clock: Clock) -> int:
        new = halt_of(why=why, who=said, since=clock.now())
        called = ledger.halts.call_halt(new)
        print(
            halted(new) if called == new else f"already {halted(called)}; this reason is kept. To replace it: spotwarden resume"
        )
        return 0

    return with_ledger(table, halting)


def run_resume(table: Table = None) -> int:
    """Remove the halt that is printed from the ledger; another halt that is called at the same moment stays."""
    return with_ledger(table, resume)


def resume(ledger: Ledger, _: Clock) -> int:
    """End the halt in force. Returns 1 if somebody called another halt at the same moment, otherwise 0."""
    ended = ledger.halts.halt()
    if ended is None:
        print("nothing was halted")
    elif ledger.halts.set_halt(None, in_place_of=ended):
        print(f"resumed; it was {halted(ended)}")
    else:
        now = ledger.halts.halt()
        print(f"not resumed: it is {halted(now)}. To end this halt: spotwarden resume" if now else "resumed by somebody else")
        return 1 if now else 0
    return 0
