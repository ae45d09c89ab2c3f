"""The types of days and times in a policy file."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from controller.policyfile.vocabulary import unlike, written

DAY = "a day such as 2026-12-01"
DATE_PATTERN = "(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
ZONE_PATTERN = "(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
TIME_PATTERN = rf"([01][0-9]|2[0-3])(:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?)? ?{ZONE_PATTERN}"
EXPIRES_PATTERN = f"{DATE_PATTERN}([Tt ]{TIME_PATTERN})?"


def expires_at(found: Any) -> str:
    """The end of a waiver as ISO 8601 in UTC: of a day, its end; or a time with its zone. Raises the error of ``unlike``."""
    wanted = "a day such as 2026-12-31, which counts to its end (UTC), or a time with its zone"
    if isinstance(found, str):
        try:
            if re.fullmatch(EXPIRES_PATTERN, found) is None:
                raise ValueError  # other forms of ISO 8601, such as weeks, which the JSON Schema refuses too
            found = date.fromisoformat(found) if len(found) == len("2026-12-31") else datetime.fromisoformat(found)
        except ValueError:
            raise unlike(wanted, _hint(found)) from None
    try:
        if isinstance(found, datetime) and found.tzinfo is not None:
            return found.astimezone(UTC).isoformat()
        if isinstance(found, date) and not isinstance(found, datetime):
            return datetime.combine(found + timedelta(days=1), time(), UTC).isoformat()
    except OverflowError:
        raise unlike("an earlier day: a waiver ends") from None
    raise unlike(wanted, "such as 2026-12-31T18:00:00Z" if isinstance(found, datetime) else "")


written(
    expires_at,
    type="string",
    pattern=f"^{EXPIRES_PATTERN}$",
    patternErrorMessage="a date, or a time with its zone, such as 2026-12-31",
)
Expires = Annotated[str, BeforeValidator(expires_at)]


def _day(found: Any) -> str:
    """A day as text, such as 2026-12-01. Raises the error of ``unlike``."""
    if isinstance(found, date) and not isinstance(found, datetime):
        return found.isoformat()
    if isinstance(found, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", found):
        try:
            return date.fromisoformat(found).isoformat()
        except ValueError:
            pass
    raise unlike(DAY, "a day has no time" if isinstance(found, datetime) else _hint(found))


def _hint(found: Any) -> str:
    """A hint for a value that is not a day: a day that does not exist, a day with a time, or another order of the parts."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(found)):
        return "no calendar has that day"
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]", str(found)):
        return "a time has its zone, such as 2026-12-31T18:00:00Z, and a day has no time"
    return "year-month-day, with all digits" if re.search(r"[0-9].*[0-9]", str(found)) else ""


written(_day, type="string", pattern=f"^{DATE_PATTERN}$", patternErrorMessage=DAY)
Day = Annotated[str, BeforeValidator(_day)]
