"""Warns about a checkpoint template that gives many jobs the same prefix."""

from __future__ import annotations

from collections.abc import Iterator

from controller.policyfile.problem import Problem
from controller.policyfile.warnings.entry import Whole


def one_prefix_for_all(whole: Whole) -> Iterator[Problem]:
    for rule in whole.rules:
        template = rule.compiled["repair"].get("checkpoint")
        if template and not any(place in template for place in ("{job}", "{family}")):
            yield rule.warning(
                "one-prefix-for-all", "repair", "checkpoint",
                found=f"the same checkpoint prefix {template} for every repaired job",
                wanted="{job} or {family} in the template; without them a suffix is added where the prefix is not empty",
            )  # fmt: skip
