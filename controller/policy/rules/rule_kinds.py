"""All kinds of rules, by their ids in policy files. For a new kind, add a file in this folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.checkpoint_exclusive import CHECKPOINT_EXCLUSIVE
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.instance_allowed import INSTANCE_ALLOWED
from controller.policy.rules.kind import RuleKind
from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.rules.uncheckpointed_cap import UNCHECKPOINTED_CAP

RULE_KINDS: Mapping[str, RuleKind] = {
    kind.id: kind
    for kind in (
        CHECKPOINT_REQUIRED,
        UNCHECKPOINTED_CAP,
        MAX_WAIT_LIMIT,
        MAX_RUNTIME_LIMIT,
        SPOT_REQUIRED,
        CHECKPOINT_EXCLUSIVE,
        CHECKPOINT_ALIVE,
        TAGS_REQUIRED,
        INSTANCE_ALLOWED,
        SPOT_WORTH_IT,
    )
}
