"""``spotwarden local``: runs an AWS on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from infra.local.demo.__main__ import main as demo


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand of ``spotwarden local``; its own arguments follow it."""
    parser = argparse.ArgumentParser(prog="spotwarden local", description=__doc__)
    parser.add_argument(
        "what", choices=("demo",), help="demo: a simulated week through the real controller (demo --help says more)"
    )
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="arguments of the subcommand")
    return demo(parser.parse_args(argv).rest)
