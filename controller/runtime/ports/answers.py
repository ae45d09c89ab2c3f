"""The possible answers of a call: expected answers are values, surprises are exceptions."""

from __future__ import annotations

from controller.jobs.job import Job
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """It took effect, now or before."""

    detail: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """Not now. ``after_s`` is how long AWS or Slack asked to wait; None where it did not say.

    ``tried`` is False where it counts against no limit of tries: AWS throttled the call, or there was nothing to try yet.
    """

    why: str
    after_s: int | None = None
    tried: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Not now and not later."""

    why: str


Answer = Done | Later | Refused


class Unreachable(Exception):
    """AWS did not answer (throttled, timed out): what was asked for is unknown, not absent. The next trigger may learn more.

    A denied permission is an answer: that is a mistake in the controller's role, and is raised with AWS's message.
    """


class PartUnread(Unreachable):
    """SageMaker described a job, and did not say its tags, or whose its algorithm is.

    ``job`` lacks what was not read; ``tags`` says whether its tags are a part of that.
    """

    def __init__(self, why: str, job: Job, *, tags: bool) -> None:
        super().__init__(why)
        self.job, self.tags = job, tags
