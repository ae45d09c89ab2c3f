"""Recognises a click on a message that another stack of the same Slack app posted, and makes the answer for Slack.

Slack sends every click of an app to one URL. The stack there passes the click on to the stack that posted the message; the
button's value contains its address. That stack checks Slack's signature and the person's permission, as for its own clicks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from controller.ledger.lineage_id import LineageId
from controller.notifications.messages.text import where_text
from controller.notifications.waiver_form import WAIVER_CALLBACK
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Done, Later, Refused
from controller.runtime.ports.outbox import Chat
from controller.units.value import dataclass

ADDRESS = "at"  # the member of a button's value with the sealed address of its stack


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherStack:
    """The stack that posted a message: its account, its region and its sealed address (empty where the message has none)."""

    account: str
    region: str
    address: str


def other_stack_of(payload: Mapping[str, Any], home: Home) -> OtherStack | None:
    """The stack that a click is for; None where it is for this stack, or no click of this app."""
    try:
        found = json.loads(_value(payload))
        lineage, address = LineageId.parse(str(found["lineage"])), found.get(ADDRESS, "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if lineage is None or not home.account or (lineage.account, lineage.region) == (home.account, home.region):
        return None
    return OtherStack(account=lineage.account, region=lineage.region, address=address if isinstance(address, str) else "")


def _value(payload: Mapping[str, Any]) -> str:
    """The value of the button that was pressed, or the metadata of the modal that was submitted; empty for one of another app.

    Raises KeyError, TypeError or ValueError for a payload of another form.
    """
    if payload.get("type") == "view_submission":
        view = payload["view"]
        return str(view["private_metadata"]) if view["callback_id"] == WAIVER_CALLBACK else ""
    [action, *_] = payload["actions"]
    return str(action["value"]) if str(action["action_id"]).startswith("spotwarden/") else ""


def answer_for_other_stack(
    payload: Mapping[str, Any], whose: OtherStack, passed: Done | Later | Refused, chat: Chat, names: Mapping[str, str]
) -> Mapping[str, Any]:
    """The object that Slack gets back: the other stack's answer, or why there is none. ``names`` are names of accounts."""
    if isinstance(passed, Done):
        answer: Mapping[str, Any] = json.loads(passed.detail or "{}")
        return answer
    where = where_text(whose.account, whose.region, names)
    if isinstance(passed, Later):
        told = (
            f"The stack of {where} has not answered yet ({passed.why}). It answers here itself once it has started."
            " If nothing comes within a minute, press the button again."
        )
    else:
        told = (
            f"The stack in {where} posted this message, and the click could not be sent to it: {passed.why}. Nothing was changed."
        )
    if payload.get("type") == "view_submission":
        return {"response_action": "errors", "errors": {"policy": told}}
    url = payload.get("response_url")
    if isinstance(url, str) and url:
        chat.reply_ephemeral(url, told)
    return {}
