"""``spotwarden local``: runs an AWS on this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from infra.local.demo.__main__ import main as demo


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand of ``spotwarden local``; everything that follows it is its own."""
    parser = argparse.ArgumentParser(prog="spotwarden local", description=__doc__, usage="spotwarden local demo [OPTION …]")
    parser.add_argument("what", choices=("demo",), help="a simulated week through the real controller (demo --help says more)")
    given = list(sys.argv[2:] if argv is None else argv)
    parser.parse_args(given[:1])
    return demo(given[1:])
