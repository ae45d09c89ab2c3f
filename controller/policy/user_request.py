"""What a person may request in Slack."""

from __future__ import annotations

from enum import StrEnum


class UserRequest(StrEnum):
    TRY_AGAIN = "try-again"  # submit the job once more
    ON_DEMAND = "on-demand"  # move the job to on-demand
    STOP = "stop"  # stop the job
    WAIVE = "waive"  # waive a rule for the job
    HALT = "halt"  # pause all actions and messages in the account
    ACCEPT_TAGS = "accept-tags"  # let changed tags of the job take effect
    CANCEL = "cancel"  # call off the attempt that waits
