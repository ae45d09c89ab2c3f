"""Lets in only what Slack signed: HMAC-SHA256 over the raw body, not older than five minutes (slack_sdk's SignatureVerifier)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier

TIMESTAMP, SIGNATURE = "x-slack-request-timestamp", "x-slack-signature"


class SignatureCheck:
    """Built with the app's signing secret, which is asked for on the first knock."""

    def __init__(self, secret: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._secret = secret
        self._now = now

    def refuses(self, body: bytes, headers: Mapping[str, str]) -> str:
        """Why a request is not believed; nothing where it is Slack's. Header names come in lower case."""
        timestamp, signature = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12 or not signature.isascii():
            return "not signed by Slack"
        try:
            signed = SignatureVerifier(self._secret(), _At(self._now)).is_valid(body, timestamp, signature)
        except (UnicodeDecodeError, ValueError):
            signed = False
        return "" if signed else "not signed by Slack, or more than five minutes ago"


class _At(SdkClock):
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._at = now

    def now(self) -> float:
        return self._at().timestamp()
