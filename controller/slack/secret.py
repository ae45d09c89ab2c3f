"""The Slack app's secret from Secrets Manager. It is read again, so that after a rotation the old one is no longer used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from controller.runtime.ports.answers import Unreachable

Secret = Mapping[str, str]
READ_EVERY = timedelta(minutes=2)
WANTED = 'wanted {"bot_token": "xoxb-…", "signing_secret": "…"}, a bot token alone, or {"webhook_url": "https://…"}'
VALUE = re.compile(r"[!#-&(-Z^-z~]+")  # an HTTP header or URL: ASCII without spaces, quotes, brackets and braces
READ_AGAIN_AFTER = timedelta(seconds=5)  # requests with wrong signatures cause at most one read in this time


class SlackSecret:
    """One container's copy of the secret: read at first use, every two minutes, and when a signature or a token was refused."""

    def __init__(self, read: Callable[[], Secret], now: Callable[[], datetime]) -> None:
        self._read = read
        self._now = now
        self._held: Secret | None = None
        self._asked_at: datetime | None = None

    def current(self) -> Secret:
        """The secret; without an answer, the copy that was read last. Raises Unreachable where there is none."""
        if self._held is None or self._older_than(READ_EVERY):
            self._renew()
        if self._held is None:
            raise Unreachable("Slack's secret could not be read")
        return self._held

    def renewed(self) -> bool:
        """Read the secret again, at most once in five seconds, because it was refused. Returns whether it changed."""
        before = self._held
        if before is None or self._older_than(READ_AGAIN_AFTER):
            self._renew()
        return self._held != before

    def _older_than(self, age: timedelta) -> bool:
        return self._asked_at is None or not timedelta() <= self._now() - self._asked_at < age

    def _renew(self) -> None:
        self._asked_at = self._now()
        try:
            self._held = self._read()
        except Unreachable:
            if self._held is None:
                raise
        except Exception:
            self._held = None  # the copy is out of date, even if the new secret is wrong
            raise


def secret_in(text: str) -> Mapping[str, str]:
    """Read the text of the secret. Raises ValueError for any other form, without quoting it.

    ``{"bot_token": "xoxb-…", "signing_secret": "…"}``, a bot token alone (then buttons and commands do not work), or
    ``{"webhook_url": "https://…"}`` (then messages are only posted).
    """
    text = text.strip()
    if not text:
        raise ValueError(f"the Slack secret is empty or not text (SecretBinary is not read); {WANTED}")
    try:
        secret = json.loads(text) if text.startswith("{") else {"bot_token": text, "signing_secret": ""}
    except (ValueError, RecursionError):
        raise ValueError(f"the Slack secret begins like JSON but is not valid JSON; {WANTED}") from None
    for name in ("webhook_url",) if "webhook_url" in secret else ("bot_token", "signing_secret"):
        if not isinstance(secret.get(name), str):
            raise ValueError(f"the Slack secret has no {name}; {WANTED}")
    told = {name: value.strip() for name, value in secret.items() if isinstance(value, str)}
    for name in ("webhook_url",) if "webhook_url" in told else ("bot_token",):
        if not VALUE.fullmatch(told[name]):
            state = "is empty" if not told[name] else "has quotes, brackets, spaces or characters beyond ASCII"
            raise ValueError(f"the {name} of the Slack secret {state}; {WANTED}")
    return told
