"""Warns about waivers without any effect, and waivers that leave a rule without any effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.policyfile.problem import Problem
from controller.policyfile.warnings.placed_warning import Entry, Whole
from controller.policyfile.warnings.selectors import apart, covers

OF_EVERY_JOB = ("name", "role", "account", "region")
EVERYTHING = frozenset({"*", "**", "?*", "*?", "*/*"})  # globs; a role without a colon is compiled to */ROLE


def doubtful_waiver(of: Whole) -> Iterator[Problem]:
    """Warnings for a waiver that has expired, one for every job (its rules have no effect), and one that changes nothing."""
    rules = {rule.name: rule for rule in of.rules}
    for waiver in of.waivers:
        yield from _of_its_rules(waiver, rules)
        yield from _of_others(waiver, of.waivers)
        expires = datetime.fromisoformat(waiver.compiled["expires"])
        if of.now is not None and expires <= of.now:
            yield waiver.warning(
                "waiver-expired", "expires", found=f"a waiver that has expired ({expires:%Y-%m-%d %H:%M} UTC) and has no effect",
                wanted="no such waiver, or a later end",
            )  # fmt: skip
        match = _narrowing(waiver.compiled["match"])
        whole = [name for name in waiver.compiled["rules"] if name in rules and covers(match, rules[name].compiled["match"])]
        if whole:
            which = "every job" if not match else f"every job of {', '.join(whole)}"
            have = "has" if len(whole) == 1 else "have"
            yield waiver.warning(
                "waiver-of-every-job", "match", found=f"a waiver of {which}: until it ends, {', '.join(whole)} {have} no effect",
                wanted="the jobs that need it",
            )  # fmt: skip


def _narrowing(match: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parts of a selector that exclude some jobs. Every job has a name, a role, an account and a region."""
    return {key: globs for key, globs in match.items() if key not in OF_EVERY_JOB or EVERYTHING.isdisjoint(globs)}


def _of_its_rules(waiver: Entry, rules: Mapping[str, Entry]) -> Iterator[Problem]:
    """Warnings for rules that select none of the jobs that the waiver selects."""
    for name in waiver.compiled["rules"]:
        if name in rules and apart(rules[name].compiled["match"], waiver.compiled["match"]):
            yield waiver.warning(
                "does-nothing", "match", found=f"jobs that the rule {name} does not select ({rules[name].place})",
                wanted="jobs of the rule, or no such waiver",
            )  # fmt: skip


def _of_others(waiver: Entry, waivers: Sequence[Entry]) -> Iterator[Problem]:
    """A warning if another waiver for the same jobs and rules ends later, or ends at the same time and comes first."""
    mine, number = waiver.compiled, waivers.index(waiver)
    for place, other in enumerate(waivers):
        theirs = other.compiled
        if other is waiver or not set(mine["rules"]) <= set(theirs["rules"]) or not covers(theirs["match"], mine["match"]):
            continue
        if datetime.fromisoformat(theirs["expires"]) > datetime.fromisoformat(mine["expires"]) or (
            theirs["expires"] == mine["expires"] and place < number
        ):
            found = f"a waiver that adds nothing to {other.name} ({other.place}), which ends no earlier"
            yield waiver.warning("shadowed", "name", found=found, wanted="no such waiver, or a later end")
            return
