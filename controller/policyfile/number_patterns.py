"""Regular expressions for whole numbers in a range: JSON Schema has no other way to limit numbers inside a text."""

from __future__ import annotations

from controller.units.duration import SECONDS_OF


def whole_numbers(least: int, most: int) -> str:
    """A pattern for the decimal numbers from ``least`` to ``most`` without leading zeros; ``least`` is not negative."""
    lengths = range(len(str(least)), len(str(most)) + 1)
    bounds = ((max(least, 10 ** (length - 1) if length > 1 else 0), min(most, 10**length - 1)) for length in lengths)
    return "|".join(_of_one_length(str(low), str(high)) for low, high in bounds)


def durations(least_s: int, most_s: int) -> str:
    """A pattern for durations from ``least_s`` to ``most_s`` seconds, as people write them: up to nine digits and a unit."""
    units = ((unit, -(-least_s // one_s), most_s // one_s) for unit, one_s in SECONDS_OF.items())
    return (
        "^(?=[0-9]{1,9}[a-z]$)0*("
        + "|".join(f"({whole_numbers(low, high)}){unit}" for unit, low, high in units if low <= high)
        + ")$"
    )


def any_case(word: str) -> str:
    """A pattern for a word of letters and digits in upper, lower or mixed case."""
    return "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def _of_one_length(low: str, high: str) -> str:
    """A pattern for the numbers from ``low`` to ``high``, which have the same number of digits."""
    rest = len(low) - 1
    if not rest or low == high:
        return low if low == high else f"[{low}-{high}]"
    if low[0] == high[0]:
        return f"{low[0]}({_of_one_length(low[1:], high[1:])})"
    first, last, parts = int(low[0]), int(high[0]), []
    if low[1:] != "0" * rest:
        parts.append(f"{first}({_of_one_length(low[1:], '9' * rest)})")
        first += 1
    if high[1:] != "9" * rest:
        parts.append(f"{last}({_of_one_length('0' * rest, high[1:])})")
        last -= 1
    if first <= last:
        parts.append(f"[{first}-{last}][0-9]{{{rest}}}")
    return "|".join(parts)
