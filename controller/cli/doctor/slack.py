"""What ``spotwarden doctor`` checks about Slack: whether the token is valid and has the scopes that the controller uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Set
from typing import Any

from botocore.exceptions import ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.aws.operator_advice import missing_secret, secret_advice
from controller.slack.secret import secret_in

SCOPES = {"chat:write", "chat:write.public", "commands", "usergroups:read", "users:read"}


def look_at_slack(client: Callable[[str], Any], secret: str) -> tuple[bool, str]:
    """Whether the secret exists, and Slack accepts the token in it."""
    if not secret:
        return True, "not set up: messages go to NoticeTopic and to the event bus"
    secrets = client("secretsmanager")
    try:
        text = secrets.get_secret_value(SecretId=secret).get("SecretString", "")
    except ClientError as error:
        if fault_of(error) is AwsFault.MISSING:
            return False, missing_secret(secret, secrets.meta.region_name)
        if told := secret_advice(error, secret):
            return False, told
        raise
    try:
        found = secret_in(text)
    except ValueError as problem:
        return False, f"the secret {secret} cannot be used: {problem} (docs/slack.md)"
    if "webhook_url" in found:
        return True, "an incoming webhook: only a message can show whether Slack accepts it"
    ok, says = _asked_slack(found["bot_token"], SCOPES if found["signing_secret"] else SCOPES - {"commands"})
    clicks = "" if found["signing_secret"] else "; the secret has no signing_secret, so buttons and /spot do nothing"
    return ok, says + clicks


def _asked_slack(token: str, wanted: Set[str]) -> tuple[bool, str]:
    """Whether Slack accepts the token (``auth.test``), with these scopes (in the answer's header ``x-oauth-scopes``)."""
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

    try:
        answer = WebClient(token=token, base_url=os.environ.get("SPOTWARDEN_SLACK_URL") or WebClient.BASE_URL).auth_test()
    except SlackApiError as error:
        return False, f"Slack refuses the token ({error.response.get('error')}): put a new one into the secret"
    except OSError as error:
        return False, f"Slack cannot be reached from here ({error}): the check messages says whether the functions reach it"
    granted = str({name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", ""))
    missing = sorted(wanted - set(granted.replace(" ", "").split(","))) if granted else []
    if missing:
        return False, f"the app lacks the scopes {', '.join(missing)}: add them (spotwarden slack-manifest) and install it again"
    return True, f"the token is accepted in {answer.get('team', 'the workspace')}"
