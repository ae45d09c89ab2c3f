"""``spotwarden halt`` and ``spotwarden resume``: the kill switch, kept in the ledger."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, Namespace

from controller.cli.ledger import add_table, with_ledger
from controller.ledger.halt import Halt
from controller.notifications.texts import halted
from controller.runtime.ports import Clock, Ledger

HALT_HELP = "stop, submit and announce nothing until resume; the books are kept"
RESUME_HELP = "end a halt; what waited goes on within five minutes"


def add_halt_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--why", required=True, metavar="TEXT", help="told in every digest while the halt lasts")
    parser.add_argument("--who", metavar="NAME", help="who calls it (default: the user of this machine)")
    add_table(parser)


def run_halt(arguments: Namespace) -> int:
    why = arguments.why.strip()

    def halt(ledger: Ledger, clock: Clock) -> int:
        if not why:
            raise ValueError("--why is empty, wanted a reason that people will read")
        called = Halt(why=why, who=arguments.who or getpass.getuser(), since=clock.now())
        ledger.set_halt(called)
        print(halted(called))
        return 0

    return with_ledger("halt", arguments, halt)


def run_resume(arguments: Namespace) -> int:
    def resume(ledger: Ledger, _: Clock) -> int:
        called = ledger.halt()
        ledger.set_halt(None)
        print(f"resumed; it was {halted(called)}" if called else "nothing was halted")
        return 0

    return with_ledger("resume", arguments, resume)
