"""``spotwarden advise``: limits for a family of jobs, from what the ledger knows of its past."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from datetime import timedelta

from controller.aws.prices import Prices
from controller.cli.ledger import add_table, with_ledger
from controller.ledger.entry import Finished
from controller.runtime.ports import Clock, Ledger
from controller.savings.advice import advise, told
from controller.units.money import Rate

HELP = "recommend MaxRuntime, MaxWait, a checkpoint interval and an instance type for a job family"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("family", metavar="FAMILY", help="the jobs' name without numbers, or their spotwarden:family tag")
    parser.add_argument("--days", type=int, default=90, help="how far back to read (default 90)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_table(parser)


def run(arguments: Namespace) -> int:
    def advising(ledger: Ledger, clock: Clock) -> int:
        if arguments.days < 1:
            raise ValueError(f"--days: found {arguments.days}, wanted at least 1")
        now = clock.now()
        entries = tuple(ledger.entries(now - timedelta(days=arguments.days), now))
        region = next((e.region for e in entries if isinstance(e, Finished)), os.environ.get("AWS_DEFAULT_REGION", ""))
        types = {e.instance_type for e in entries if isinstance(e, Finished)}
        found = {t: Prices().rate(t, region, now) for t in sorted(types)}
        rates: dict[str, Rate] = {t: rate for t, rate in found.items() if rate is not None}
        advice = advise(arguments.family, entries, rates)
        print(json.dumps(asdict(advice)) if arguments.format == "json" else "\n".join(told(advice, rates)))
        return 0

    return with_ledger("advise", arguments, advising)
