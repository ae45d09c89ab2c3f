"""Clients that are built late, and clients that begin no call too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from controller.runtime.answers import Unreachable


class Lazy:
    """An object that is built at its first call: most functions never call EC2 or Slack."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        return getattr(self._build(), name)


class Hurried:
    """A client that begins no call after a time, except those that are made ``always``."""

    def __init__(self, client: Any, *, until: datetime, now: Callable[[], datetime], always: tuple[str, ...] = ()) -> None:
        self._client = client
        self._until = until
        self._now = now
        self._always = always

    def __getattr__(self, name: str) -> Any:
        if self._now() > self._until and name not in self._always:
            raise Unreachable(f"{name} was not begun: AWS or Slack has taken too long for a click already")
        return getattr(self._client, name)
