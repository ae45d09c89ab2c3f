"""What a person may request in Slack."""

from __future__ import annotations

from enum import StrEnum


class UserRequest(StrEnum):
    TRY_AGAIN = "try-again"
    ON_DEMAND = "on-demand"
    STOP = "stop"
    WAIVE = "waive"
    HALT = "halt"
    ACCEPT_TAGS = "accept-tags"
    CANCEL = "cancel"
