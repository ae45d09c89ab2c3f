"""An incoming webhook, where no Slack app is installed: it can post, but not edit, use threads or receive clicks.

The channel of a webhook is fixed, so each message names the channel that it is meant for.
"""

from __future__ import annotations

from slack_sdk.webhook import WebhookClient

from controller.notifications.block_kit import Page
from controller.notifications.mrkdwn import code, mrkdwn_object
from controller.runtime.outbox.post_only_chat import PostOnlyChat
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.slack.web_api import ERROR_CODE, TIMEOUT_S, TOO_LARGE, UNANSWERED, rate_limited

UNUSABLE = frozenset(
    {"invalid_token", "no_service", "no_team", "channel_is_archived", "action_prohibited"}
)  # errors of the webhook, which an operator has to correct
ACCEPTED = "ok"  # the whole body of Slack's answer
POST_ONLY = "an incoming webhook can only post"


class WebhookChat(PostOnlyChat):
    """The Chat port over one incoming webhook."""

    why = POST_ONLY

    def __init__(self, url: str) -> None:
        self._client = WebhookClient(url, timeout=TIMEOUT_S, retry_handlers=[])

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:  # noqa: ARG002 - the port's own signature
        meant = {"type": "context", "elements": [mrkdwn_object(f"for {code(channel)}")]}
        try:
            answer = self._client.send(text=page.text, blocks=[*page.blocks, meant])
        except (*UNANSWERED, ValueError) as error:
            return Later(f"Slack did not answer: {type(error).__name__}")
        if answer.status_code == 200 and answer.body.strip() == ACCEPTED:
            return Done("webhook/0")
        if answer.status_code == 200:  # a proxy or a sign-in page answered
            return Later("Slack did not answer: HTTP 200 without its ok")
        if answer.status_code == 429:
            return rate_limited(answer.headers)
        if answer.status_code in TOO_LARGE or (answer.status_code == 400 and _is_about_the_message(answer.body)):
            return Refused(f"Slack says {answer.body[:60] or answer.status_code}")
        return Later(f"Slack says {answer.body[:60] or answer.status_code}")


def _is_about_the_message(body: str) -> bool:
    """Whether the body is an error code of Slack about the message, and not one about the webhook, or a page of a proxy."""
    return body.strip() not in UNUSABLE and ERROR_CODE.fullmatch(body.strip()) is not None
