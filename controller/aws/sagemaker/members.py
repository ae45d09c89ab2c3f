"""Reads the members of a plain document by type. All functions raise BadDocument where a member has another type.

Absent and null are the same: None, or empty for a section or a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

Document = Mapping[str, Any]

MILLISECONDS_FROM = 100_000_000_000  # as seconds the year 5138, as milliseconds 1973: larger numbers are milliseconds
DIGITS_MAX = 18  # of a number in a document: no member has a larger one
SECONDS_MAX = 366 * 86_400  # of a limit or a usage; SageMaker's own is 28 days for a run, and not stated for a wait
COUNT_MAX = 1_000_000  # of machines, and of gigabytes
FIRST_YEAR, LAST_YEAR = 1970, 2200  # further away, adding a duration to a time can fail


class BadDocument(ValueError):
    """A document from which no job can be read. The message says what was found and what was wanted."""


def section(document: Document, member: str) -> Document:
    """A member that is an object."""
    found = document.get(member)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise BadDocument(f"{member} is {shown(found)}, wanted an object with named members")
    return found


def objects(document: Document, member: str) -> Sequence[Document]:
    """A member that is a list of objects."""
    found = document.get(member)
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or not all(isinstance(item, Mapping) for item in found):
        raise BadDocument(f"{member} is {shown(found)}, wanted a list of objects")
    return found


def text(document: Document, member: str) -> str | None:
    """A member that is a text; None also where it is empty: the service shows "" where a request had nothing."""
    found = document.get(member)
    if found is None or found == "":
        return None
    if not isinstance(found, str):
        raise BadDocument(f"{member} is {shown(found)}, wanted text")
    return found


def whole(document: Document, member: str, most: int) -> int | None:
    """A member that is a whole number from 0 to ``most``. A larger one is read as ``most``, so that rules still judge the job."""
    found = document.get(member)
    if found is None:
        return None
    number = _whole(found)
    if number is None:
        raise BadDocument(f"{member} is {shown(found)}, wanted a whole number, not negative")
    return min(number, most)


def _whole(found: Any) -> int | None:
    """A whole number, or a text of digits, as a number; None for anything else. With too many digits it is 10**DIGITS_MAX."""
    if type(found) is int and found >= 0:
        return found
    if isinstance(found, str) and found.isascii() and found.isdigit():
        digits = found.lstrip("0")
        return int(digits or "0") if len(digits) <= DIGITS_MAX else int(10**DIGITS_MAX)
    if isinstance(found, float) and found >= 0 and found.is_integer():
        return int(found)
    return None


def flag(document: Document, member: str) -> bool | None:
    """A member that is true or false."""
    found = document.get(member)
    if found is None or isinstance(found, bool):
        return found
    raise BadDocument(f"{member} is {shown(found)}, wanted true or false")


def moment(document: Document, member: str) -> datetime | None:
    """A member that is a time: a datetime, an ISO 8601 text, or a number or digits since 1970. The result is in UTC.

    boto3 gives datetimes, events give milliseconds as a number or as digits, the AWS CLI gives ISO 8601 or, in version 1,
    seconds. A time without a zone is UTC.
    """
    found = document.get(member)
    if found is None or found == "":
        return None
    try:
        at = _moment(found)
        if at.tzinfo is not UTC:
            at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            raise ValueError
    except (ValueError, OverflowError, OSError) as error:
        wanted = f"a time: ISO 8601, or milliseconds since 1970, in the years {FIRST_YEAR} to {LAST_YEAR}"
        raise BadDocument(f"{member} is {shown(found)}, wanted {wanted}") from error
    return at


def _moment(found: Any) -> datetime:
    match found:
        case datetime():
            return found
        case date():  # an unquoted 2026-03-01 in YAML
            return datetime(found.year, found.month, found.day, tzinfo=UTC)
        case bool():
            raise ValueError
        case int() | float():
            return datetime.fromtimestamp(found / 1000 if found >= MILLISECONDS_FROM else found, UTC)
        case str() if "-" not in found and re.fullmatch(r"[0-9]+(\.[0-9]+)?", found):
            return _moment(float(found))
        case str():
            return datetime.fromisoformat(found)
        case _:
            raise ValueError


def shown(found: object) -> str:
    """A value as a message quotes it: shortened, and "absent" for None."""
    if type(found) is int and abs(found) >= 10**DIGITS_MAX:
        return f"a number of more than {DIGITS_MAX} digits"
    said = "absent" if found is None else repr(found)
    return said if len(said) <= 60 else f"{said[:59]}…"
