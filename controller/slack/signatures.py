"""Checks that a request is signed by Slack: HMAC-SHA256 of the raw body, at most five minutes old (slack_sdk)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier

TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


class SignatureCheck:
    """Checks signatures with the app's signing secret. ``renewed`` reads the secret again and says whether it changed, so that
    after a rotation the new secret works at once.
    """

    def __init__(
        self, secret: Callable[[], str], now: Callable[[], datetime], renewed: Callable[[], bool] = lambda: False
    ) -> None:
        self._secret = secret
        self._now = now
        self._renewed = renewed

    def refuses(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Why a request is refused; empty where Slack signed it. Header names are in lower case."""
        timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12 or not signature.isascii():
            return "not signed by Slack"
        if self._signed(body, timestamp, signature) or (self._renewed() and self._signed(body, timestamp, signature)):
            return ""
        return "not signed by Slack, or more than five minutes ago"

    def _signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        try:
            return bool(SignatureVerifier(self._secret(), _At(self._now)).is_valid(body, timestamp, signature))
        except (UnicodeDecodeError, ValueError):
            return False


class _At(SdkClock):
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._at = now

    def now(self) -> float:
        return self._at().timestamp()
