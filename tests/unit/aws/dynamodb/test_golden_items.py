"""Items that the code of commit 1d138d5 wrote are read to the same values, and are written back unchanged.

``items_of_1d138d5.json`` was made by that commit's own codec. It is never made again: ledgers contain such rows.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from controller.aws.dynamodb.items import STORED_KINDS, read, read_intent, write, write_intent
from controller.ledger.intent import IntentResult

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("items_of_1d138d5.json").read_text())
LATER: dict[str, Any] = json.loads(Path(__file__).with_name("items_of_later_kinds.json").read_text())
ITEMS: list[dict[str, Any]] = GOLDEN["items"] + LATER["items"]
PLACE = {"pk": {"S": "somewhere"}, "sk": {"S": "some row"}}
RENAMED = {
    # Stored kind and stored field: the name that the field has in the code now.
    ("Ended", "ending"): "outcome",
    ("Finished", "ending"): "outcome",
    ("Asked", "ask"): "request",
    ("Submit", "rung"): "fallback_step",
}


def kind_of(golden: dict[str, Any]) -> str:
    return str(golden["item"]["kind"]["S"])


def numbered(golden: dict[str, Any]) -> str:
    return f"{kind_of(golden)}-{ITEMS.index(golden)}"


def plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def of(golden: dict[str, Any]) -> Any:
    item = {**PLACE, **golden["item"]}
    return read_intent(item) if "intent" in golden else read(item)


def test_there_is_an_item_of_every_kind_that_is_stored() -> None:
    assert {kind_of(golden) for golden in ITEMS} == set(STORED_KINDS)


@pytest.mark.parametrize("golden", ITEMS, ids=numbered)
def test_a_stored_item_is_read_to_the_values_it_was_written_from(golden: dict[str, Any]) -> None:
    found = of(golden)
    beside, value = golden.get("intent", {}), found.action if "intent" in golden else found
    assert {name: plain(getattr(found, name)) for name in beside} == beside
    kind = kind_of(golden)
    wanted = {RENAMED.get((kind, name), name): field for name, field in golden["values"].items()}
    assert {name: plain(getattr(value, name)) for name in wanted} == wanted


@pytest.mark.parametrize("golden", ITEMS, ids=numbered)
def test_a_field_that_came_later_has_its_default(golden: dict[str, Any]) -> None:
    found = of(golden)
    value, kind = found.action if "intent" in golden else found, kind_of(golden)
    known = {RENAMED.get((kind, name), name) for name in golden["values"]}
    later = [f for f in fields(value) if f.name not in known]
    assert [getattr(value, f.name) for f in later] == [f.default for f in later]


@pytest.mark.parametrize("golden", ITEMS, ids=numbered)
def test_a_stored_item_is_written_back_the_same(golden: dict[str, Any]) -> None:
    found = of(golden)
    assert (write_intent(found) if "intent" in golden else write(found)) == golden["item"]


@pytest.mark.parametrize("name", GOLDEN["enums"])
def test_every_word_that_a_field_could_hold_is_still_read(name: str) -> None:
    kind, _, field = name.partition(".")
    if kind == "intent":
        assert {IntentResult(word).value for word in GOLDEN["enums"][name]} == set(GOLDEN["enums"][name])
        return
    golden = next(g for g in ITEMS if kind_of(g) == kind and field in g["item"]["body"]["M"])
    for word in GOLDEN["enums"][name]:
        item = {**PLACE, **golden["item"], "body": {"M": {**golden["item"]["body"]["M"], field: {"S": word}}}}
        found = getattr(read(item), RENAMED.get((kind, field), field))
        assert isinstance(found, StrEnum)
        assert found.value == word


def test_every_renamed_field_is_one_that_the_class_has() -> None:
    for (kind, _), name in RENAMED.items():
        assert name in get_type_hints(STORED_KINDS[kind])
