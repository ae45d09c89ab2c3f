"""A rule is undecided if, and only if, the unknown fields can change its answer. All values of these fields are tried."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import pytest

from controller.jobs.job import Job
from controller.jobs.unknown_fields import Unsaid, guarded
from controller.policy.rules.kind import Evidence
from controller.policy.rules.rule_kinds import RULE_KINDS
from tests.builders import algorithm, job

VALUES: dict[str, tuple[Any, ...]] = {
    "spot": (True, False),
    "runtime_s_max": (600, 3600, 7200, 2_419_200, None),
    "wait_s_max": (None, 3000, 90_000, 4_000_000),
    "algorithm": tuple(algorithm(checkpoints=whether) for whether in (None, False, True)),
    "checkpoint_uri": (None, "s3://acme/x/", "s3://other/x/"),
    "excludes_spot": ((), ("ResourceConfig.KeepAlivePeriodInSeconds",)),
}
JOBS: dict[tuple[Any, ...], Job] = {values: job(**dict(zip(VALUES, values, strict=True))) for values in product(*VALUES.values())}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("spot-required", {"runtime_over_s": 3600}),
        ("checkpoint-required", {"runtime_over_s": 900}),
        ("checkpoint-required", {"runtime_over_s": 0}),
        ("checkpoint-required", {"runtime_over_s": 900, "under": ("s3://acme/",), "only_capable": False}),
        ("max-wait-limit", {"at_most_s": 7200}),
        ("max-wait-limit", {"at_most_s": 50_000, "times_runtime": 2.0}),
        ("max-runtime-limit", {"at_most_s": 3600}),
        ("uncheckpointed-cap", {"at_most_s": 3600}),
        ("uncheckpointed-cap", {"at_most_s": 3600, "without_config": True}),
    ],
)
def test_a_rule_is_undecided_exactly_where_an_open_field_decides_it(kind: str, options: dict[str, Any]) -> None:
    rule = RULE_KINDS[kind]
    chosen, evidence = rule.options(**options), Evidence(claims=())
    broken = {values: rule.judge(one, chosen, evidence) is not None for values, one in JOBS.items()}
    needed = sorted(rule.needs.intersection(VALUES))
    for left_open in (frozenset(some) for count in (1, 2) for some in combinations(needed, count)):
        possible: dict[tuple[Any, ...], set[bool]] = {}
        for values, breaks in broken.items():
            possible.setdefault(_said(values, left_open), set()).add(breaks)
        for values, one in JOBS.items():
            answers = possible.pop(_said(values, left_open), None)  # one of several jobs with the same known fields is enough
            if answers is not None:
                assert _judged(rule.judge, guarded(one, left_open), chosen) == answers, (left_open, values)


def _said(values: tuple[Any, ...], left_open: frozenset[str]) -> tuple[Any, ...]:
    return tuple(value for name, value in zip(VALUES, values, strict=True) if name not in left_open)


def _judged(judge: Any, one: Any, chosen: Any) -> set[bool]:
    """The answers that the rule leaves possible: both if it is undecided."""
    try:
        return {judge(one, chosen, Evidence(claims=())) is not None}
    except Unsaid:
        return {True, False}
