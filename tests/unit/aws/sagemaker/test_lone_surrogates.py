"""No lone surrogate (half of a character) stays in an answer of AWS."""

from __future__ import annotations

from typing import Any

import pytest

from controller.aws.sagemaker.lone_surrogates import without_lone_surrogates

ANSWERS: list[tuple[Any, Any]] = [
    ("half \ud83d", "half \ufffd"),
    ({"a\udc00": ["\ud800", {"b": "\udfff"}], "c": 1}, {"a\ufffd": ["\ufffd", {"b": "\ufffd"}], "c": 1}),
    ({"a\udc00": "x"}, {"a\ufffd": "x"}),
    ([1, None, True, "\ud83d\ude00"], [1, None, True, "\ufffd\ufffd"]),
]


@pytest.mark.parametrize(("found", "wanted"), ANSWERS)
def test_halves_of_characters_are_replaced_at_any_depth(found: Any, wanted: Any) -> None:
    assert without_lone_surrogates(found) == wanted


@pytest.mark.parametrize("whole", ["", "text", "\U0001f600", {"a": ["b", {"c": 1.5}]}, [], None, 7])
def test_what_has_no_halves_is_left_as_it_is(whole: Any) -> None:
    assert without_lone_surrogates(whole) is whole
