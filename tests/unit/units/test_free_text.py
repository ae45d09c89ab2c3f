"""A text that people typed becomes one visible line of limited length."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.units.free_text import one_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a plain reason", "a plain reason"),
        ("  two\n lines\r\n\tand\x0btabs\u2028here ", "two lines and tabs here"),
        ("bell\x07 and \x1b[31mred\x9b2J", "bell and [31mred2J"),
        ("left\u202eright\u202c and\u200bzero\ufeff", "leftright andzero"),
        ("half \ud83d of it", "half of it"),
        ("\u3164\u2800", ""),
        ("v\u034fi\ufe0fs\U000e0101i\u180bo\u2065n", "vision"),
        ("\x00\x1f", ""),
        ("héllo שלום 漢字 🎉 e\u0301", "héllo שלום 漢字 🎉 e\u0301"),
    ],
)
def test_only_visible_characters_are_kept_on_one_line(typed: str, kept: str) -> None:
    assert one_line(typed, 100) == kept


def test_a_longer_text_ends_with_an_ellipsis() -> None:
    assert one_line("x" * 10, 10) == "x" * 10
    assert one_line("x" * 11, 10) == "x" * 9 + "…"


@given(st.text(st.characters()), st.integers(1, 60))
def test_every_text_becomes_bounded_and_encodable_and_a_second_call_changes_nothing(typed: str, most: int) -> None:
    line = one_line(typed, most)
    assert len(line) <= most
    line.encode("utf-8")
    assert not any(category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in line)
    assert one_line(line, most) == line


def test_a_letter_keeps_at_most_four_combining_marks_and_scripts_that_need_some_keep_them() -> None:
    assert one_line("a" + "\u0335" * 90 + "b" + "\u0489" * 90, 300) == "a" + "\u0335" * 4 + "b" + "\u0489" * 4
    for word in ("Tiê\u0301ng", "שָׁלוֹם", "น้ำ", "हिन्दी"):
        assert one_line(word, 300) == word
