"""What Slack says about a user, and whether that is enough to read about jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from controller.units.value import dataclass

KNOWN_FOR = timedelta(minutes=5)
REFUSED_FOR = timedelta(minutes=1)  # a user who just became a full member does not wait long
KNOWN_MAX = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """``at_home`` says whether the user belongs to the workspace of the app; others come through shared channels."""

    at_home: bool
    guest: bool
    deleted: bool
    bot: bool

    @property
    def full_member(self) -> bool:
        return self.at_home and not (self.guest or self.deleted or self.bot)


class KnownUsers:
    """Stores for a few minutes what Slack said of a user."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[str, tuple[datetime, SlackUser | None]] = {}

    def user(self, who: str, ask: Callable[[str], SlackUser | None]) -> SlackUser | None:
        """The user; None for one that Slack does not know. A missing answer is not stored: raises Unreachable."""
        now, found = self._now(), self._known.get(who)
        if found is not None and now < found[0]:
            return found[1]
        user = ask(who)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[who] = (now + (KNOWN_FOR if user is not None and user.full_member else REFUSED_FOR), user)
        return user
