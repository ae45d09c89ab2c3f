"""Warns about rules and blocks that add nothing to another, and about rules that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

from controller.jobs.checkpoint import within
from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.checkpoint_exclusive import CHECKPOINT_EXCLUSIVE
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.instance_allowed import INSTANCE_ALLOWED
from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.policy.rules.tags_required import TAGS_REQUIRED
from controller.policy.rules.uncheckpointed_cap import UNCHECKPOINTED_CAP
from controller.policyfile.problem import Problem
from controller.policyfile.warnings.placed_warning import Entry, Whole
from controller.policyfile.warnings.selectors import covers, known_types, overlap
from controller.units.duration import said

MODES = ("audit", "warn", "enforce")
Options = Mapping[str, Any]


def shadowed(whole: Whole) -> Iterator[Problem]:
    """Warnings for a block after one that selects its jobs, and for a rule beside one that is as strict for the same jobs."""
    for first, second in combinations(whole.blocks, 2):
        if covers(first.compiled["match"], second.compiled["match"]):
            found = f"a block for jobs that {first.name} selects before it ({first.place})"
            wanted = "the narrower block first; the first block that matches a job applies to it"
            yield second.warning("shadowed", "name", found=found, wanted=wanted)
    for first, second in combinations(whole.rules, 2):
        if _adds_nothing(second, first):
            yield _shadowed(second, first)
        elif _adds_nothing(first, second):
            yield _shadowed(first, second)


def contradicted(whole: Whole) -> Iterator[Problem]:
    """Warnings for two rules for the same jobs that no job can keep both."""
    for first, second in combinations(whole.rules, 2):
        if first.compiled.get("when") != second.compiled.get("when"):
            continue  # it is not known whether both can be true
        if not overlap(first.compiled["match"], second.compiled["match"]):
            continue
        for pair, why in CONTRADICTIONS.items():
            for one, other in ((first, second), (second, first))[: 1 if pair[0] == pair[1] else 2]:
                if (one.compiled["kind"], other.compiled["kind"]) == pair and (because := why(one, other)):
                    yield second.warning(
                        "contradicted", "name", found=f"a contradiction of {first.name} ({first.place}): {because}",
                        wanted="rules that a job can keep together, or a match that separates them",
                    )  # fmt: skip
        if because := _other_values(first, second):
            yield second.warning(
                "contradicted", "repair", "tags", found=f"a contradiction of {first.name} ({first.place}): {because}",
                wanted="one value for a tag",
            )  # fmt: skip


def _shadowed(rule: Entry, by: Entry) -> Problem:
    found = f"a rule that adds nothing to {by.name} ({by.place}), which is as strict for the same jobs"
    return rule.warning("shadowed", "name", found=found, wanted="a stricter rule, a higher mode, or no such rule")


def _adds_nothing(rule: Entry, other: Entry) -> bool:
    mine, theirs = rule.compiled, other.compiled
    if mine["kind"] != theirs["kind"] or mine["kind"] not in AS_STRICT or theirs.get("when") not in (None, mine.get("when")):
        return False
    milder = MODES.index(mine["mode"]) < MODES.index(theirs["mode"])
    same = all(mine[key] == theirs[key] for key in ("mode", "action", "severity", "channel", "applies_to"))
    return (
        (same or milder)
        and covers(theirs["match"], mine["match"])
        and AS_STRICT[mine["kind"]](theirs["options"], mine["options"])
    )


def _at_most(a: Options, b: Options, name: str) -> bool:
    """Whether the limit of ``a`` is at most that of ``b``; None means no limit."""
    return b[name] is None or (a[name] is not None and a[name] <= b[name])


AS_STRICT: Mapping[str, Callable[[Options, Options], bool]] = {
    MAX_RUNTIME_LIMIT.id: lambda a, b: _at_most(a, b, "at_most_s"),
    MAX_WAIT_LIMIT.id: lambda a, b: _at_most(a, b, "at_most_s") and _at_most(a, b, "times_runtime"),
    SPOT_REQUIRED.id: lambda a, b: _at_most(a, b, "runtime_over_s"),
    UNCHECKPOINTED_CAP.id: lambda a, b: _at_most(a, b, "at_most_s") and a["without_config"] >= b["without_config"],
    CHECKPOINT_REQUIRED.id: lambda a, b: (
        _at_most(a, b, "runtime_over_s")
        and a["only_capable"] <= b["only_capable"]
        and (not b["under"] or (bool(a["under"]) and all(any(within(one, wide) for wide in b["under"]) for one in a["under"])))
    ),
    CHECKPOINT_ALIVE.id: lambda a, b: _at_most(a, b, "first_within_s") and _at_most(a, b, "at_most_s"),
    CHECKPOINT_EXCLUSIVE.id: lambda a, b: True,
    SPOT_WORTH_IT.id: lambda a, b: a["chance_at_least"] >= b["chance_at_least"] and a["times_on_demand"] <= b["times_on_demand"],
    TAGS_REQUIRED.id: lambda a, b: set(a["tags"]) >= set(b["tags"]),
    INSTANCE_ALLOWED.id: lambda a, b: known_types(a["instance_types"]) <= known_types(b["instance_types"]),
}


def _too_short_to_be_spot(spot: Entry, limit: Entry) -> str:
    over_s, most_s = spot.compiled["options"]["runtime_over_s"], limit.compiled["options"]["at_most_s"]
    if most_s is None or most_s >= over_s:
        return ""
    return f"a job of {said(over_s)} or longer must be spot, and no spot job may wait longer than {said(most_s)}"


def _too_short_to_start_over(spot: Entry, cap: Entry) -> str:
    over_s, most_s = spot.compiled["options"]["runtime_over_s"], cap.compiled["options"]["at_most_s"]
    if most_s >= over_s:
        return ""
    return (
        f"a job of {said(over_s)} or longer must be spot, and a spot job that cannot checkpoint may not run longer than"
        f" {said(most_s)}"
    )


def _no_type_for_both(one: Entry, other: Entry) -> str:
    types = known_types(one.compiled["options"]["instance_types"]) & known_types(other.compiled["options"]["instance_types"])
    return "" if types else "no instance type is allowed by both"


def _no_prefix_for_both(one: Entry, other: Entry) -> str:
    mine, theirs = one.compiled["options"]["under"], other.compiled["options"]["under"]
    if not mine or not theirs or any(within(a, b) or within(b, a) for a in mine for b in theirs):
        return ""
    return "no checkpoint prefix lies under both"


def _other_values(one: Entry, other: Entry) -> str:
    mine, theirs = one.compiled["repair"].get("tags", {}), other.compiled["repair"].get("tags", {})
    keys = sorted(key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key])
    return f"their repairs give the tag {keys[0]} different values" if keys else ""


CONTRADICTIONS: Mapping[tuple[str, str], Callable[[Entry, Entry], str]] = {
    (SPOT_REQUIRED.id, MAX_WAIT_LIMIT.id): _too_short_to_be_spot,
    (SPOT_REQUIRED.id, UNCHECKPOINTED_CAP.id): _too_short_to_start_over,
    (INSTANCE_ALLOWED.id, INSTANCE_ALLOWED.id): _no_type_for_both,
    (CHECKPOINT_REQUIRED.id, CHECKPOINT_REQUIRED.id): _no_prefix_for_both,
}
