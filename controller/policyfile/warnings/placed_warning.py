"""The compiled entries of a folder with their places in files, and how to make a warning at a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from controller.policyfile.consistency import entries
from controller.policyfile.problem import Level, Path, Problem, dotted
from controller.policyfile.yaml_nodes import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rule, resubmit block or waiver. ``written``: as in the file. ``compiled``: with the defaults, as in the document."""

    tree: Tree
    path: Path
    written: Mapping[str, Any]
    compiled: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.compiled["name"])

    @property
    def place(self) -> str:
        """File and line, for the text of another entry's warning."""
        return f"{self.tree.file}:{self.tree.line(self.path)}"

    def warning(self, code: str, *below: str | int, found: str, wanted: str, suggestions: tuple[str, ...] = ()) -> Problem:
        """A warning at a value of the entry; if the value is missing, at the nearest key around it."""
        return replace(warning_at(self.tree, (*self.path, *below), code, found=found, wanted=wanted), suggestions=suggestions)

    def within(self, key: str, at: int, end: int, code: str, *, found: str, wanted: str, suggestions: tuple[str, ...]) -> Problem:
        """A warning at the characters from ``at`` to ``end`` of a text of the entry."""
        path = (*self.path, key)
        place = self.tree.within(path, str(self.written[key]), at, end)
        return Problem(
            file=self.tree.file, line=place.line, column=place.column, length=place.length, source=self.tree.source(place.line),
            path=dotted(path), found=found, wanted=wanted, suggestions=suggestions, code=code, level=Level.WARNING,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A folder that compiles: its document, its files, and each rule, resubmit block and waiver with its place."""

    document: Mapping[str, Any]
    trees: Sequence[Tree]
    rules: Sequence[Entry]
    blocks: Sequence[Entry]
    waivers: Sequence[Entry] = ()
    now: datetime | None = None


def whole(document: Mapping[str, Any], trees: Sequence[Tree], now: datetime | None = None) -> Whole:
    """The folder, with each compiled rule, resubmit block and waiver beside its place in a file."""
    return Whole(
        document=document,
        trees=trees,
        rules=_placed(document["rules"], trees, "rules"),
        blocks=_placed(document["resubmit"], trees, "resubmit"),
        waivers=_placed(document.get("waivers", ()), trees, "waivers"),
        now=now,
    )


def warning_at(tree: Tree, path: Path, code: str, *, found: str, wanted: str, key: bool = False) -> Problem:
    place = tree.place(path, key=key)
    return Problem(
        file=tree.file, line=place.line, column=place.column, length=place.length, source=tree.source(place.line),
        path=dotted(path), found=found, wanted=wanted, code=code, level=Level.WARNING,
    )  # fmt: skip


def _placed(compiled: Sequence[Mapping[str, Any]], trees: Sequence[Tree], section: str) -> list[Entry]:
    written = [(tree, path, entry) for tree in trees for path, entry in entries(tree, section)]
    return [
        Entry(tree=tree, path=path, written=entry, compiled=one)
        for (tree, path, entry), one in zip(written, compiled, strict=True)
    ]
