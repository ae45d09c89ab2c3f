"""The possible answers of a call: expected answers are values, unexpected ones are exceptions."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect, now or before."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now: try again. ``after_s`` is how many seconds AWS or Slack asked to wait; None where it did not.

    ``tried`` is False where the call does not count as a try: AWS throttled it, or there was nothing to try yet.
    """

    why: str
    after_s: int | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not take effect, and the same call never will."""

    why: str


Answer = Done | Later | Refused


class Unreachable(Exception):
    """AWS or Slack did not answer (throttled, timed out): the result is unknown, not absent. The next trigger may learn it.

    A denied permission is an answer: it is a mistake in the controller's role, and is raised with AWS's message.
    """


class PartUnread(Unreachable):
    """SageMaker described a job, but its tags, or the owner of its algorithm, could not be read.

    ``job`` is the job without them; ``tags`` is True where its tags are missing.
    """

    def __init__(self, why: str, job: Job, *, tags: bool) -> None:
        super().__init__(why)
        self.job, self.tags = job, tags
