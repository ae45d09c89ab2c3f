"""Sorts why a training job ended without its model, and says of each cause whether and how trying again can help.

SageMaker writes a FailureReason as ``<Class>: <text>``, at most 1,024 characters. The class is SageMaker's word; the
text often comes from the user's container (whatever it wrote to /opt/ml/output/failure). So only the class at the very
beginning is believed, and of a ClientError, whose text is SageMaker's too, how that text begins: a script that prints
"CapacityError" must not buy itself another machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a job ended without its model, or why its next attempt is another one."""

    NEVER_LAUNCHED = "never-launched"
    STARVED = "starved"
    CAPACITY = "capacity"
    INTERNAL = "internal"
    QUOTA = "quota"
    THROTTLED = "throttled"
    OVERRAN = "overran"
    ALGORITHM = "algorithm"
    CLIENT = "client"
    MEMORY = "memory"
    DISK = "disk"
    STOPPED = "stopped"
    ENFORCED = "enforced"
    DEADLINE = "deadline"
    INTERRUPTIONS = "interruptions"
    RETURN = "return"
    REPAIR = "repair"
    ASKED = "asked"
    UNKNOWN = "unknown"

    @property
    def retryable(self) -> bool:
        """Whether the same request, sent again later, may well succeed."""
        return HANDLING[self].retryable

    @property
    def next(self) -> "RetryChange":
        return HANDLING[self].next

    @property
    def tries_max(self) -> int | None:
        """How often a lineage may be tried again for this cause, whatever a policy says; None is no limit of ours."""
        return HANDLING[self].tries_max

    @property
    def word(self) -> str:
        """Say the cause in a word or two, for tables and messages."""
        return HANDLING[self].word

    @property
    def why(self) -> str:
        """Say in one sentence for people what happened and whether to try again."""
        return HANDLING[self].why


class RetryChange(StrEnum):
    """What another try needs to differ in."""

    SAME = "the same request"
    RESUME = "the same request, and a checkpoint to go on from"  # without one it would end the same way
    ELSEWHERE = "another pool"  # the next step of the ladder, where the policy has one
    LARGER = "a larger machine or volume"  # which only the policy can name
    NAMED = "the policy's word for it"  # tried again only where a policy names the text
    NEVER = "nothing helps"
    OURS = "what we decided"  # moves and repairs: the controller's own reasons for another attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What we hold of one cause."""

    retryable: bool
    next: RetryChange
    word: str
    why: str
    tries_max: int | None = None


HANDLING: Mapping[Cause, Handling] = {
    Cause.NEVER_LAUNCHED: Handling(
        retryable=True,
        next=RetryChange.ELSEWHERE,
        word="never launched",
        why="Spot capacity did not come within MaxWaitTimeInSeconds, so nothing was trained; another pool may have some.",
    ),
    Cause.STARVED: Handling(
        retryable=True,
        next=RetryChange.RESUME,
        word="starved",
        why="Spot capacity did not stay within MaxWaitTimeInSeconds; from its checkpoint the job may be finished.",
    ),
    Cause.CAPACITY: Handling(
        retryable=True,
        next=RetryChange.ELSEWHERE,
        word="no capacity",
        why="EC2 had no machine of this type to give; later, or with another instance type, there may be one.",
    ),
    Cause.INTERNAL: Handling(
        retryable=True,
        next=RetryChange.SAME,
        word="internal error",
        why="SageMaker reported an internal error; one more try is fair, but a repeat is usually the job's own doing"
        " (an image that cannot start, a checkpoint prefix too big to restore).",
        tries_max=2,
    ),
    Cause.QUOTA: Handling(
        retryable=True,
        next=RetryChange.ELSEWHERE,
        word="quota",
        why="The account's limit for this instance type is used up; when other jobs end, or with another type, it may fit.",
    ),
    Cause.THROTTLED: Handling(
        retryable=True,
        next=RetryChange.SAME,
        word="throttled",
        why="AWS took no more calls at that moment; the same call succeeds a little later.",
    ),
    Cause.OVERRAN: Handling(
        retryable=False,
        next=RetryChange.RESUME,
        word="overran",
        why="The job reached MaxRuntimeInSeconds; where the policy says so and a checkpoint exists, it can go on from there.",
    ),
    Cause.ALGORITHM: Handling(
        retryable=False,
        next=RetryChange.NAMED,
        word="algorithm error",
        why="The training code itself ended with an error; the same code on the same data would end so again.",
    ),
    Cause.CLIENT: Handling(
        retryable=False,
        next=RetryChange.NAMED,
        word="client error",
        why="The request cannot work as written (role, network or data); someone must change it first.",
    ),
    Cause.MEMORY: Handling(
        retryable=False,
        next=RetryChange.LARGER,
        word="out of memory",
        why="The machine's memory was too small; the same size would end so again, a larger instance type may not.",
    ),
    Cause.DISK: Handling(
        retryable=False,
        next=RetryChange.LARGER,
        word="disk full",
        why="The volume was too small; the same size would end so again, a larger VolumeSizeInGB may not.",
    ),
    Cause.STOPPED: Handling(
        retryable=False,
        next=RetryChange.NEVER,
        word="stopped by a person",
        why="A person stopped the job, and knows why.",
    ),
    Cause.ENFORCED: Handling(
        retryable=False,
        next=RetryChange.NEVER,
        word="stopped by a rule",
        why="A rule of the policy stopped the job; submitted again unchanged, it would break the rule again.",
    ),
    Cause.DEADLINE: Handling(
        retryable=True,
        next=RetryChange.OURS,
        word="moved for its deadline",
        why="The job was moved to on-demand capacity at the latest moment at which its deadline could still be kept.",
    ),
    Cause.INTERRUPTIONS: Handling(
        retryable=True,
        next=RetryChange.OURS,
        word="interrupted too often",
        why="The job was interrupted more often than the policy bears, and was moved to the next step of its ladder.",
    ),
    Cause.RETURN: Handling(
        retryable=True,
        next=RetryChange.OURS,
        word="moved back to spot",
        why="Spot capacity was there again while the job had time to spare, so it was moved back.",
    ),
    Cause.REPAIR: Handling(
        retryable=True,
        next=RetryChange.OURS,
        word="repaired",
        why="A rule stopped the job and mended its request, once.",
        tries_max=1,
    ),
    Cause.ASKED: Handling(
        retryable=True,
        next=RetryChange.OURS,
        word="asked for by a person",
        why="A person asked for another attempt, and no budget counts that.",
    ),
    Cause.UNKNOWN: Handling(
        retryable=False,
        next=RetryChange.NEVER,
        word="unknown",
        why="SageMaker gave no reason that we know; a person should read it before money is spent on another try.",
    ),
}

MOVE_CAUSES = frozenset({Cause.DEADLINE, Cause.INTERRUPTIONS, Cause.RETURN, Cause.ASKED})
"""What a job is stopped for to go on elsewhere: where there is no room for it, it goes back at once."""

# No class means STARVED: SageMaker ends a starved job as Stopped/MaxWaitTimeExceeded, which has no FailureReason.
CLASSES: Mapping[str, Cause] = {
    "CapacityError": Cause.CAPACITY,
    "InternalServerError": Cause.INTERNAL,
    "AlgorithmError": Cause.ALGORITHM,
    "ExecuteUserScriptError": Cause.ALGORITHM,
    "ClientError": Cause.CLIENT,
    "ResourceLimitExceeded": Cause.QUOTA,
    "ThrottlingException": Cause.THROTTLED,
}

# How a ClientError's text begins (aws/sagemaker-python-sdk#128, huggingface/blog#114, DIAGNijmegen/rse-grand-challenge).
CLIENT_TEXTS: tuple[tuple[str, Cause], ...] = (
    ("please use an instance type with more memory", Cause.MEMORY),
    ("artifact upload failed:clienterror: out of memory", Cause.MEMORY),
    ("data download failed:insufficient disk space", Cause.DISK),
    ("artifact upload failed:insufficient disk space", Cause.DISK),
)


def classify(failure_reason: str | None) -> Cause:
    """Name the cause of a FailureReason by the class it begins with, spelled exactly so; anything else is UNKNOWN."""
    name = re.match(r"\s*(\w+)\s*(?=:|$)", failure_reason or "")
    cause = CLASSES.get(name[1], Cause.UNKNOWN) if name else Cause.UNKNOWN
    if cause is not Cause.CLIENT or name is None or failure_reason is None:
        return cause
    text = " ".join(failure_reason[name.end() :].removeprefix(":").lower().split())
    return next((finer for beginning, finer in CLIENT_TEXTS if text.startswith(beginning)), cause)


def begins_with(failure_reason: str | None, beginnings: tuple[str, ...]) -> bool:
    """Whether a FailureReason begins as a policy names it, blanks joined; what stands further on is the user's text."""
    text = " ".join((failure_reason or "").split())
    return any(text.startswith(" ".join(beginning.split())) for beginning in beginnings)
