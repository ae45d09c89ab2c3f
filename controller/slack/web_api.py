"""Slack's Web API through slack_sdk, one call for each method and no retries.

Slack allows about one message a second per channel, and answers faster senders with 429 and Retry-After. The outbox waits and
retries, so the client must not. Each message has top-level ``text`` beside its blocks, for notifications and screen readers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from controller.notifications.block_kit import Page, pages
from controller.notifications.parts import Text
from controller.runtime.ports.answers import Answer, Done, Later, Refused, Unreachable
from controller.runtime.ports.outbox import Post, WrongChannel
from controller.runtime.ports.slack_user import SlackUser

TIMEOUT_S = 5
CLICK_TIMEOUT_S = 1  # a person waits: Slack allows three seconds for the answer
RETRY_AFTER_S = 30  # without a Retry-After
RETRY_AFTER_MAX_S = 900  # a longer wait is shortened: one more call costs little, and a huge number would stop the channel
SECONDS = re.compile(r"[0-9]{1,5}")
UNANSWERED = (SlackClientError, URLError, HTTPException, OSError, json.JSONDecodeError, UnicodeDecodeError)
UNREADABLE = (AttributeError, RecursionError)  # what slack_sdk raises for JSON that is no object, or is nested too deeply

# Slack's errors are of three classes. The first two are listed. Every other error counts as being about the one message that was
# sent, so that an unknown error does not stop other messages.
LATER = frozenset({
    "ratelimited", "rate_limited", "accesslimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
    "team_added_to_org", "missing_scope", "not_allowed_token_type", "org_login_required", "two_factor_setup_required",
    "enterprise_is_restricted", "message_limit_exceeded", "external_channel_migrating", "method_deprecated",
    "deprecated_endpoint", "unknown_method",
})  # fmt: skip
WRONG_CHANNEL = frozenset({
    "channel_not_found", "not_in_channel", "is_archived", "is_inactive", "channel_is_limited_access", "team_access_not_granted",
    "messages_tab_disabled", "cannot_dm_bot", "user_is_bot", "user_not_found", "team_not_found", "channel_type_not_supported",
    "user_disabled", "user_not_visible", "user_is_restricted", "no_channel", "invalid_channel", "no_permission", "access_denied",
    "ekm_access_denied", "method_not_supported_for_channel_type", "channel_is_archived",
})  # fmt: skip
ERROR_CODE = re.compile(r"[A-Za-z][\w.-]{0,99}")  # anything else is no answer of Slack's API
WRONG_CHANNEL_PREFIXES = ("restricted_action", "posting_to_")  # restricted_action_read_only_channel, …_thread_only_channel, …
TOO_LARGE = frozenset({413, 414, 431})  # HTTP: the message is too large
BOTS = ("is_workflow_bot", "is_connector_bot")  # not in every answer of users.info
SLACKBOT = "USLACKBOT"  # a bot whose is_bot is false
REVOKED = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})


class SlackChat:
    """The Chat port over slack_sdk. ``token`` is read at the first call, so that a cold start does not wait for a secret."""

    BASE_URL = WebClient.BASE_URL
    threads = True

    def __init__(
        self, token: Callable[[], str], base_url: str = WebClient.BASE_URL, *,
        renewed: Callable[[], bool] = lambda: False, client: Callable[..., WebClient] = WebClient,
    ) -> None:  # fmt: skip
        self._token = token
        self._renewed = renewed
        self._base_url = base_url
        self._client = client
        self._clients: dict[tuple[int, str], WebClient] = {}
        self._home = ""

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        answer = self._call(
            TIMEOUT_S, "chat_postMessage", channel=channel, **_content(page),
            unfurl_links=False, unfurl_media=False, **({"thread_ts": thread_ts} if thread_ts else {}),
        )  # fmt: skip
        if not isinstance(answer, dict):
            return answer
        ts, channel_id = answer.get("ts"), answer.get("channel")
        named = all(isinstance(part, str) and part for part in (ts, channel_id))
        return Done(f"{channel_id}/{ts}") if named else Later("Slack's answer has no ts")

    def update(self, post: Post, page: Page) -> Answer:
        answer = self._call(TIMEOUT_S, "chat_update", channel=post.channel_id, ts=post.ts, **_content(page))
        return Done() if isinstance(answer, dict) else answer

    def open(self, trigger_id: str, view: Mapping[str, Any]) -> Answer:
        answer = self._call(CLICK_TIMEOUT_S, "views_open", trigger_id=trigger_id, view=dict(view))
        return Done() if isinstance(answer, dict) else answer

    def reply_ephemeral(self, url: str, words: str) -> Answer:
        page = pages((Text(words),))[0]
        try:
            answer = WebhookClient(url, timeout=CLICK_TIMEOUT_S, retry_handlers=[]).send(
                text=page.text, blocks=list(page.blocks), response_type="ephemeral", replace_original=False
            )
        except (*UNANSWERED, ValueError) as error:
            return Later(f"Slack did not answer: {type(error).__name__}")
        return Done() if answer.status_code == 200 else Later(f"Slack says {answer.status_code}")

    def user(self, who: str) -> SlackUser | None:
        home = self._workspace()
        answer = self._call(CLICK_TIMEOUT_S, "users_info", user=who)
        match answer:
            case Later(why, _):
                raise Unreachable(why)
            case Refused() | Done():
                return None
            case _:
                return _user(answer.get("user"), who, home)

    def _workspace(self) -> str:
        """The id of the workspace that the app is installed in; asked once."""
        if not self._home:
            answer = self._call(CLICK_TIMEOUT_S, "auth_test")
            if not isinstance(answer, dict) or not answer.get("team_id"):
                why = f" ({answer.why})" if isinstance(answer, Later | Refused) else ""
                raise Unreachable(f"Slack did not say which workspace this app is installed in{why}")
            self._home = str(answer["team_id"])
        return self._home

    def members(self, group: str) -> frozenset[str]:
        answer = self._call(CLICK_TIMEOUT_S, "usergroups_users_list", usergroup=group)
        match answer:
            case Later(why, _):
                raise Unreachable(why)
            case Refused() | Done():
                return frozenset()
            case _:
                return frozenset(str(user) for user in answer.get("users") or ())

    def _call(self, timeout_s: int, method: str, **arguments: Any) -> dict[str, Any] | Answer:
        """Slack's answer as a dict, or how the call failed. If the token was revoked, it is read again, and the call repeated."""
        try:
            answer = getattr(self._web(timeout_s), method)(**arguments)
        except SlackApiError as error:
            if _reason(error) in REVOKED and self._renewed():
                return self._call(timeout_s, method, **arguments)
            return _failure(error)
        except (*UNANSWERED, *UNREADABLE) as error:
            return Later(f"Slack did not answer: {type(error).__name__}")
        said = answer.data
        return said if isinstance(said, dict) and said.get("ok") is True else Later("Slack's answer does not say ok: true")

    def _web(self, timeout_s: int) -> WebClient:
        token = self._token()
        if (timeout_s, token) not in self._clients:
            self._clients = {key: client for key, client in self._clients.items() if key[1] == token}
            client = self._client(token=token, base_url=self._base_url, timeout=timeout_s, retry_handlers=[])
            self._clients[timeout_s, token] = client
        return self._clients[timeout_s, token]


def rate_limited(headers: Mapping[str, Any]) -> Later:
    """The answer for HTTP 429: Later, with the seconds in Retry-After (at most 900); 30 where it has no number of seconds."""
    seconds = str({name.lower(): value for name, value in headers.items()}.get("retry-after", ""))
    wait_s = min(int(seconds), RETRY_AFTER_MAX_S) if SECONDS.fullmatch(seconds) else RETRY_AFTER_S
    return Later("Slack's rate limit (429)", wait_s)


def _failure(error: SlackApiError) -> Answer:
    """The answer for an error of Slack: try again later, never this channel, or never this message."""
    response = error.response
    status = response.status_code
    if status == 429:
        return rate_limited(response.headers)
    reason = _reason(error)
    said = f"Slack says {reason or status}"
    if status in TOO_LARGE:
        return Refused(said)
    if not ERROR_CODE.fullmatch(reason) or status >= 500 or reason in LATER or reason in REVOKED:
        return Later(said)
    if reason in WRONG_CHANNEL or reason.startswith(WRONG_CHANNEL_PREFIXES):
        return WrongChannel(said)
    return Refused(said)


def _reason(error: SlackApiError) -> str:
    """Slack's error code; empty where the answer is not of Slack's API, such as a proxy's JSON."""
    said = error.response.data
    return str(said.get("error") or "") if isinstance(said, dict) and said.get("ok") is False else ""


def _content(page: Page) -> dict[str, Any]:
    """A page's text and blocks. ``parse`` and ``link_names``: nothing in the text becomes a link or a mention by itself."""
    return {"text": page.text, "blocks": list(page.blocks), "parse": "none", "link_names": False}


def _user(found: Any, who: str, home: str) -> SlackUser | None:
    """The user in an answer of users.info; None for another user's. A flag that is missing counts against the user."""
    if not isinstance(found, Mapping) or found.get("id") != who:
        return None
    enterprise = found.get("enterprise_user")
    teams = enterprise.get("teams") if isinstance(enterprise, Mapping) else None
    return SlackUser(
        at_home=found.get("is_stranger") in (None, False)
        and (found.get("team_id") == home or (isinstance(teams, list) and home in teams)),
        guest=found.get("is_restricted") is not False or found.get("is_ultra_restricted") is not False,
        deleted=found.get("deleted") is not False,
        bot=found.get("is_bot") is not False or who == SLACKBOT or any(found.get(kind) not in (None, False) for kind in BOTS),
    )
