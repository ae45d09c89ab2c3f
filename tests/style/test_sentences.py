"""The sentences of the docs are short: most readers did not grow up with English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
WORDS_MAX = 40
FENCED = re.compile(r"^( *)```.*?^\1```[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")
TARGET = re.compile(r"\]\([^)]*\)")
ITEM = re.compile(r"\s*(?:[-*+]|\d+\.|>|!!!)\s+")
END = re.compile(r"(?<=[.!?])[*_)\"”]*\s+(?=[*_\"“(\[`]*[A-Z0-9`“\[])")


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs and list items. Code blocks, headings and rows of tables are left out, and a code span is one word."""
    lines: list[str] = []
    for line in [*FENCED.sub("\n\n", text).split("\n"), ""]:
        item = ITEM.match(line)
        code = not lines and not item and line.startswith("    ")
        ends = not line.strip() or line.startswith("#") or line.lstrip().startswith("|") or code
        if (ends or item) and lines:
            yield " ".join(lines)
            lines = []
        if not ends:
            lines.append(line[item.end() if item else 0 :].strip())


def sentences(text: str) -> Iterator[str]:
    for paragraph in paragraphs(text):
        yield from END.split(TARGET.sub("]", CODE.sub("`code`", paragraph)))


def length(sentence: str) -> int:
    return sum(any(map(str.isalnum, word)) for word in sentence.split())


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_no_sentence_is_longer_than_forty_words(page: Path) -> None:
    assert [s for s in sentences(page.read_text("utf-8")) if length(s) > WORDS_MAX] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_no_paragraph_is_there_twice(page: Path) -> None:
    """A merge of two branches can keep both versions of a paragraph."""
    beginnings = Counter(
        tuple(word.strip(".,:;") for word in paragraph.split()[:9]) for paragraph in paragraphs(page.read_text("utf-8"))
    )
    assert [" ".join(words) for words, times in beginnings.items() if times > 1 and len(words) == 9] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two `a. B` three.", ["One.", "Two `code` three."]),
        ("# Title\nOne\ntwo.\n* Three.\n* Four [five](six seven.md).", ["One two.", "Three.", "Four [five]."]),
        ("One.\n\n```\ncode here\n```\n\n    more code\n\n| a | row |", ["One."]),
    ],
)
def test_sentences_are_found_in_text_alone(text: str, found: list[str]) -> None:
    assert list(sentences(text)) == found
