"""What a policy may contain but probably does not mean. The folder compiles nevertheless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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


def warnings_of(document: Mapping[str, Any], trees: Sequence[Tree]) -> Iterator[Problem]:
    """Everything that people should look at, each at its place."""
    for rule in _compiled(document, trees, "rules"):
        yield from _one_prefix_for_all(rule)


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
        for (tree, path, entry), compiled in zip(written, document[section], strict=True)
    ]


def _one_prefix_for_all(rule: Entry) -> Iterator[Problem]:
    template = rule.compiled["repair"].get("checkpoint")
    if template and not any(place in template for place in ("{job}", "{family}")):
        yield rule.warning(
            "one-prefix-for-all", "repair", "checkpoint",
            found=f"the same checkpoint prefix {template} for every repaired job",
            wanted="{job} or {family} in the template; without them a suffix is added where the prefix is not empty",
        )  # fmt: skip
