"""Reads YAML into plain data, and records line and column of each key and value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from controller.policyfile.problem import SHOWN_MAX, Path, Place, Problem, dotted, quoted
from controller.policyfile.similar_words import similar_words
from controller.policyfile.yaml_hints import yaml_hint
from controller.policyfile.yaml_limits import COMPARED_MAX, UNREADABLE, FolderBudget, LimitedLoader

PROBLEMS_MAX = 200  # in one file; later problems mostly follow from earlier ones
WANTED = "YAML; other mistakes in the file are shown once this one is corrected"
TIMESTAMP = "tag:yaml.org,2002:timestamp"
INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value")
)
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as YAML defines it


@dataclass(slots=True)
class Tree:
    """The data of one file, the places of its keys and values by path, and the problems found so far."""

    file: str
    data: Any = None
    text: str = ""
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    budget: FolderBudget = field(default_factory=FolderBudget)
    _lines: list[str] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value, or of its key; if it is missing, of the nearest key around it."""
        while path:
            if path in self.values and not key:
                return self.values[path]
            if path in self.keys:
                return self.keys[path]
            path = path[:-1]
        return self.keys.get((), Place())

    def line(self, path: Path) -> int:
        """The line of a path; if the path is missing, of the nearest key around it."""
        return self.place(path, key=True).line

    @property
    def full(self) -> bool:
        """Whether the file has PROBLEMS_MAX problems, so that no more are added."""
        return len(self.problems) >= PROBLEMS_MAX

    def at_path(self, path: Path) -> Any:
        """The value at a path; None if there is none."""
        found = self.data
        for part in path:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def written(self, path: Path, found: object) -> str:
        """A value for a message: as it is written in the file, with what YAML reads if that differs, such as ``no`` and false."""
        place = self.values.get(path)
        if place is None or not isinstance(found, bool | int | float | date):  # a datetime is a date
            return quoted(found)
        text = self.source(place.line)[place.column - 1 :][: place.length]
        read = str(found).lower() if isinstance(found, bool) else str(found)
        if not text.strip() or len(text) > SHOWN_MAX:
            return quoted(found)
        return text if text.lower() == read.lower() or isinstance(found, date | float) else f"{text}, which YAML reads as {read}"

    def in_quotes(self, path: Path) -> bool:
        """Whether a value is written in quotes."""
        place = self.values.get(path)
        return place is not None and self.source(place.line)[place.column - 1 :][:1] in ("'", '"')

    def within(self, path: Path, text: str, begin: int, end: int) -> Place:
        """Place of characters from ``begin`` to ``end`` of a text; if it has escapes, or lines without ``|``, of all."""
        place = self.place(path)
        source = self.source(place.line)[place.column - 1 :]
        if source[:1] == "|":
            above = text[:begin].split("\n")
            line = place.line + len(above)
            indent = len(self.source(line)) - len(self.source(line).lstrip(" "))
            return Place(line=line, column=indent + len(above[-1]) + 1, length=max(1, end - begin))
        quote = 1 if source[:1] in ("'", '"') else 0
        if source[quote : quote + len(text)] != text:
            return place
        return Place(line=place.line, column=place.column + quote + begin, length=max(1, end - begin))

    def problem(
        self,
        path: Path,
        *,
        found: str,
        wanted: str,
        hint: str = "",
        meant: tuple[object, Iterable[str]] = ("", ()),
        key: bool = False,
        code: str = "wrong-value",
    ) -> None:
        """Add a problem at a value, or at its ``key``. ``meant``: a misspelt word, and the known words."""
        suggestions = self.similar(*meant)
        self.at(self.place(path, key=key), path, found=found, wanted=wanted, hint=hint, suggestions=suggestions, code=code)

    def similar(self, found: object, words: Iterable[str]) -> tuple[str, ...]:
        """The most similar words; empty when the folder's budget is used up, because it may have hundreds of long names."""
        known = tuple(words)
        self.budget.compared += len(str(found)) * sum(map(len, known))
        return () if self.full or self.budget.compared > COMPARED_MAX else similar_words(found, known)

    def at(
        self,
        place: Place,
        path: Path,
        *,
        found: str,
        wanted: str,
        hint: str = "",
        suggestions: tuple[str, ...] = (),
        code: str = "wrong-value",
    ) -> None:
        """Add a problem at a place. The last one before the limit only states that there are more."""
        if self.full:
            return
        if len(self.problems) == PROBLEMS_MAX - 1:
            found, wanted = f"{PROBLEMS_MAX} mistakes or more", "a file with fewer: the others are not shown"
            hint, suggestions = "", ()
        self.problems.append(
            Problem(
                file=self.file, line=place.line, column=place.column, length=place.length, source=self.source(place.line),
                path=dotted(path), found=found, wanted=wanted, hint=hint, suggestions=suggestions, code=code,
            )
        )  # fmt: skip

    def source(self, line: int) -> str:
        """One line of the file; empty after its end."""
        if not self._lines:
            self._lines = LINE_BREAK.split(self.text)
        return self._lines[line - 1] if line <= len(self._lines) else ""


def read_yaml(file: str, text: str, budget: FolderBudget | None = None) -> Tree:
    """Parse one file. Invalid YAML and duplicate keys become problems of the tree. Its values are added to ``budget``."""
    tree = Tree(file=file, text=text, budget=budget or FolderBudget())
    loader: LimitedLoader | None = None
    try:
        loader = LimitedLoader(text)
        root = loader.get_single_node()
        if root is not None:
            tree.data = _value(root, (), tree, loader, above=())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is not None and error.context_mark is not None and not text[mark.index :].strip("\0 \r\n"):
            mark = error.context_mark  # something is not closed: show where it begins, not the end of the file
        place = Place(line=mark.line + 1, column=mark.column + 1) if mark else Place()
        _not_yaml(tree, place, " ".join(filter(None, (error.context, error.problem))))
    except yaml.reader.ReaderError as error:
        before = LINE_BREAK.split(text[: error.position])
        _not_yaml(tree, Place(line=len(before), column=len(before[-1]) + 1), " ".join(str(error).split()))
    except yaml.YAMLError as error:
        _not_yaml(tree, Place(), " ".join(str(error).split()))
    except UNREADABLE as error:
        _not_yaml(tree, Place(), str(error))
    tree.budget.values += loader.values if loader is not None else 0
    return tree


def _not_yaml(tree: Tree, place: Place, why: str) -> None:
    tree.data = None
    hint = yaml_hint(why, "\n".join(map(tree.source, (max(1, place.line - 1), place.line))))
    tree.at(place, (), found=f"text that is not YAML ({why})", wanted=WANTED, hint=hint, code="not-yaml")


def _value(node: yaml.Node, path: Path, tree: Tree, loader: yaml.SafeLoader, above: tuple[yaml.Node, ...]) -> Any:
    tree.keys.setdefault(path, _place(node))
    _refuse_tag(node)
    if node in above:
        raise yaml.MarkedYAMLError(problem="found an anchor that contains itself", problem_mark=node.start_mark)
    within = (*above, node)
    match node:
        case yaml.MappingNode():
            return _mapping(node, path, tree, loader, within)
        case yaml.SequenceNode():
            return [_value(item, (*path, index), tree, loader, within) for index, item in enumerate(node.value)]
        case _:
            place, key = _place(node), tree.keys[path]
            if (place.line, place.column) >= (key.line, key.column):  # an alias's value is at its anchor, which comes earlier
                tree.values[path] = place
            return _scalar(node, loader)


def _refuse_tag(node: yaml.Node) -> None:
    """Raises MarkedYAMLError for a tag without a meaning here, because it would be ignored silently."""
    if node.tag not in PLAIN_TAGS:
        shown = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise yaml.MarkedYAMLError(
            problem=f"found the tag {quoted(shown)}, which has no meaning here", problem_mark=node.start_mark
        )


def _scalar(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    try:
        value = loader.construct_object(node)
    except UNREADABLE as error:
        if node.tag == TIMESTAMP and node.end_mark.index - node.start_mark.index == len(str(node.value)):
            return str(node.value)  # a day that does not exist, such as 2026-02-30: as text, validation refuses it
        # the value is not valid for its tag
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None
    # YAML 1.1 reads 010 as 8, 1:30 as 90 and 1:30.5 as 90.5, which nobody means. As text, validation refuses them.
    text = str(node.value)
    meant = DECIMAL.fullmatch(text) if node.tag == INT else not {":", "_"} & set(text)
    return value if node.tag not in (INT, FLOAT) or meant else text


def _mapping(
    node: yaml.MappingNode, path: Path, tree: Tree, loader: yaml.SafeLoader, above: tuple[yaml.Node, ...]
) -> Mapping[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            tree.at(_place(key_node), path, found="a list or a map as a key", wanted="text as a key", code="not-yaml")
            continue
        _refuse_tag(key_node)
        key = str(key_node.value)
        here = (*path, key)
        place = _place(key_node)
        if key in data:
            first, tree.keys[here] = tree.keys[here].line, place
            found = f"the key {quoted(key)} a second time (first on line {first})"
            tree.problem(here, found=found, wanted="each key once", key=True, code="duplicate-key")
            continue
        tree.keys[here] = place
        data[key] = _value(value_node, here, tree, loader, above)
    return data


def _place(node: yaml.Node) -> Place:
    start, end = node.start_mark, node.end_mark
    one_line = isinstance(node, yaml.ScalarNode) and start.line == end.line
    return Place(line=start.line + 1, column=start.column + 1, length=max(1, end.column - start.column) if one_line else 1)
