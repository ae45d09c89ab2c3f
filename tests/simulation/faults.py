"""What may go wrong, as named settings: a seed turns each of them somewhere between never and often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The fault model of one seed. Chances are of each call, counts are of the whole history, 0 is never."""

    # What happens to the calls of a Lambda.
    die_before: float = 0.0  # it dies, and the call was never made
    die_after: float = 0.0  # it dies, and the call took effect
    throttle: float = 0.0  # the call is answered "too fast", and did not take effect
    lose_answer: float = 0.0  # the call took effect, and times out
    dawdle: float = 0.0  # the Lambda stands still before the call, up to fifty seconds; it is killed at 45 s of its life
    slow: float = 0.0  # the call takes seconds to arrive, and arrives even if its caller is dead by then

    # What happens to events on their way: chances of each.
    event_lost: float = 0.0
    event_duplicated: float = 0.0
    event_late: float = 0.0
    event_reordered: float = 0.0

    # What people do meanwhile.
    stop_jobs: int = 0
    delete_jobs: int = 0
    reuse_names: int = 0  # a job is deleted, and another begins under its name
    steal_names: int = 0  # a job begins under the name that our next attempt would have
    clone_tags: int = 0  # a job begins with all tags of another, ours included
    edit_policy: int = 0
    halts: int = 0

    # What is broken from the beginning to the end.
    broken: int = 0  # jobs that SageMaker never describes: each call times out

    @classmethod
    def drawn(cls, rng: Random) -> Faults:
        """Draw a fault model: most seeds have a few kinds of faults and none of the others, so that each is seen alone too."""
        return cls(**{name: rng.choice(chances) for name, chances in CHANCES.items()})

    def kinds(self) -> list[str]:
        """The names of the faults that can happen."""
        return [f.name for f in fields(self) if getattr(self, f.name)]

    def without(self, *names: str) -> Faults:
        return replace(self, **dict.fromkeys(names, 0))


CHANCES: Final[Mapping[str, tuple[Any, ...]]] = {
    "die_before": (0, 0, 0.01, 0.05),
    "die_after": (0, 0, 0.01, 0.05),
    "throttle": (0, 0, 0.02, 0.1),
    "lose_answer": (0, 0, 0.01, 0.05),
    "dawdle": (0, 0, 0.02, 0.1),
    "slow": (0, 0, 0.05, 0.2),
    "event_lost": (0, 0.1, 0.6),
    "event_duplicated": (0, 0.5, 1.0),
    "event_late": (0, 0.2),
    "event_reordered": (0, 0.5),
    "stop_jobs": (0, 0, 1),
    "delete_jobs": (0, 0, 1, 2),
    "reuse_names": (0, 0, 1),
    "steal_names": (0, 0, 1, 2),
    "clone_tags": (0, 0, 1),
    "edit_policy": (0, 0, 1, 3),
    "broken": (0, 0, 0, 2),
    "halts": (0, 0, 0, 1, 2),
}
"""What ``Faults.drawn`` chooses from."""
