"""Warns about a checkpoint template with which many jobs get the same prefix, or no job gets one."""

from __future__ import annotations

from collections.abc import Iterator

from controller.jobs.checkpoint import within
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policyfile.problem import Problem
from controller.policyfile.warnings.placed_warning import Whole

UNREACHED, CONTRADICTED = "never-reached", "contradicted"


def template_never_fits(whole: Whole) -> Iterator[Problem]:
    """Warnings for a template outside the allowed prefixes or the rule's ``under``, and for a move to spot without a template."""
    templates = any(rule.compiled["repair"].get("checkpoint") for rule in whole.rules)
    for rule in whole.rules:
        repair, wanted = rule.compiled["repair"], rule.compiled["options"].get("under") or ()
        begins = str(repair.get("checkpoint") or "").split("{")[0]
        allowed = [prefix for prefixes in repair.get("allowed", {}).values() for prefix in prefixes]
        for code, prefixes, why in ((UNREACHED, allowed, "allowed lets no job have"), (CONTRADICTED, wanted, "under refuses")):
            if begins and prefixes and not any(_meet(begins, prefix) for prefix in prefixes):
                yield rule.warning(
                    code, "repair", "checkpoint", found=f"a checkpoint template that {why}", wanted=f"one below {prefixes[0]}"
                )
        if rule.compiled["kind"] == SPOT_REQUIRED.id and rule.compiled["action"] == "repair" and not templates:
            found = "action: repair, while no rule has a checkpoint template: a job without CheckpointConfig is not moved to spot"
            yield rule.warning(UNREACHED, "action", found=found, wanted="repair: {checkpoint: …} in a rule of the folder")


def _meet(begins: str, prefix: str) -> bool:
    """Whether a template that begins with ``begins`` may be below a prefix when its placeholders are filled."""
    return within(begins, prefix) or prefix.startswith(begins)


def one_prefix_for_all(whole: Whole) -> Iterator[Problem]:
    for rule in whole.rules:
        template = rule.compiled["repair"].get("checkpoint")
        if template and not any(place in template for place in ("{job}", "{family}")):
            yield rule.warning(
                "one-prefix-for-all", "repair", "checkpoint",
                found=f"the same checkpoint prefix {template} for every repaired job",
                wanted="{job} or {family} in the template; without them a suffix is added where the prefix is not empty",
            )  # fmt: skip
