"""Decides who may read about jobs in Slack, and who may press which button: the people in the policy's ``may``.

By default the full members of the workspace may read, and nobody may press a button.
"""

from __future__ import annotations

import re
from typing import Protocol

from controller.notifications.messages.text import mention_of
from controller.policy.slack_settings import MEMBERS
from controller.policy.user_request import UserRequest
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.outbox import Chat
from controller.runtime.ports.policy import Policies
from controller.runtime.ports.slack_user import SlackUser

NOT_A_MEMBER = "Only full members of this workspace may read about jobs here. You are a guest, or belong to another workspace."
NOT_LISTED = "You are not allowed to read about jobs here. The policy says who may (`may: {read: …}`)."
UNKNOWN = "Slack did not say who you are, so you cannot read about jobs now. Try again in a minute."
SLACK_USER = re.compile(r"[UW][A-Z0-9]{1,39}")  # a user's id; the policy also lists user groups (S…) and words


class PermissionPorts(Protocol):
    """The ports that a question of permission needs."""

    @property
    def chat(self) -> Chat: ...

    @property
    def policies(self) -> Policies: ...

    def user(self, who: str) -> SlackUser | None:
        """A user as Slack describes them, or described them at most five minutes ago. Raises Unreachable."""

    def hide(self, problem: Unreachable) -> None:
        """Keep, for the log, an error that the answer to the person leaves out."""


def refuses_to_read(who: str, ports: PermissionPorts) -> str:
    """Why a Slack user may not read about jobs; empty where they may. Refused also where Slack does not say who they are."""
    readers = ports.policies.current().slack.read
    if SLACK_USER.fullmatch(who) is None:
        return NOT_A_MEMBER
    if who in readers:
        return ""
    try:
        user = ports.user(who) if MEMBERS in readers else None
        if user is not None and user.full_member:
            return ""
        if any(who in ports.chat.members(group) for group in readers if group.startswith("S")):
            return ""
    except Unreachable as problem:
        ports.hide(problem)
        return UNKNOWN
    return NOT_A_MEMBER if MEMBERS in readers else NOT_LISTED


def refuses_request(request: UserRequest, who: str, ports: PermissionPorts) -> str:
    """Why a Slack user may not request that; empty where they may. Asks Slack for the members of groups; raises Unreachable."""
    may = ports.policies.current().slack.may.get(request, ())
    known = SLACK_USER.fullmatch(who) is not None
    if known and (who in may or any(who in ports.chat.members(group) for group in may if group.startswith("S"))):
        return ""
    who_may = ", ".join(map(mention_of, may))
    return f"You are not allowed to do this ({request}). The policy allows it for: {who_may or 'nobody'}."
