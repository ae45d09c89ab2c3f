"""Writes what a rule found in a job: a value after "is"; tags, or a sentence, after a colon."""

from __future__ import annotations

from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT

NO_VALUE = (CHECKPOINT_ALIVE.id, SPOT_WORTH_IT.id)  # kinds of rules whose ``found`` is not the field's value


def found_text(rule: str, field: str, found: str) -> str:
    """What a rule found at a field; ``rule`` is the kind of the rule."""
    return f"{field}{':' if field == 'Tags' or rule in NO_VALUE else ' is'} {found}"
