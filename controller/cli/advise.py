"""``spotwarden advise``: recommends limits for a family of jobs from its history in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from controller.aws.price_lookup import Prices
from controller.cli.input.options import Format, OutputFormat, Table
from controller.cli.open_ledger import with_ledger
from controller.cli.output.printable import json_text
from controller.ledger.entry import Finished
from controller.policy.spot_worth import cost_of, prospect_of
from controller.runtime.ports.aws import Clock
from controller.runtime.ports.ledger import Ledger
from controller.savings.advice import QUANTILE, Advice, advise, region_of
from controller.savings.interruption_rates import PRIOR_HOURS
from controller.units.duration import span
from controller.units.money import Rate

DAYS_MAX = 366  # each day is read from the table


def run(
    family: Annotated[
        str, typer.Argument(metavar="FAMILY", help="The job name without its numbers, or the spotwarden:family tag.")
    ],
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="How many days of history to read.")] = 90,
    format_: Format = OutputFormat.TEXT,
    table: Table = None,
) -> int:
    """Print the advice. The exit code is 2 if the ledger has too few completed runs."""

    def advising(ledger: Ledger, clock: Clock) -> int:
        now = clock.now()
        entries = tuple(ledger.journal.entries(now - timedelta(days=days), now))
        region = region_of(family, entries)
        types = {e.instance_type for e in entries if isinstance(e, Finished)}
        prices = Prices(ledger.prices.rates)
        found = {t: prices.rate(t, region, now) for t in sorted(types)}
        rates: dict[str, Rate] = {t: rate for t, rate in found.items() if rate is not None}
        advice = advise(family, entries, rates)
        print(
            json_text(asdict(advice))
            if format_ is OutputFormat.JSON
            else "\n".join(advice_lines(advice, priced=advice.instance_type in rates))
        )
        return 0

    return with_ledger(table, advising)


def advice_lines(advice: Advice, *, priced: bool) -> tuple[str, ...]:
    """The advice as lines for a terminal, each with its reason. ``priced``: the price of the instance type is known."""
    pool, per_100 = advice.interruptions, 100 * advice.interruptions.mean
    why = f"the lowest cost of a useful hour among the types it ran on in {advice.region}" if priced else "its price is not known"
    return (
        f"{advice.family}: advice from {advice.runs} completed runs",
        f"MaxRuntimeInSeconds  {advice.runtime_s_max:>8}  25 % above the {QUANTILE:.0%} quantile of training time;"
        f" {advice.runtime_inside:.0%} of past runs fit",
        f"MaxWaitTimeInSeconds {advice.wait_s_max:>8}  25 % above the {QUANTILE:.0%} quantile of the time from creation to end;"
        f" {advice.wait_inside:.0%} of past runs fit",
        f"checkpoint every     {advice.checkpoint_every_s:>7}s  Young's formula √(2·C·MTBF), where a checkpoint takes"
        f" {advice.checkpoint_write_s} s to write",
        f"InstanceType  {advice.instance_type:>15}  {why}; {per_100:.1f} interruptions in 100 h"
        f" (90 % interval: {100 * pool.low:.1f} to {100 * pool.high:.1f})",
        *_on_spot(advice),
    )


def _on_spot(advice: Advice) -> Iterator[str]:
    """What a run is expected to take and to cost: on-demand, and on spot without and with checkpoints."""
    without, saving = advice.without_checkpoints, advice.with_checkpoints
    if without is None or saving is None:
        yield f"on spot               its pool was watched for less than {PRIOR_HOURS:.0f} h: how a run behaves is not known"
        return
    yield f"a run of {span(advice.run_s)} (the median), for each instance: on-demand {cost_of(advice.on_demand)}"
    for name, prospect in (("without checkpoints", without), ("with checkpoints", saving)):
        yield f"  on spot {name:20} {prospect_of(prospect)}"
