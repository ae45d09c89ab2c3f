"""A mistake in a policy file: where it is, what was found, what is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake. ``path`` looks like ``rules[2].options.at_most``, and is empty for the whole file."""

    file: str
    line: int
    path: str
    found: str
    wanted: str
    hint: str = ""

    def __str__(self) -> str:
        at = f"{self.file}:{self.line}: {self.path}" if self.path else f"{self.file}:{self.line}"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{at}: found {self.found}, wanted {self.wanted}{hint}"


class BadPolicy(ValueError):
    """A policy folder that cannot be compiled, with every problem; the message has one line for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Path) -> str:
    """A path as text: ``rules[2].options``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def nearest(found: object, words: Sequence[str]) -> str:
    """A question that suggests the most similar word; empty where none is similar."""
    close = get_close_matches(str(found).replace("_", "-").lower(), [w.replace("_", "-") for w in words], n=1, cutoff=0.6)
    return next((f"did you mean '{word}'?" for word in words if word.replace("_", "-") in close), "")


def quoted(found: object) -> str:
    """A value as a message quotes it, at most 60 characters."""
    match found:
        case None:
            return "nothing"
        case []:
            return "an empty list"
        case dict() if not found:
            return "an empty map"
        case _:
            text = repr(found)
            return text if len(text) <= 60 else f"{text[:59]}…"
