"""What a policy may contain but probably does not mean. The folder compiles nevertheless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.policyfile.consistency import entries
from controller.policyfile.problem import Level, Path, Problem, dotted
from controller.policyfile.yaml_nodes import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A compiled rule or resubmit block, and where it is written."""

    tree: Tree
    path: Path
    written: Mapping[str, Any]
    compiled: Mapping[str, Any]

    def warning(self, code: str, *below: str | int, found: str, wanted: str) -> Problem:
        """A warning at a value of the entry, or at its key."""
        return warning_at(self.tree, (*self.path, *below), code, found=found, wanted=wanted)


def warnings_of(document: Mapping[str, Any], trees: Sequence[Tree], now: datetime | None = None) -> Iterator[Problem]:
    """Everything that people should look at, each at its place; ``now`` is for waivers that have expired."""
    for rule in _compiled(document, trees, "rules"):
        yield from _one_prefix_for_all(rule)
    for waiver in _compiled(document, trees, "waivers"):
        yield from _waiver(waiver, now)


def warning_at(tree: Tree, path: Path, code: str, *, found: str, wanted: str) -> Problem:
    place = tree.place(path)
    return Problem(
        file=tree.file, line=place.line, column=place.column, length=place.length, source=tree.source(place.line),
        path=dotted(path), found=found, wanted=wanted, code=code, level=Level.WARNING,
    )  # fmt: skip


def _compiled(document: Mapping[str, Any], trees: Sequence[Tree], section: str) -> list[Entry]:
    written = [(tree, path, entry) for tree in trees for path, entry in entries(tree, section)]
    return [
        Entry(tree=tree, path=path, written=entry, compiled=compiled)
        for (tree, path, entry), compiled in zip(written, document.get(section, ()), strict=True)
    ]


def _one_prefix_for_all(rule: Entry) -> Iterator[Problem]:
    template = rule.compiled["repair"].get("checkpoint")
    if template and not any(place in template for place in ("{job}", "{family}")):
        yield rule.warning(
            "one-prefix-for-all", "repair", "checkpoint",
            found=f"the same checkpoint prefix {template} for every repaired job",
            wanted="{job} or {family} in the template; without them a suffix is added where the prefix is not empty",
        )  # fmt: skip


def _waiver(waiver: Entry, now: datetime | None) -> Iterator[Problem]:
    expires = datetime.fromisoformat(waiver.compiled["expires"])
    if now is not None and expires <= now:
        yield waiver.warning(
            "waiver-expired", "expires", found=f"a waiver that has expired ({expires:%Y-%m-%d %H:%M} UTC) and has no effect",
            wanted="no such waiver, or a later end",
        )  # fmt: skip
    if not waiver.compiled["match"]:
        rules = ", ".join(waiver.compiled["rules"])
        yield waiver.warning(
            "waiver-of-every-job", "match", found=f"a waiver of every job: until it ends, {rules} has no effect",
            wanted="the jobs that need it",
        )  # fmt: skip
