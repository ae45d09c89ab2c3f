"""Refreshes the ledger's prices from the AWS Price List API: at once where there are none, then once a week."""

from __future__ import annotations

from datetime import timedelta

from controller.runtime.ports.all_ports import Ports

AGE_MAX = timedelta(days=6)  # less than a week: the function runs at fixed times of the day
PRICED_AGAIN = 35  # days before today that are rolled up again with a price that was unknown before


def refresh_prices(region: str, ports: Ports) -> tuple[int, tuple[str, ...]]:
    """Store changed prices of a region. Returns how many changed, and the problems: rows that cannot be read.

    A region without a list in dollars is reported as a problem once. Raises Unreachable: then the next run tries again.
    """
    now = ports.clock.now()
    before = ports.ledger.prices.refreshed_at(region)
    if before is not None and now - before < AGE_MAX:
        return 0, ()
    listed = ports.price_list.training(region)
    known = ports.ledger.prices.rates(region)
    last = {instance_type: rates[-1].micros_per_h for instance_type, rates in known.items()}
    changed = {t: rate for t, rate in listed.rates.items() if last.get(t) != rate.micros_per_h}
    new = bool(changed.keys() - known.keys())
    _sum_days_again(region, ports, new)  # before the prices are stored: if this run ends after that, the next finds no new type
    ports.ledger.prices.note_rates(region, changed)
    _sum_days_again(region, ports, new)  # and after: days may have been rolled up in between
    if not listed.rates and not listed.without:  # an empty list is of no use: the next run reads it again
        return 0, (*listed.problems, f"{region}: the price list has no training price")
    ports.ledger.prices.note_refresh(region, now)
    said_now = (listed.without,) if listed.without and before is None else ()
    return len(changed), (*listed.problems, *said_now)


def _sum_days_again(region: str, ports: Ports, new: bool) -> None:
    """Mark the past days to be rolled up again where an instance type got its first price."""
    today = ports.clock.now().date()
    for days_ago in range(1, PRICED_AGAIN + 1) if new else ():
        ports.ledger.days.mark_late(today - timedelta(days=days_ago), f"prices/{region}")
