"""Who may read about jobs in Slack: those whom the policy's ``may: {read: …}`` lists; by default the full members of the
workspace.
"""

from __future__ import annotations

import re
from typing import Protocol

from controller.policy.slack_settings import MEMBERS
from controller.runtime.ports import Chat, Policies, Unreachable
from controller.runtime.slack_user import SlackUser

NOT_A_MEMBER = "Only full members of this workspace may read about jobs here. You are a guest, or belong to another workspace."
NOT_LISTED = "You are not allowed to read about jobs here. The policy says who may (`may: {read: …}`)."
UNKNOWN = "Slack did not say who you are, so you cannot read about jobs now. Try again in a minute."


SLACK_USER = re.compile(r"[UW][A-Z0-9]{1,39}")  # of a user: a policy lists user groups (S…) and words beside them


class ReaderPorts(Protocol):
    @property
    def chat(self) -> Chat: ...

    @property
    def policies(self) -> Policies: ...

    def user(self, who: str) -> SlackUser | None:
        """What Slack says of a user, as of a few minutes ago at most. Raises Unreachable."""


def refuses_to_read(who: str, ports: ReaderPorts) -> str:
    """Why a Slack user may not read about jobs; empty for one who may. Unknown and unreachable are a refusal."""
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
    except Unreachable:
        return UNKNOWN
    return NOT_A_MEMBER if MEMBERS in readers else NOT_LISTED
