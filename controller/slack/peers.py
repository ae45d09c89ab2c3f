"""Passes a signed request of Slack on to the stack that posted the message.

The request is not signed again: every stack of an app has the app's signing secret, and checks Slack's signature of the same
bytes. The address in a button's value is sealed (HMAC) with that secret, so that only a stack of the app can make one. It is not
a URL, but the id of an API in the lineage's region, and the lineage's account has to be listed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Collection, Mapping
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from controller.runtime.ports.answers import Done, Later, Refused
from controller.runtime.slack_requests.other_stack import OtherStack
from controller.slack.signatures import SIGNATURE, TIMESTAMP

API_ID = re.compile(r"[a-z0-9]{4,32}")
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
PASSED_ON = "x-spotwarden-passed-on"
TIMEOUT_S = 1.7  # of the three seconds that Slack gives the first stack
ANSWER_BYTES_MAX = 100_000
SEAL_CHARS = 32

Post = Callable[[str, bytes, Mapping[str, str]], tuple[int, bytes]]


def sealed(api: str, account: str, region: str, secret: str) -> str:
    """The sealed address of a stack, for the value of its buttons; empty without ``api`` (the id of its API) or ``secret``."""
    return f"{api}/{_seal(api, account, region, secret)}" if api and secret else ""


def _seal(api: str, account: str, region: str, secret: str) -> str:
    text = f"spotwarden address\n{account}\n{region}\n{api}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:SEAL_CHARS]


class Peers:
    """The other stacks of the app, in ``accounts``. ``secret`` reads the signing secret; ``renewed`` reads it again and says
    whether it changed.
    """

    def __init__(
        self, accounts: Collection[str], secret: Callable[[], str], renewed: Callable[[], bool], post: Post | None = None
    ) -> None:
        self._accounts = accounts
        self._secret = secret
        self._renewed = renewed
        self._post = post or _post

    def pass_on(self, whose: OtherStack, body: bytes, headers: Mapping[str, str]) -> Done | Later | Refused:
        """Send the request as it came. Done has the JSON of the other stack's answer; Later means that it gave none in time.

        Names in ``headers`` are in lower case.
        """
        if PASSED_ON in headers:
            return Refused("another stack has already passed it on")
        if whose.account not in self._accounts:
            return Refused("that account is not among PeerAccounts (docs/operations.md, many accounts)")
        url = self._url(whose)
        if not url:
            return Refused("the message names no address, or one from before Slack's signing secret changed; use a newer message")
        passed = {name: headers[name] for name in ("content-type", TIMESTAMP, SIGNATURE) if name in headers}
        try:
            status, answer = self._post(url, body, {**passed, PASSED_ON: "1"})
        except (TimeoutError, URLError, HTTPException, OSError) as error:
            return Later(type(error).__name__)
        if status == 200 and _object(answer):
            return Done(answer.decode("utf-8"))
        if status >= 500 or status == 429:
            return Later(f"HTTP {status}")
        return Refused(f"it answers HTTP {status}; each stack of an app needs the same signing secret")

    def _url(self, whose: OtherStack) -> str:
        """The URL of the stack; empty for an address that no stack of this app sealed."""
        api, _, seal = whose.address.partition("/")
        if API_ID.fullmatch(api) is None or REGION.fullmatch(whose.region) is None or not seal.isascii():
            return ""
        if not (self._fits(api, whose, seal) or (self._renewed() and self._fits(api, whose, seal))):
            return ""
        domain = "amazonaws.com.cn" if whose.region.startswith("cn-") else "amazonaws.com"
        return f"https://{api}.execute-api.{whose.region}.{domain}/api/slack/interactions"

    def _fits(self, api: str, whose: OtherStack, seal: str) -> bool:
        secret = self._secret()
        return bool(secret) and hmac.compare_digest(_seal(api, whose.account, whose.region, secret), seal)


def _object(answer: bytes) -> bool:
    """Whether an answer may be sent to Slack: a JSON object, or nothing."""
    try:
        return len(answer) <= ANSWER_BYTES_MAX and (not answer or isinstance(json.loads(answer), dict))
    except (ValueError, RecursionError):
        return False


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect: a signed request must go nowhere else."""


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    asked = Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310  # from _url, which begins with https
    try:
        with build_opener(_NoRedirect).open(asked, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.read(ANSWER_BYTES_MAX + 1)
    except HTTPError as refused:
        return refused.code, b""
