"""Warns about keys without any effect, and about actions that never happen in their mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from controller.policy.rules.max_runtime_limit import MAX_RUNTIME_LIMIT
from controller.policyfile.consistency import mapping
from controller.policyfile.problem import Path, Problem
from controller.policyfile.warnings.placed_warning import Entry, Whole, warning_at
from controller.units.duration import seconds

CODE = "does-nothing"
UNREACHED = "never-reached"
FAR = timedelta(days=366)


def does_nothing(whole: Whole) -> Iterator[Problem]:
    for rule in whole.rules:
        yield from _of_rule(rule, whole.now)
    for block in whole.blocks:
        yield from _of_block(block)
    yield from _of_sections(whole)


def _of_rule(rule: Entry, now: datetime | None) -> Iterator[Problem]:
    mode = rule.compiled["mode"]
    if "channel" in rule.written and mode == "audit":
        yield _idle(rule, "channel", why="mode audit tells nobody", wanted="mode: warn, or no channel")
    if "applies_to" in rule.written and mode != "enforce":
        found = f"applies_to in mode {mode}, in which the rule acts on no job"
        yield rule.warning(UNREACHED, "applies_to", found=found, wanted="mode: enforce, or no applies_to")
    day = rule.compiled.get("rollout", {}).get("enforce_from")
    if now is not None and day is not None and day < now.date().isoformat():
        yield _idle(rule, "enforce_from", why=f"{day} has passed, and the rule enforces", wanted="a later day, or no such key")
    if now is not None and day is not None and day > (now + FAR).date().isoformat():
        found = f"enforce_from on {day}, more than a year ahead: until then the rule only warns"
        yield rule.warning(UNREACHED, "enforce_from", found=found, wanted="a day within a year, or mode: warn")
    if rule.compiled.get("rollout", {}).get("share") == 1:
        yield _idle(rule, "share", why="it is every job", wanted="a smaller share, or no such key")
    if rule.compiled["kind"] == MAX_RUNTIME_LIMIT.id and rule.compiled["action"] == "repair":
        found = "action: repair, which never happens: MaxRuntimeInSeconds is not lowered, so the job keeps running"
        yield rule.warning(UNREACHED, "action", found=found, wanted="action: stop, or mode: warn")


def _of_block(block: Entry) -> Iterator[Problem]:
    deadline, written = block.compiled["deadline"], mapping(block.written.get("deadline"))
    if written and not block.compiled["on_demand"]:
        yield _idle(block, "deadline", why="with on_demand: false no job moves to on-demand", wanted="on_demand: true")
    elif not deadline.get("back_to_spot"):
        for key in ("probe", "placement_score", "min_stay"):
            if written.get(key) not in (None, False):
                yield _idle(block, "deadline", key, why="no job returns to spot", wanted="back_to_spot: true, or no such key")
    elif written.get("probe") is True and block.compiled["mode"] != "enforce":
        found = f"probe in mode {block.compiled['mode']}, in which no probe is sent"
        yield block.warning(UNREACHED, "deadline", "probe", found=found, wanted="mode: enforce, or no probe")
    steps = [step["kind"] for step in block.compiled["ladder"]]
    if block.compiled["interruption_limit"] and not set(steps) - {"same"}:
        yield _idle(block, "interruptions", why="the ladder has no further step", wanted="a further step, such as on-demand")
    limits = [budget["limit"] for budget in block.compiled["causes"].values()]
    if limits and not any(limits) and not written:
        yield _idle(block, "causes", why="no cause is ever retried", wanted="a limit above 0, or no such block")
    for cause, budget in mapping(block.written.get("causes")).items():
        if isinstance(budget, Mapping) and budget.get("limit") == 0 and "backoff" in budget:
            yield _idle(block, "causes", cause, "backoff", why="limit: 0 never retries", wanted="no backoff, or a limit")
    if "channel" in block.written and block.compiled["mode"] == "audit":
        yield _idle(block, "channel", why="mode audit tells nobody", wanted="mode: warn, or no channel")


def _of_sections(whole: Whole) -> Iterator[Problem]:
    repairs = any(rule.compiled["action"] == "repair" for rule in whole.rules)
    acting = {
        "stops_per_hour": any(rule.compiled["mode"] == "enforce" for rule in whole.rules),
        "submissions_per_hour": repairs or any(block.compiled["mode"] == "enforce" for block in whole.blocks),
    }
    for tree in whole.trees:
        data = mapping(tree.data)
        for key in mapping(data.get("brakes")):
            if not acting[key]:
                found = f"{key}, while nothing in the folder has mode enforce with such an action"
                yield warning_at(
                    tree, ("brakes", key), UNREACHED, found=found, wanted="a rule or block that acts, or no such key"
                )
        slack = mapping(data.get("slack"))
        longest = next((one.data["longest_waiver"] for one in whole.trees if "longest_waiver" in mapping(one.data)), None)
        if longest is not None and "waiver_at_most" in slack and seconds(slack["waiver_at_most"]) >= seconds(longest):
            wanted = "a shorter time, or no such key"
            yield _at(tree, ("slack", "waiver_at_most"), why="longest_waiver is no longer", wanted=wanted)
        elif "waiver_at_most" in slack and "waive" not in mapping(slack.get("may")):
            yield _at(
                tree, ("slack", "waiver_at_most"), why="nobody may waive in Slack", wanted="may: {waive: …}, or no such key"
            )


def _idle(entry: Entry, *below: str, why: str, wanted: str) -> Problem:
    return _at(entry.tree, (*entry.path, *below), why=why, wanted=wanted)


def _at(tree: Any, path: Path, *, why: str, wanted: str) -> Problem:
    return warning_at(tree, path, CODE, found=f"{path[-1]}, which does nothing here: {why}", wanted=wanted, key=True)
