"""The old words of the table in docs/architecture.md are gone from names, docstrings, comments and texts, and from the docs.

A string of one word is not checked: what is stored or sent keeps its words. Neither is code in the docs, nor a string in a test.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for folder in ("controller", "handlers", "infra", "tests") for p in (ROOT / folder).rglob("*.py"))
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")])

OLD: Mapping[str, str] = {
    "promise": "deadline",
    "promises": "deadlines",
    "punctuality": "deadline",
    "purse": "spend cap",
    "rung": "fallback step",
    "rungs": "fallback steps",
    "climb": "take the next fallback step",
    "climbs": "takes the next fallback step",
    "climbed": "took the next fallback step",
    "climbing": "taking the next fallback step",
    "candour": "alerts",
    "wish": "user request",
    "wishes": "user requests",
    "sighting": "checkpoint scan",
    "sightings": "checkpoint scans",
    "sighted": "checkpoint scan",
    "desk": "Slack interactions",
    "bell": "trigger",
    "ring": "trigger",
    "rings": "triggers",
    "ringing": "triggering",
    "restraint": "rate limit",
    "brake": "rate limit",
    "brakes": "rate limits",
    "ending": "outcome",
    "endings": "outcomes",
    "treatment": "handling",
    "treatments": "handling",
    "shell": "runtime",
    "fold": "sum, roll up",
    "folds": "sums, rolls up",
    "folded": "summed, rolled up",
    "folding": "summing, rolling up",
    "books": "recorded usage",
    "booked": "recorded",
    "booking": "recording",
    "vain": "lost",
    "knob": "setting",
    "knobs": "settings",
    "mood": "settings",
    "moods": "settings",
    "weather": "spot capacity",
    "witness": "invariant checker",
    "dawdle": "stall",
    "dawdles": "stalls",
    "mend": "repair",
    "mends": "repairs",
    "mended": "repaired",
    "mending": "repairing",
    "aloud": "with a message",
}
"""Each old word, and the word to use now."""

ORDINARY = frozenset({"ladder", "grant", "ask", "showing", "show", "weight", "talk", "stand", "adapters"})
"""Old words that are also right: a policy key, IAM's grants, the weight of a figure, ordinary verbs."""

ALLOWED: Mapping[str, frozenset[str]] = {
    "controller/policy/load_policy.py": frozenset({"brakes"}),  # a key of the compiled policy
    "controller/policyfile": frozenset({"brakes"}),  # a key that people write
    "controller/ledger/entry.py": frozenset({"sighted"}),
    "controller/aws/dynamodb/items.py": frozenset({"sighted", "ending"}),  # the table of stored words
    "controller/savings/rollup.py": frozenset({"ending"}),  # a stored name of a count
    "controller/savings/progress.py": frozenset({"vain"}),  # a stored value
    "controller/cli": frozenset({"shell"}),  # a command shell
    "infra": frozenset({"shell"}),
    "tests/unit/infra/local/test_dynamodb.py": frozenset({"ring"}),  # a stored attribute
    "tests/style/test_vocabulary.py": frozenset(OLD),
}
"""Files and folders, and the old words that are right there."""


def words_of(name: str) -> list[str]:
    """The words of an identifier: ``ring_at`` and ``RingAt`` are ring and at."""
    return [word.lower() for part in name.split("_") for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", part)]


def named_in(source: str, *, strings: bool = True) -> Iterator[tuple[int, str]]:
    """Each line and text of a module that is a name, a docstring or a comment, or, with ``strings``, a text of several words."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, " ".join(words_of(name))
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield node.lineno, " ".join(words_of(name))
            case ast.keyword(arg=str(name)):
                yield node.value.lineno, " ".join(words_of(name))
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield node.lineno, re.sub(r"``.*?``", "", text, flags=re.DOTALL)
            case ast.Constant(value=str(text)) if strings and " " in text.strip():
                yield node.lineno, re.sub(r"``.*?``", "", text, flags=re.DOTALL)
            case _:
                pass
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def prose_of(page: str) -> Iterator[tuple[int, str]]:
    """Each line of a page, without its code."""
    without_code = re.sub(r"```.*?```|`[^`\n]+`", lambda found: re.sub(r"[^\n]", " ", found[0]), page, flags=re.DOTALL)
    yield from enumerate(without_code.splitlines(), start=1)


def vocabulary_of(page: str) -> str:
    """The section with the table of words, empty where a page has none."""
    return page[page.index("## Vocabulary") : page.index("## Fences")] if "## Vocabulary" in page else ""


def old_words_in(path: Path) -> list[str]:
    """The old words of a file that are not allowed there, with their lines."""
    place, text = path.relative_to(ROOT).as_posix(), path.read_text("utf-8")
    allowed = frozenset[str]().union(*(words for where, words in ALLOWED.items() if f"{place}/".startswith(f"{where}/")))
    if not (OLD.keys() - allowed) & set(words_of(text)):
        return []  # most files; to parse them takes much longer
    lines = (
        named_in(text, strings=not place.startswith("tests/"))
        if path.suffix == ".py"
        else prose_of(text.replace(vocabulary_of(text), ""))
    )
    return [
        f"{place}:{line}: {word}, wanted: {OLD[word]}"
        for line, said in lines
        for word in re.findall(r"\b[a-z]+\b", said.lower())
        if word in OLD and word not in allowed
    ]


def test_no_old_word_is_used() -> None:
    assert [found for path in (*SOURCES, *PAGES) for found in old_words_in(path)] == []


def test_an_old_word_is_found_in_names_docstrings_comments_and_docs() -> None:
    source = 'def ring_all(wish):\n    """Folds the books."""\n    return wish.shell, "to the desk"  # in vain\n'
    found = {word for _, said in named_in(source) for word in re.findall(r"[a-z]+", said.lower()) if word in OLD}
    assert found == {"ring", "wish", "folds", "books", "shell", "desk", "vain"}
    assert [line for line, said in prose_of("`ring`\n```\nring\n```\nring") if "ring" in said] == [5]


def test_every_allowed_place_exists() -> None:
    assert [place for place in ALLOWED if not (ROOT / place).exists()] == []


def test_every_old_word_of_the_table_is_checked_or_has_another_meaning_too() -> None:
    table = vocabulary_of((ROOT / "docs" / "architecture.md").read_text("utf-8"))
    rows = re.findall(r"^\| ([a-z, ]+) \|", table, re.MULTILINE)
    words = {word.strip() for row in rows for word in row.split(",")}
    assert "candour" in words
    assert words - set(OLD) == ORDINARY
