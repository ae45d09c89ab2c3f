"""Refreshes the ledger's prices from AWS's own list: at once where there are none, and then once a week."""

from __future__ import annotations

from datetime import timedelta

from controller.runtime.ports.all_ports import Ports

WEEK = timedelta(days=6)  # the function runs several times a day; after six days the list is read again
PRICED_AGAIN = 35  # days before today whose attempts take a price that was not known when they were recorded


def refresh_prices(region: str, ports: Ports) -> tuple[int, tuple[str, ...]]:
    """Store changed prices of a region. Returns how many changed, and the rows that cannot be read.

    Where the list does not answer, the next run tries again. That a region has no list in dollars is said once. Raises
    Unreachable.
    """
    now = ports.clock.now()
    before = ports.ledger.prices.refreshed_at(region)
    if before is not None and now - before < WEEK:
        return 0, ()
    listed = ports.price_list.training(region)
    known = ports.ledger.prices.rates(region)
    last = {instance_type: rates[-1].micros_per_h for instance_type, rates in known.items()}
    changed = {t: rate for t, rate in listed.rates.items() if last.get(t) != rate.micros_per_h}
    new = bool(changed.keys() - known.keys())
    _sum_days_again(region, ports, new)  # before: a run that ends after it has stored the prices finds none that is new
    ports.ledger.prices.note_rates(region, changed)
    _sum_days_again(region, ports, new)  # and after: days may have been summed in between
    if not listed.rates and not listed.without:  # no list that anybody could use: the next run reads it again
        return 0, (*listed.problems, f"{region}: the price list has no training price")
    ports.ledger.prices.note_refresh(region, now)
    said_now = (listed.without,) if listed.without and before is None else ()
    return len(changed), (*listed.problems, *said_now)


def _sum_days_again(region: str, ports: Ports, new: bool) -> None:
    """Let the past days be summed again where an instance type got its first price."""
    today = ports.clock.now().date()
    for days_ago in range(1, PRICED_AGAIN + 1) if new else ():
        ports.ledger.days.mark_late(today - timedelta(days=days_ago), f"prices/{region}")
