"""A value of a document that does not have the type or the bounds of its place is refused with what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from controller.policy.bounds import SHARE, TEXT_MAX
from controller.policy.document_types import mistyped
from controller.policy.slack_settings import SlackSettings


@dataclass(frozen=True)
class Part:
    share: Annotated[float, SHARE] = 1.0


def test_a_value_of_another_class_is_named_with_its_place_and_what_is_wanted() -> None:
    assert list(mistyped(SlackSettings, SlackSettings(), "slack")) == []
    assert list(mistyped(SlackSettings, "open", "slack")) == ["slack 'open', wanted SlackSettings"]


def test_a_field_out_of_its_bounds_or_of_another_type_is_named_with_its_place() -> None:
    assert list(mistyped(Part, Part(share=0.5), "part")) == []
    [out_of_bounds] = mistyped(Part, Part(share=1.5), "part")
    assert out_of_bounds.startswith("part.share 1.5, wanted ")
    [of_another_type] = mistyped(Part, Part(share="half"), "part")  # type: ignore[arg-type]
    assert of_another_type == "part.share 'half', wanted float"


@pytest.mark.parametrize(
    ("hint", "value", "found"),
    [
        (int, "many", "x 'many', wanted int"),
        (bool, 1, "x 1, wanted bool"),
        (int | None, "many", "x 'many', wanted int or nothing"),
        (tuple[int, ...], [1], "x [1], wanted a list"),
        (tuple[int, ...], (1, "2"), "x[1] '2', wanted int"),
        (Mapping[str, int], 5, "x 5, wanted a map"),
        (Mapping[str, int], {"a": "1"}, "x.a '1', wanted int"),
        (Mapping[str, int], {5: 1}, "x key[0] 5, wanted str"),
        (str, "a" * (TEXT_MAX + 1), f"x of {TEXT_MAX + 1:,} characters, wanted at most {TEXT_MAX:,}"),
    ],
)
def test_what_is_wanted_of_a_value_is_said_in_one_sentence(hint: Any, value: Any, found: str) -> None:
    assert list(mistyped(hint, value, "x")) == [found]
