"""Says what a rule found in a job: a value after "is", and what is a sentence of its own, or a list of tags, after a colon."""

from __future__ import annotations

from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT

NO_VALUE = (CHECKPOINT_ALIVE.id, SPOT_WORTH_IT.id)  # kinds that find something else than the field's value


def found_text(rule: str, field: str, found: str) -> str:
    """What a rule of a kind found at a field."""
    return f"{field}{':' if field == 'Tags' or rule in NO_VALUE else ' is'} {found}"
