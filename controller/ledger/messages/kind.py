"""The kinds of messages, and the reasons in them. Their values are stored, so they never change."""

from __future__ import annotations

from enum import StrEnum


class MessageKind(StrEnum):
    """Every kind of message. The value is the first word of its topic."""

    FLAGGED = "flagged"
    RESUBMITTING = "resubmitting"
    WOULD_RESUBMIT = "would-resubmit"
    GAVE_UP = "gave-up"
    CANNOT_REPEAT = "cannot-repeat"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    VANISHED = "vanished"
    CHECKPOINTS_UNSEEN = "checkpoints-unseen"
    STILL_STOPPING = "still-stopping"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    MOVING = "moving"
    WOULD_MOVE = "would-move"
    CANNOT_AFFORD = "cannot-afford"
    DEADLINE_LOST = "deadline-lost"
    DEADLINE_AT_RISK = "deadline-at-risk"
    DEADLINE_UNREADABLE = "deadline-unreadable"
    ON_DEMAND_FORBIDDEN = "on-demand-forbidden"
    NO_ROOM = "no-room"
    NO_ESTIMATE = "no-estimate"
    MAX_WAIT_BEFORE_DEADLINE = "max-wait-before-deadline"
    PROBING = "probing"
    STOPPING_AS_ASKED = "stopping-as-asked"
    RATE_LIMIT = "brake"
    NOT_MOVED = "not-moved"
    CHANGED_BACK = "changed-back"
    TAGS_CHANGED = "tags-changed"
    NAME_TAKEN = "name-taken"
    NOT_PERMITTED = "not-permitted"
    DONE_ELSEWHERE = "done-elsewhere"
    STEP_SKIPPED = "step-skipped"
    DECIDER_FAILED = "decider-failed"
    CALLED_OFF = "called-off"
    SURPRISE_HELD = "surprise-held"
    WAIVER_EXPIRING = "waiver-expiring"
    POLICY_REFUSED = "policy-refused"
    TUNING_FLAGGED = "tuning-flagged"
    CREATE_REFUSED = "create-refused"


class GiveUpReason(StrEnum):
    """Why no further attempt is made."""

    LIMIT_REACHED = "limit-reached"
    NO_CHECKPOINT_AFTER_RUNTIME = "no-checkpoint-after-runtime"  # it reached MaxRuntimeInSeconds
    NO_CHECKPOINT_NO_OTHER_TYPE = "no-checkpoint-no-other-type"
    NO_FURTHER_STEP = "no-further-step"
    NOTHING_LARGER = "nothing-larger"
    NOT_RETRYABLE = "not-retryable"
    NO_PRICE = "no-price"
    OVER_CAP = "over-cap"
    NAMES_TAKEN = "names-taken"


class MoveReason(StrEnum):
    """Why a job stays or is moved. Also the value of ``Stop.because`` for a move."""

    TRAINS_ON_SPOT = "trains-on-spot"
    CAN_WAIT = "can-wait"
    SPOT_AWAY = "spot-away"
    LATEST_MOMENT = "latest-moment"
    SPOT_BACK = "spot-back"
    TRAINS_ON_DEMAND = "trains-on-demand"
    INTERRUPTIONS = "interruptions"
    NEARLY_DONE = "nearly-done"  # a move would destroy more training than is left
    NO_CAPACITY = "no-capacity"  # the new place had no capacity, so the job continues where it was


class NextStep(StrEnum):
    """What the controller does about a broken rule."""

    NOTHING = "nothing"
    STOP = "stop"
    REPAIR = "repair"
    CANNOT_REPAIR = "cannot-repair"
    STILL_BROKEN = "still-broken"  # the job was repaired once, and breaks the rule again


ASKED_BY = "asked-by:"  # a reason that begins so comes from a person; the Slack user's id follows


def asked_by(who: str) -> str:
    """The reason for what a person requested in Slack: ``asked-by:`` and the user's id."""
    return f"{ASKED_BY}{who}"
