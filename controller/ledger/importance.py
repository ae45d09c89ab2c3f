"""How much each message matters."""

from __future__ import annotations

from collections.abc import Mapping

from controller.policy.slack_settings import Importance

# By the first word of a topic. What is not here is a deed of ours.
IMPORTANCE: Mapping[str, Importance] = {
    "gave-up": Importance.PERSON,
    "cannot-repeat": Importance.PERSON,
    "cannot-afford": Importance.PERSON,
    "refused": Importance.PERSON,
    "abandoned": Importance.PERSON,
    "deadline-lost": Importance.PERSON,
    "deadline-at-risk": Importance.PERSON,
    "deadline-unreadable": Importance.PERSON,
    "on-demand-forbidden": Importance.PERSON,
    "no-estimate": Importance.PERSON,
    "no-room": Importance.PERSON,
    "checkpoints-unseen": Importance.PERSON,
    "still-stopping": Importance.PERSON,
    "finished": Importance.NEWS,
    "interrupted": Importance.NEWS,
}


def importance_of(topic: str) -> Importance:
    return IMPORTANCE.get(topic.partition("/")[0], Importance.ACTION)
