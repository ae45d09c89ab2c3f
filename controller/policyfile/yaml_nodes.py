"""Reads YAML into plain data, and records the line of each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from controller.policyfile.problem import Path, Problem, dotted
from controller.policyfile.yaml_limits import UNREADABLE, LimitedLoader


@dataclass(slots=True)
class Tree:
    """The data of one file, the line of each path, and the problems found so far."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest value around it where the path is missing."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, *, found: str, wanted: str, hint: str = "") -> None:
        self.problems.append(
            Problem(file=self.file, line=self.line(path), path=dotted(path), found=found, wanted=wanted, hint=hint)
        )


def read_yaml(file: str, text: str) -> Tree:
    """Parse one file. Invalid YAML and duplicate keys become problems of the tree."""
    tree = Tree(file=file)
    try:
        loader = LimitedLoader(text)
        root = loader.get_single_node()
        if root is not None:
            tree.data = _value(root, (), tree, loader, above=())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _not_yaml(tree, mark.line + 1 if mark else 1, " ".join(filter(None, (error.context, error.problem))))
    except yaml.YAMLError as error:
        _not_yaml(tree, 1, " ".join(str(error).split()))
    except UNREADABLE as error:  # an impossible date such as 2026-02-30, or a tag that its value does not fit
        _not_yaml(tree, 1, str(error))
    return tree


def _not_yaml(tree: Tree, line: int, why: str) -> None:
    tree.problems.append(Problem(file=tree.file, line=line, path="", found=f"text that is not YAML ({why})", wanted="YAML"))


def _value(node: yaml.Node, path: Path, tree: Tree, loader: yaml.SafeLoader, above: tuple[yaml.Node, ...]) -> Any:
    tree.lines.setdefault(path, node.start_mark.line + 1)
    if node in above:
        raise yaml.MarkedYAMLError(problem="found an anchor that contains itself", problem_mark=node.start_mark)
    within = (*above, node)
    match node:
        case yaml.MappingNode():
            return _mapping(node, path, tree, loader, within)
        case yaml.SequenceNode():
            return [_value(item, (*path, index), tree, loader, within) for index, item in enumerate(node.value)]
        case _:
            return loader.construct_object(node)


def _mapping(
    node: yaml.MappingNode, path: Path, tree: Tree, loader: yaml.SafeLoader, above: tuple[yaml.Node, ...]
) -> Mapping[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here = (*path, key)
        line = key_node.start_mark.line + 1
        if key in data:
            first, tree.lines[here] = tree.lines[here], line
            tree.problem(here, found=f"the key {key!r} a second time (first on line {first})", wanted="each key once")
            continue
        tree.lines[here] = line
        data[key] = _value(value_node, here, tree, loader, above)
    return data
