"""What a person may ask of the controller from a chat."""

from __future__ import annotations

from enum import StrEnum


class UserRequest(StrEnum):
    TRY_AGAIN = "try-again"
    ON_DEMAND = "on-demand"
    STOP = "stop"
    WAIVE = "waive"
    HALT = "halt"
