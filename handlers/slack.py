"""The routes for Slack: buttons and modals, and the ``/spot`` command. A request without Slack's signature is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from chalice.app import Blueprint, Response

from controller import wiring
from controller.runtime.ports.answers import Unreachable
from controller.runtime.slack_requests.interactions import BadRequest, interaction
from controller.runtime.slack_requests.other_stack import answer_for_other_stack, other_stack_of
from controller.runtime.slack_requests.slash_command import command
from handlers.observed import answered, failed, hidden, logger
from handlers.warm import warm_slack

slack = Blueprint(__name__)
warm_slack()
FORM = ["application/x-www-form-urlencoded"]
BYTES_MAX = 500_000


@slack.route("/slack/interactions", methods=["POST"], content_types=FORM)
@answered
def interactions() -> Response:
    """Answer a click, or the submission of a modal."""
    return _answer(_interaction)


@slack.route("/slack/command", methods=["POST"], content_types=FORM)
@answered
def spot() -> Response:
    """Answer ``/spot …``."""
    return _answer(_command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A request of Slack as it came, and when. Header names are in lower case."""

    at: datetime
    body: bytes
    headers: Mapping[str, str]


def _interaction(form: Mapping[str, str], came: Came) -> Mapping[str, Any]:
    """Answer it here, or pass it on to the stack that posted the message."""
    payload, ports = _object(form.get("payload", "")), wiring.slack_ports(came.at)
    whose = other_stack_of(payload, wiring.home())
    if whose is None:
        said = interaction(payload, ports)
        hidden(ports.hidden)
        return said
    passed = wiring.pass_on(whose, came.body, came.headers)
    logger.info(
        "click of another stack", extra={"account": whose.account, "region": whose.region, "passed": type(passed).__name__}
    )
    return answer_for_other_stack(payload, whose, passed, ports.chat, ports.policies.current().labels.accounts)


def _command(form: Mapping[str, str], came: Came) -> Mapping[str, Any]:
    """Answer a command, also after an error: without an answer Slack shows its own error, which has no details."""
    try:
        ports = wiring.slack_ports(came.at)
        said = command(form.get("text", ""), ports, who=form.get("user_id", ""))
        hidden(ports.hidden)
        return said
    except Exception as problem:
        failed(problem)
        return {"response_type": "ephemeral", "text": "This could not be answered. The function's log has the reason."}


def _answer(answer: Callable[[Mapping[str, str], Came], Any]) -> Response:
    """Answer a form. A request that Slack did not sign, or that was answered before, is refused with status 401."""
    came_at = wiring.clock().now()
    request = slack.current_request
    raw = request.raw_body
    body = raw.encode(errors="replace") if isinstance(raw, str) else raw
    headers = {name.lower(): value for name, value in request.headers.items()}
    if len(body) > BYTES_MAX:
        return Response({"error": f"the body is {len(body)} bytes, wanted at most {BYTES_MAX}"}, status_code=413)
    try:
        refused = wiring.refuse_unsigned(body, headers)
    except Unreachable as problem:
        hidden([problem])
        return Response({"error": "the signing secret could not be read, so the request could not be verified"}, status_code=503)
    if refused:
        return Response({"error": refused}, status_code=401)
    try:
        form = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=100)
        said = answer({name: values[0] for name, values in form.items()}, Came(at=came_at, body=body, headers=headers))
    except (BadRequest, ValueError) as problem:
        return Response({"error": str(problem)[:300]}, status_code=400)
    return Response(said or "", status_code=200, headers={"Content-Type": "application/json" if said else "text/plain"})


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as problem:
        raise BadRequest(f"payload is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise BadRequest(f"payload is a {type(found).__name__}, wanted an object")
    return found
