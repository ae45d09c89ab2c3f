"""``spotwarden advise``: recommends limits for a family of jobs from its history in the ledger."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from controller.aws.prices import Prices
from controller.cli.ledger import with_ledger
from controller.cli.options import Format, OutputFormat, Table
from controller.ledger.entry import Finished
from controller.runtime.ports import Clock, Ledger
from controller.savings.advice import advise, told
from controller.units.money import Rate


def run(
    family: Annotated[
        str, typer.Argument(metavar="FAMILY", help="The job name without its numbers, or the spotwarden:family tag.")
    ],
    days: Annotated[int, typer.Option("--days", min=1, help="How many days of history to read.")] = 90,
    format_: Format = OutputFormat.TEXT,
    table: Table = None,
) -> int:
    """Print the advice, or exit with 2 where the ledger knows too few completed runs."""

    def advising(ledger: Ledger, clock: Clock) -> int:
        now = clock.now()
        entries = tuple(ledger.entries(now - timedelta(days=days), now))
        region = next((e.region for e in entries if isinstance(e, Finished)), os.environ.get("AWS_DEFAULT_REGION", ""))
        types = {e.instance_type for e in entries if isinstance(e, Finished)}
        found = {t: Prices().rate(t, region, now) for t in sorted(types)}
        rates: dict[str, Rate] = {t: rate for t, rate in found.items() if rate is not None}
        advice = advise(family, entries, rates)
        print(json.dumps(asdict(advice)) if format_ is OutputFormat.JSON else "\n".join(told(advice, rates)))
        return 0

    return with_ledger(table, advising)
