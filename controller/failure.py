"""Sorts why a training job ended without its model, and says of each cause whether trying again can help.

SageMaker writes a FailureReason as ``<Class>: <text>``, at most 1,024 characters. The class is SageMaker's word; the
text often comes from the user's container (whatever it wrote to /opt/ml/output/failure). So only the class at the very
beginning is believed: a script that prints "CapacityError" must not buy itself another machine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Why a job ended without its model."""

    STARVED = "starved"
    CAPACITY = "capacity"
    INTERNAL = "internal"
    ALGORITHM = "algorithm"
    CLIENT = "client"
    UNKNOWN = "unknown"

    @property
    def retryable(self) -> bool:
        """Whether the same request, sent again later, may well succeed."""
        return STANDS[self].retryable

    @property
    def word(self) -> str:
        """Say the cause in a word or two, for tables and messages."""
        return STANDS[self].word

    @property
    def why(self) -> str:
        """Say in one sentence for people what happened and whether to try again."""
        return STANDS[self].why


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What we hold of one cause."""

    retryable: bool
    word: str
    why: str


STANDS: Mapping[Cause, Stand] = {
    Cause.STARVED: Stand(
        retryable=True,
        word="starved",
        why="Spot capacity did not come, or did not stay, within MaxWaitTimeInSeconds; later there may be some.",
    ),
    Cause.CAPACITY: Stand(
        retryable=True,
        word="no capacity",
        why="EC2 had no machine of this type to give; later, or with another instance type, there may be one.",
    ),
    Cause.INTERNAL: Stand(
        retryable=True,
        word="internal error",
        why="SageMaker reported an internal error; one more try is fair, but a repeat is usually the job's own doing"
        " (an image that cannot start, a checkpoint prefix too big to restore).",
    ),
    Cause.ALGORITHM: Stand(
        retryable=False,
        word="algorithm error",
        why="The training code itself ended with an error; the same code on the same data would end so again.",
    ),
    Cause.CLIENT: Stand(
        retryable=False,
        word="client error",
        why="The request cannot work as written (role, network, data, memory or disk); someone must change it first.",
    ),
    Cause.UNKNOWN: Stand(
        retryable=False,
        word="unknown",
        why="SageMaker gave no reason that we know; a person should read it before money is spent on another try.",
    ),
}

# No class means STARVED: SageMaker ends a starved job as Stopped/MaxWaitTimeExceeded, which has no FailureReason.
CLASSES: Mapping[str, Cause] = {
    "CapacityError": Cause.CAPACITY,
    "InternalServerError": Cause.INTERNAL,
    "AlgorithmError": Cause.ALGORITHM,
    "ExecuteUserScriptError": Cause.ALGORITHM,
    "ClientError": Cause.CLIENT,
}


def classify(failure_reason: str | None) -> Cause:
    """Name the cause of a FailureReason by the class it begins with, spelled exactly so; anything else is UNKNOWN."""
    name = re.match(r"\s*(\w+)\s*(?=:|$)", failure_reason or "")
    return CLASSES.get(name[1], Cause.UNKNOWN) if name else Cause.UNKNOWN
