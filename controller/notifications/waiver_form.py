"""The Slack form (a modal view) in which people give a waiver, and what was entered in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from controller.decide.user_requests import REASON_MAX, TICKET_MAX
from controller.notifications.mrkdwn import plain_object, shortened
from controller.units.free_text import one_line
from controller.units.value import dataclass

WAIVER_CALLBACK = "spotwarden/waive"
OPTIONS_MAX = 100  # Slack's limit for the options of a static_select


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """Which rule is waived, why, under which ticket, and until which day (inclusive)."""

    policy: str
    reason: str
    ticket: str
    until: date


def waiver_form(lineage: str, job: str, rules: Sequence[str], *, most: date, address: str = "") -> Mapping[str, Any]:
    """The view for Slack's views.open. ``most`` is the latest day that may be chosen, ``address`` the one in the button's value.

    Slack allows 24 characters in the title and 3,000 in private_metadata.
    """
    options = [{"text": plain_object(shortened(rule, 75)), "value": shortened(rule, 75)} for rule in rules[:OPTIONS_MAX]]
    return {
        "type": "modal",
        "callback_id": WAIVER_CALLBACK,
        "private_metadata": json.dumps({"lineage": lineage, "job": job, **({"at": address} if address else {})}),
        "title": plain_object("Waive a rule"),
        "submit": plain_object("Waive"),
        "close": plain_object("Cancel"),
        "blocks": [
            _input("policy", "Rule", {"type": "static_select", "options": options, "initial_option": options[0]}),
            _input("reason", "Reason", {"type": "plain_text_input", "multiline": True, "max_length": REASON_MAX}),
            _input("ticket", "Ticket", {"type": "plain_text_input", "max_length": TICKET_MAX}),
            _input("until", f"Until (latest: {most.isoformat()})", {"type": "datepicker", "initial_date": most.isoformat()}),
        ],
    }


def waiver_request_of(
    view: Mapping[str, Any], *, rules: Sequence[str], first: date, most: date
) -> tuple[WaiverRequest, Mapping[str, str]]:
    """What was entered, and the errors by the block_id of the field. Do not use the request if there are errors.

    ``rules`` are the rules that may be waived now; ``first`` and ``most`` are the first and the last day that are allowed.
    """
    policy = _value(view, "policy")
    reason, ticket = one_line(_value(view, "reason"), REASON_MAX), one_line(_value(view, "ticket"), TICKET_MAX)
    wrong: dict[str, str] = {}
    if policy not in {shortened(rule, 75) for rule in rules}:
        wrong["policy"] = "The job does not break this rule now, or the rule is already waived."
    if not reason:
        wrong["reason"] = "Enter a reason."
    if not ticket:
        wrong["ticket"] = "Enter the ticket that tracks this waiver."
    try:
        until = date.fromisoformat(_value(view, "until"))
    except ValueError:
        until, wrong["until"] = most, "Enter a date."
    if not first <= until <= most:
        wrong["until"] = f"Enter a date from {first.isoformat()} to {most.isoformat()}. The policy allows no longer waiver."
    whole = next((rule for rule in rules if shortened(rule, 75) == policy), policy)
    return WaiverRequest(policy=whole, reason=reason, ticket=ticket, until=until), wrong


def _value(view: Mapping[str, Any], name: str) -> str:
    """The value of a field of any kind, from view.state.values.<block_id>.<action_id>; empty if it is missing or not a text."""
    found: Any = view
    for member in ("state", "values", name, name):
        found = found.get(member) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return ""
    option = found.get("selected_option")
    value = option.get("value") if isinstance(option, Mapping) else found.get("value") or found.get("selected_date")
    return value if isinstance(value, str) else ""


def _input(name: str, label: str, element: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "input", "block_id": name, "label": plain_object(label), "element": {"action_id": name, **element}}
