"""The routes for Slack: buttons and modals, and the ``/spot`` command. A request without Slack's signature is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from chalice.app import Blueprint, Response

from controller import wiring
from controller.runtime.slack_command import command
from controller.runtime.slack_interactions import BadRequest, interaction
from handlers.observed import answered

slack = Blueprint(__name__)
FORM = ["application/x-www-form-urlencoded"]
BYTES_MAX = 500_000


@slack.route("/slack/interactions", methods=["POST"], content_types=FORM)
@answered
def interactions() -> Response:
    """Answer a click, or the submission of a modal."""
    return _answer("payload", lambda text: interaction(_object(text), wiring.slack_ports()))


@slack.route("/slack/command", methods=["POST"], content_types=FORM)
@answered
def spot() -> Response:
    """Answer ``/spot …``."""
    return _answer("text", lambda text: command(text, wiring.slack_ports()))


def _answer(field: str, answer: Any) -> Response:
    """Answer one field of a form. A request that Slack did not sign, or that was answered before, is refused."""
    request = slack.current_request
    raw = request.raw_body
    body = raw.encode() if isinstance(raw, str) else raw
    headers = {name.lower(): value for name, value in request.headers.items()}
    if len(body) > BYTES_MAX:
        return Response({"error": f"the body is {len(body)} bytes, wanted at most {BYTES_MAX}"}, status_code=413)
    refused = wiring.refuse_unsigned(body, headers)
    if refused:
        return Response({"error": refused}, status_code=401)
    try:
        form = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=100)
        said = answer(form.get(field, [""])[0])
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
