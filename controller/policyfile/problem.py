"""A mistake in a policy file, or what looks like one: where it is, what was found, what is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import east_asian_width

from controller.policyfile.similar_words import question
from controller.units.inert_line import inert_line

Path = tuple[str | int, ...]
LISTED_MAX = 12  # words of a list that a message shows
SHOWN_MAX = 60  # characters of a value in a message
WIDTH_MAX = 100  # characters of a line that are shown around a problem
PLAIN_PART = re.compile(r"[A-Za-z0-9_.:/*?=@+<-]{1,60}")


class Level(StrEnum):
    ERROR = "error"  # the folder does not compile
    WARNING = "warning"  # it compiles, and probably does not mean what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is written: line and column count from 1, ``length`` is in characters."""

    line: int = 1
    column: int = 1
    length: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake. ``path`` looks like ``rules[2].options.at_most``, and is empty for the whole file.

    ``source`` is the line itself, and empty where there is none to show. ``code`` names the kind of mistake for programs.
    """

    file: str
    line: int
    column: int = 1
    path: str
    found: str
    wanted: str
    hint: str = ""
    suggestions: tuple[str, ...] = ()
    length: int = 1
    source: str = ""
    code: str = "wrong-value"
    level: Level = Level.ERROR

    @property
    def message(self) -> str:
        """What was found and what is wanted, as one sentence without its place."""
        hint = "; ".join(filter(None, (self.hint, question(self.suggestions))))
        return f"found {self.found}, wanted {self.wanted}{f' ({hint})' if hint else ''}"

    @property
    def text(self) -> str:
        """The problem for people: a sentence, the line, and a caret below the place."""
        return "\n".join((str(self), *self._picture()))

    def __str__(self) -> str:
        warning = "warning: " if self.level is Level.WARNING else ""
        path = f"{self.path}: " if self.path else ""
        return printable(f"{self.file}:{self.line}:{self.column}: {warning}{path}{self.message}")

    def _picture(self) -> tuple[str, ...]:
        """The line and the caret; a long line is cut, and what a terminal would obey or hide is a dot."""
        if not self.source.strip():
            return ()
        start = max(0, self.column - 1 - WIDTH_MAX // 2) if len(self.source) > WIDTH_MAX else 0
        shown = printable(self.source[start : start + WIDTH_MAX])
        before = shown[: self.column - 1 - start]
        carets = "^" * max(1, _width(shown[len(before) : len(before) + self.length]))
        return (f"    {shown.rstrip()}", f"    {' ' * _width(before)}{carets}")


class BadPolicy(ValueError):
    """A policy folder that cannot be compiled, with every problem; the message has one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))

    @property
    def text(self) -> str:
        """Every problem with its line."""
        return "\n".join(problem.text for problem in self.problems)


def dotted(path: Path) -> str:
    """A path as text: ``rules[2].options``. A key of other characters than such words have is quoted, and cut."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_part(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def _part(part: str) -> str:
    return part if PLAIN_PART.fullmatch(part) else quoted(part)


def printable(text: str) -> str:
    """The text without what a terminal or a CI system would obey or hide."""
    return inert_line(text.replace("\t", " "), "·")


def _width(text: str) -> int:
    """The columns of a terminal that the text takes."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def some_of(words: Sequence[str]) -> str:
    """Words as a message lists them: the first ones, where there are many."""
    return ", ".join(words[:LISTED_MAX]) + (", …" if len(words) > LISTED_MAX else "")


def quoted(found: object) -> str:
    """A value as a message quotes it, at most 60 characters."""
    match found:
        case None:
            return "nothing"
        case []:
            return "an empty list"
        case dict() if not found:
            return "an empty map"
        case str():
            text = repr(found[: SHOWN_MAX + 1])
        case list():
            text = repr(found[:SHOWN_MAX])
        case _:
            text = repr(found)
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"
