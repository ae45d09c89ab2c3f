"""The clock of the machine. No other module reads it."""

from datetime import UTC, datetime


class SystemClock:
    """The Clock port."""

    def now(self) -> datetime:
        return datetime.now(UTC)
