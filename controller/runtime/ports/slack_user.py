"""A Slack user, and whether that user is a full member of the workspace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from controller.units.value import dataclass

KNOWN_FOR = timedelta(minutes=5)
REFUSED_FOR = timedelta(minutes=1)  # a user who just became a full member does not wait long
KNOWN_MAX = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """A user as Slack's users.info describes them. ``at_home``: the user belongs to the app's workspace, and is not only in a
    channel that is shared with it.
    """

    at_home: bool
    guest: bool
    deleted: bool
    bot: bool

    @property
    def full_member(self) -> bool:
        return self.at_home and not (self.guest or self.deleted or self.bot)


class KnownUsers:
    """Keeps Slack's answer about a user in memory: five minutes for a full member, one minute for anybody else."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._known: dict[str, tuple[datetime, SlackUser | None]] = {}

    def user(self, who: str, ask: Callable[[str], SlackUser | None]) -> SlackUser | None:
        """The user; None for one that Slack does not know. ``ask`` may raise Unreachable: then nothing is stored."""
        now, found = self._now(), self._known.get(who)
        if found is not None and now < found[0]:
            return found[1]
        user = ask(who)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[who] = (now + (KNOWN_FOR if user is not None and user.full_member else REFUSED_FOR), user)
        return user
