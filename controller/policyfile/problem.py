"""A problem in a policy file, an error or a warning: where it is, what was found, and what is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from unicodedata import east_asian_width

from controller.policyfile.similar_words import question
from controller.units.inert_line import inert_line

Path = tuple[str | int, ...]
LISTED_MAX = 12  # items of a list in a message
SHOWN_MAX = 60  # characters of a value in a message
WIDTH_MAX = 100  # characters of the line that are shown around a problem
PLAIN_PART = re.compile(r"[A-Za-z0-9_.:/*?=@+<-]{1,60}")


class Level(StrEnum):
    ERROR = "error"  # the folder does not compile
    WARNING = "warning"  # it compiles, but probably does not do what was meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a file. Line and column count from 1; ``length`` is in characters."""

    line: int = 1
    column: int = 1
    length: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One problem. ``path``: such as ``rules[2].options.at_most``, empty for the whole file. ``length``: in characters.

    ``source``: the line's text, empty if there is none to show. ``code``: the kind of problem, for programs.
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
        """What was found and what is wanted, in one sentence without the place."""
        hint = "; ".join(filter(None, (self.hint, question(self.suggestions))))
        return f"found {self.found}, wanted {self.wanted}{f' ({hint})' if hint else ''}"

    @property
    def text(self) -> str:
        """The problem for people: a sentence, the line of the file, and carets below the place."""
        return "\n".join((str(self), *self._picture()))

    def __str__(self) -> str:
        warning = "warning: " if self.level is Level.WARNING else ""
        path = f"{self.path}: " if self.path else ""
        return printable(f"{self.file}:{self.line}:{self.column}: {warning}{path}{self.message}")

    def _picture(self) -> tuple[str, ...]:
        """The line and the carets. A long line is shortened, and control and invisible characters are replaced by dots."""
        if not self.source.strip():
            return ()
        start = max(0, self.column - 1 - WIDTH_MAX // 2) if len(self.source) > WIDTH_MAX else 0
        shown = printable(self.source[start : start + WIDTH_MAX])
        before = shown[: self.column - 1 - start]
        carets = "^" * max(1, _width(shown[len(before) : len(before) + self.length]))
        return (f"    {shown.rstrip()}", f"    {' ' * _width(before)}{carets}")


class BadPolicy(ValueError):
    """A policy folder cannot be compiled. It has every problem; the message has one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))

    @property
    def text(self) -> str:
        """Every problem with the line of the file."""
        return "\n".join(problem.text for problem in self.problems)


def dotted(path: Path) -> str:
    """A path as text: ``rules[2].options``. A key with other characters is quoted and shortened."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_part(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def _part(part: str) -> str:
    return part if PLAIN_PART.fullmatch(part) else quoted(part)


def printable(text: str) -> str:
    """The text without control characters, invisible characters and commands to CI systems."""
    return inert_line(text.replace("\t", " "), "·")


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def some_of(words: Sequence[str]) -> str:
    """The words for a message, up to LISTED_MAX."""
    return ", ".join(words[:LISTED_MAX]) + (", …" if len(words) > LISTED_MAX else "")


def quoted(found: object) -> str:
    """A value, quoted for a message, in at most SHOWN_MAX characters."""
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
