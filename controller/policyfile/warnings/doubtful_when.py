"""Warns about expressions in ``when:`` that are doubtful, or that can never be true together with their rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.policy.rules.checkpoint_alive import CHECKPOINT_ALIVE
from controller.policy.rules.checkpoint_required import CHECKPOINT_REQUIRED
from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policy.rules.max_wait_limit import MAX_WAIT_LIMIT
from controller.policy.rules.spot_required import SPOT_REQUIRED
from controller.policy.rules.spot_worth_it import SPOT_WORTH_IT
from controller.policy.rules.uncheckpointed_cap import UNCHECKPOINTED_CAP
from controller.policyfile.problem import Problem
from controller.policyfile.warnings.placed_warning import Entry, Whole
from controller.policyfile.when.doubts import doubts
from controller.policyfile.when.logic import never
from controller.policyfile.when.syntax import Node, Part, parse

SPOT = "default(EnableManagedSpotTraining, false)"
OF_SPOT_JOBS = (CHECKPOINT_REQUIRED.id, UNCHECKPOINTED_CAP.id, MAX_WAIT_LIMIT.id, CHECKPOINT_ALIVE.id, SPOT_WORTH_IT.id)
RUNTIME = "default(StoppingCondition.MaxRuntimeInSeconds, 1d)"  # SageMaker's own default
RUNS = "TrainingJobStatus == 'InProgress' and not has(FailureReason)"
COMPARED_MAX = 20  # patterns of a selector that are compared with an expression; with more, none


def doubtful_when(whole: Whole) -> Iterator[Problem]:
    for rule in whole.rules:
        when = rule.compiled.get("when")
        if when is None:
            continue
        for one in doubts(when["text"]):
            yield rule.within("when", one.at, one.end, one.code, found=one.found, wanted=one.wanted, suggestions=one.meant)
        if not never(tree := parse(when["text"])):
            yield from _with_its_rule(rule, tree)


def _with_its_rule(rule: Entry, when: Node) -> Iterator[Problem]:
    """Warnings for an expression that is true for some jobs, but for none to which its rule applies."""
    if (selected := _selected(rule.compiled["match"])) and never(when, *selected):
        yield rule.warning("matches-no-job", "when", found="an expression that is true of no job that match selects",
                           wanted="another expression, or another match")  # fmt: skip
    elif (broken := _broken(rule.compiled["kind"], rule.compiled["options"])) is not None and never(when, parse(broken[0])):
        found = f"an expression that is true of no job that can break the rule: {broken[1]}"
        yield rule.warning("never-broken", "when", found=found, wanted="another expression, or no such rule")
    elif rule.compiled["mode"] == "enforce" and never(when, parse(RUNS)):
        found = "an expression that is true only of jobs that have ended, on which no rule acts"
        yield rule.warning("never-reached", "when", found=found, wanted="mode: warn or audit, or another expression")


def _broken(kind: str, options: Mapping[str, Any]) -> tuple[str, str] | None:
    """An expression that is true for each job that breaks a rule of this kind, and the reason; None if there is none."""
    if kind in OF_SPOT_JOBS:
        return SPOT, "it is about spot jobs"
    if kind == SPOT_REQUIRED.id:
        over_s = options["runtime_over_s"]
        return f"not {SPOT} and {RUNTIME} >= {over_s}", "it is about on-demand jobs of its runtime_over or longer"
    if kind == MAX_RUNTIME_LIMIT.id:
        return f"{RUNTIME} > {options['at_most_s']}", "MaxRuntimeInSeconds is within its limit"
    return None


def _selected(match: Mapping[str, Any]) -> list[Node]:
    """Expressions that are true for each job that a selector selects, as far as expressions can state it."""
    found = []
    for key, field in (("name", "TrainingJobName"), ("role", "default(RoleArn, '')")):
        globs = match.get(key, ())
        if 0 < len(globs) <= COMPARED_MAX and not any("'" in one for one in globs):
            parts = tuple(parse(f"{field} matches '{glob}'") for glob in globs)
            found.append(parts[0] if len(parts) == 1 else Node(kind=Part.OR, at=0, end=1, parts=parts))
    return found
