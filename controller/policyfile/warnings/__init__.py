"""Warnings: what is valid in a policy but probably not meant. The folder compiles nevertheless.

``WARNERS`` has a function for each kind of warning; add a function to it for a new kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.policyfile.problem import Problem
from controller.policyfile.warnings.doubtful_when import doubtful_when
from controller.policyfile.warnings.idle import does_nothing
from controller.policyfile.warnings.placed_warning import Whole, warning_at, whole
from controller.policyfile.warnings.placeholders import looks_like_a_placeholder
from controller.policyfile.warnings.prefixes import one_prefix_for_all, template_never_fits
from controller.policyfile.warnings.selectors import patterns_in
from controller.policyfile.warnings.shadowed import contradicted, shadowed
from controller.policyfile.warnings.tags import doubtful_tags
from controller.policyfile.warnings.unmatched import matches_no_job
from controller.policyfile.warnings.waivers import doubtful_waiver
from controller.policyfile.yaml_nodes import Tree

WARNERS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    one_prefix_for_all,
    template_never_fits,
    matches_no_job,
    doubtful_tags,
    doubtful_when,
    shadowed,
    contradicted,
    does_nothing,
    looks_like_a_placeholder,
    doubtful_waiver,
)
RULES_MAX, PATTERNS_MAX = 100, 300  # in a folder, because the time for comparing all pairs is quadratic


def warnings_of(document: Mapping[str, Any], trees: Sequence[Tree], now: datetime | None = None) -> Iterator[Problem]:
    """The warnings of a folder, each at its place. For a very large folder, there is only one warning: its size.

    ``now``: to warn about expired waivers and past days.
    """
    looked_at = whole(document, trees, now)
    entries = (*looked_at.rules, *looked_at.blocks)
    patterns = sum(patterns_in(entry.compiled["match"]) for entry in entries)
    patterns += sum(len(rule.compiled["options"].get("instance_types", ())) for rule in looked_at.rules)
    if len(entries) > RULES_MAX or patterns > PATTERNS_MAX:
        found = f"{len(entries)} rules and blocks with {patterns} patterns, which are too many to look for suspicious ones"
        yield warning_at(trees[0], (), "not-compared", found=found, wanted=f"at most {RULES_MAX} with {PATTERNS_MAX}")
        return
    for warner in WARNERS:
        yield from warner(looked_at)
