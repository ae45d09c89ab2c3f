"""Money in whole millionths of a US dollar, so that sums are exact."""

import re
from datetime import date

from controller.units.value import dataclass

Micros = int
"""Millionths of a US dollar."""

CENT: Micros = 10_000
DOLLAR: Micros = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The price of one instance for one hour, the day from which it is known, and its source."""

    micros_per_h: Micros
    as_of: date
    source: str


def cost_micros(seconds: int, instances: int, rate_micros_per_h: Micros) -> Micros:
    """The cost of ``instances`` instances for ``seconds`` each, in millionths of a dollar.

    A half rounds away from zero, so that a negative amount has the same size as the positive one.
    """
    amount = seconds * instances * rate_micros_per_h
    rounded = (2 * abs(amount) + 3600) // 7200
    return rounded if amount >= 0 else -rounded


def dollars(micros: Micros) -> str:
    """Format an amount for people: "$1,234.56", "-$0.42"; below a cent, but not 0: "under a cent" or "a loss under a cent"."""
    sign, size = ("-" if micros < 0 else ""), abs(micros)
    if 0 < size < CENT:
        return "a loss under a cent" if sign else "under a cent"
    cents = (size + CENT // 2) // CENT
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def about_dollars(micros: Micros) -> str:
    """Format an estimated amount of 0 or more for people: "about $1.23", "under a cent"."""
    return dollars(micros) if 0 < micros < CENT else f"about {dollars(micros)}"


def percent(share: float | None) -> str:
    """Format percent (``share`` is 65.2 for 65 %) for people: "65 %", "-8 %", never "-0 %"; "–" for None."""
    return "–" if share is None else f"{round(share)} %"


def micros_from_dollars(text: str) -> Micros:
    """Read "1.515" as 1515000, exactly. Raises ValueError for a text that is no plain decimal number with at most six places."""
    parts = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]+))?", text.strip())
    if parts is None:
        raise ValueError(f"found {text!r}, wanted dollars as plain decimal digits such as '1.515'")
    sign, whole, fraction = parts[1], parts[2], (parts[3] or "").rstrip("0")
    if len(fraction) > 6:
        raise ValueError(
            f"found {text!r}, wanted at most six digits after the point: a millionth of a dollar is the smallest unit"
        )
    size = int(whole + fraction.ljust(6, "0"))
    return -size if sign else size
