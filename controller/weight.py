"""How much each message matters."""

from __future__ import annotations

from collections.abc import Mapping

from controller.talk import Weight

# By the first word of a topic. What is not here is a deed of ours.
WEIGHTS: Mapping[str, Weight] = {
    "gave-up": Weight.PERSON,
    "cannot-repeat": Weight.PERSON,
    "cannot-afford": Weight.PERSON,
    "refused": Weight.PERSON,
    "abandoned": Weight.PERSON,
    "deadline-lost": Weight.PERSON,
    "deadline-at-risk": Weight.PERSON,
    "deadline-unreadable": Weight.PERSON,
    "on-demand-forbidden": Weight.PERSON,
    "no-estimate": Weight.PERSON,
    "no-room": Weight.PERSON,
    "checkpoints-unseen": Weight.PERSON,
    "still-stopping": Weight.PERSON,
    "finished": Weight.NEWS,
    "interrupted": Weight.NEWS,
}


def weight_of(topic: str) -> Weight:
    return WEIGHTS.get(topic.partition("/")[0], Weight.ACTION)
