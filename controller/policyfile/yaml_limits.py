"""Limits for YAML from other people: small files can expand to gigabytes, or nest deeper than Python's recursion limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

DEPTH_MAX = 20
ALIASES_MAX = 100
VALUES_MAX = 6_000  # with expanded aliases; some 400 rules, which take a third of a second to read
FOLDER_VALUES_MAX = 16_000  # in all policy files together: the 500 rules that a folder may have, with 32 values each
CASE_VALUES_MAX = 24_000  # in all case files together: some thousand cases
FOLDER_BYTES_MAX = 1_000_000
COMPARED_MAX = 2_000_000  # pairs of letters that are compared for suggestions in one folder: some tenths of a second
DIGITS_MAX = 18
UNREADABLE = (ValueError, OverflowError, TypeError, KeyError, IndexError, AttributeError)
"""What PyYAML raises, besides its own errors, for a value that is not valid for its tag, such as ``!!bool x``."""


@dataclass(slots=True)
class FolderBudget:
    """What all files of one folder have used together: values, bytes, and pairs of letters compared (``compared``)."""

    values_max: int = FOLDER_VALUES_MAX
    values: int = 0
    bytes: int = 0
    compared: int = 0

    def exceeded(self) -> str:
        """Which limit the files read so far exceed; empty if none."""
        if self.values > self.values_max:
            return f"more than {self.values_max:,} values with those of other files"
        return f"more than {FOLDER_BYTES_MAX:,} bytes with those of other files" if self.bytes > FOLDER_BYTES_MAX else ""


class LimitedLoader(yaml.SafeLoader):
    """A loader that raises MarkedYAMLError beyond its limits; subclasses may set ``depth_max`` and ``values_max``."""

    depth_max = DEPTH_MAX
    values_max = VALUES_MAX

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._aliases = 0
        self._depth = 0
        self._sizes: dict[int, int] = {}
        self._counts = [0]

    @property
    def values(self) -> int:
        """How many values were read so far, with expanded aliases."""
        return sum(self._counts)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # types-PyYAML leaves it untyped
        mark = event.start_mark
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
            self._refuse(self._aliases > ALIASES_MAX, f"found more than {ALIASES_MAX} aliases", mark)
            node = super().compose_node(parent, index)
            self._count(self._sizes.get(id(node), 1), mark)
            return node
        self._depth += 1
        self._refuse(self._depth > self.depth_max, f"found values nested deeper than {self.depth_max}", mark)
        self._counts.append(1)
        node = super().compose_node(parent, index)
        size = self._counts.pop()
        self._sizes[id(node)] = size
        self._depth -= 1
        self._count(size, mark)
        return node

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        digits = sum(character.isdigit() for character in str(node.value))
        self._refuse(digits > DIGITS_MAX, f"found a number of {digits} digits, of at most {DIGITS_MAX}", node.start_mark)
        return super().construct_yaml_int(node)

    def _count(self, size: int, mark: yaml.Mark) -> None:
        self._counts[-1] += size
        too_many = self._counts[-1] > self.values_max
        self._refuse(too_many, f"found more than {self.values_max:,} values, aliases expanded", mark)

    @staticmethod
    def _refuse(wrong: bool, why: str, mark: yaml.Mark) -> None:
        if wrong:
            raise yaml.MarkedYAMLError(problem=why, problem_mark=mark)


LimitedLoader.add_constructor("tag:yaml.org,2002:int", LimitedLoader.construct_yaml_int)
