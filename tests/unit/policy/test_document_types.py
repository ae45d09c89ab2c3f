"""A value in a document that has the wrong type is refused, with what was found and what is wanted."""

from __future__ import annotations

from controller.policy.document_types import mistyped
from controller.policy.slack_settings import SlackSettings


def test_a_value_of_another_class_is_named_with_its_place_and_what_is_wanted() -> None:
    assert list(mistyped(SlackSettings, SlackSettings(), "slack")) == []
    assert list(mistyped(SlackSettings, "open", "slack")) == ["slack 'open', wanted SlackSettings"]
