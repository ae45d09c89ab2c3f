"""A text with places of a template is filled in later."""

from __future__ import annotations

import time

import pytest

from controller.cli.documents.found import FilledInLater, templated


@pytest.mark.parametrize("text", ["${image}", "a/{{ image }}", "{{\nimage\n}}", "{{{{ image }}", "$IMAGE/b"])
def test_a_text_with_a_place_is_filled_in_later(text: str) -> None:
    assert isinstance(templated({"a": [text]})["a"][0], FilledInLater)


@pytest.mark.parametrize("text", ["", "{{ image", "}} {{", "$5", "{image}"])
def test_a_text_without_a_place_is_what_it_says(text: str) -> None:
    assert templated(text) == text


def test_places_that_only_begin_are_looked_at_once() -> None:
    began_s = time.process_time()
    assert templated("{{" * 30_000) == "{{" * 30_000
    assert time.process_time() - began_s < 2  # each with all that follows it: above 20
