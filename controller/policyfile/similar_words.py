"""Finds the known words that were probably meant by a wrong word: at most two, the most similar first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher, get_close_matches

WORDS_MAX = 2
LENGTH_MAX = 64  # no known word is longer

OTHER_NAMES: Mapping[str, str] = {  # a known word → the words of other programs for it
    "audit": "dry-run observe monitor record off disabled", "warn": "notify alert report", "enforce": "deny enabled active block",
    "high": "critical error fatal", "medium": "moderate normal", "low": "info minor", "all": "everything", "running": "existing",
    "stop": "block deny kill terminate delete", "repair": "fix remediate mutate",
}  # fmt: skip


def similar_words(found: object, words: Iterable[str]) -> tuple[str, ...]:
    """The words with the smallest edit distance (deletions, insertions, substitutions and swaps of neighbours); empty if none.

    Upper case and underscores count as lower case and hyphens. Words at the same distance are sorted by similarity.
    """
    text = _plain(found[0] if isinstance(found, list) and len(found) == 1 else found)
    if not 0 < len(text) <= LENGTH_MAX:
        return ()
    known = [str(word) for word in words]  # also members of an enum
    near: list[tuple[int, str]] = []
    most = max(1, len(text) // 3)
    for word in known:
        distance = _distance(text, _plain(word), most)
        if distance is not None:
            near.append((distance, word))
            most = min(most, distance)
    alike = [word for distance, word in near if distance == most]
    if not alike:
        parts = set(text.split("-"))
        having = [word for word in known if all(any(_alike(part, own) for own in _plain(word).split("-")) for part in parts)]
        if having:
            return tuple(having[:WORDS_MAX])
        close = get_close_matches(text, [_plain(word) for word in known], n=1, cutoff=0.6)
        close = close or [word for word, names in OTHER_NAMES.items() if text in names.split()]
        return tuple(word for word in known if _plain(word) in close)[:WORDS_MAX]
    return tuple(sorted(alike, key=lambda word: -SequenceMatcher(a=text, b=_plain(word)).ratio())[:WORDS_MAX])


def question(words: tuple[str, ...]) -> str:
    """A question that suggests the words; empty without words."""
    return f"did you mean {' or '.join(repr(word) for word in words)}?" if words else ""


def _alike(part: str, own: str) -> bool:
    """Whether a part of a hyphenated word is like a part of another word: one begins with the other (require, required)."""
    return len(part) > 2 and len(own) > 2 and (part.startswith(own) or own.startswith(part))


def _plain(found: object) -> str:
    return str(found).replace("_", "-").lower() if isinstance(found, str | int | float | list) else ""


def _distance(a: str, b: str, most: int) -> int | None:
    """The edit distance of two texts; None if it is larger than ``most``."""
    if abs(len(a) - len(b)) > most or len(set(a) ^ set(b)) > 2 * most:
        return None
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        row = [i]
        for j, right in enumerate(b, start=1):
            edits = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                edits = min(edits, before[j - 2] + 1)
            row.append(edits)
        if min(row) > most:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= most else None
