"""A text with a template's placeholder is filled in later."""

from __future__ import annotations

import time

import pytest

from controller.cli.documents.found import FilledInLater, templated


@pytest.mark.parametrize("text", ["${image}", "a/{{ image }}", "{{\nimage\n}}", "{{{{ image }}", "$IMAGE/b"])
def test_a_text_with_a_placeholder_is_filled_in_later(text: str) -> None:
    assert isinstance(templated({"a": [text]})["a"][0], FilledInLater)


@pytest.mark.parametrize("text", ["", "{{ image", "}} {{", "$5", "{image}"])
def test_a_text_without_a_placeholder_stays(text: str) -> None:
    assert templated(text) == text


def test_incomplete_placeholders_take_linear_time() -> None:
    began_s = time.process_time()
    assert templated("{{" * 30_000) == "{{" * 30_000
    assert time.process_time() - began_s < 2  # with quadratic time it takes above 20 s
