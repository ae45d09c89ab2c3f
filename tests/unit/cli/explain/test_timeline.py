"""Every kind of entry and intent has its text, on one line of bounded length."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from controller.cli.explain.timeline import EVENTS_MAX, LINE_MAX, entry_text, intent_text, timeline
from controller.jobs.job import Service
from controller.ledger.entry import CheckpointScanned, Entry, Interrupted, OwnerChecked
from controller.ledger.intent import Action, Intent
from controller.ledger.user_entry import DirectivesRead
from controller.units.value import replace
from tests.builders import BEGIN, lineage


def made(cls: type[Any]) -> Any:
    """An instance of a class, with long texts that contain control characters of terminals."""
    hints = get_type_hints(cls)
    return cls(**{f.name: value(hints[f.name]) for f in fields(cls) if f.init})


def value(hint: Any) -> Any:
    if get_origin(hint) is UnionType or str(hint).startswith("typing.Union"):
        return value(get_args(hint)[0])
    if get_origin(hint) is tuple:
        return (value(get_args(hint)[0]),)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    known: dict[Any, Any] = {str: "x\n\x1b[31m" * 300, int: 7, bool: True, datetime: BEGIN, date: BEGIN.date()}
    return known[hint]


@pytest.mark.parametrize("kind", get_args(Entry), ids=lambda kind: kind.__name__)
def test_every_kind_of_entry_has_its_own_text(kind: type[Any]) -> None:
    (event,) = timeline(lineage(entries=(made(kind),)))
    assert entry_text(made(kind))
    assert len(event.text) <= LINE_MAX
    assert event.text.isprintable()


@pytest.mark.parametrize("kind", get_args(Action), ids=lambda kind: kind.__name__)
def test_every_kind_of_intent_has_its_own_text(kind: type[Any]) -> None:
    (event,) = timeline(lineage(intents=(Intent(action=made(kind), due_at=BEGIN),)))
    assert intent_text(Intent(action=made(kind), due_at=BEGIN))
    assert (len(event.text) <= LINE_MAX, event.open) == (True, True)
    assert event.text.isprintable()


def test_a_long_timeline_keeps_its_newest_events() -> None:
    many = tuple(
        Interrupted(job=f"j{n}", at=BEGIN, team=None, instance_type="ml.g5.xlarge", region="us-east-1")
        for n in range(EVENTS_MAX + 9)
    )
    assert len(timeline(lineage(entries=many))) == EVENTS_MAX


SCAN = CheckpointScanned(
    job="bert", at=BEGIN, team=None, occasion="ended", uri="s3://b/bert/", objects=0, bytes_seen=0, newest_at=None, complete=True,
    proven_s=0, at_risk_s=7200, problem=None,
)  # fmt: skip
TAGS = DirectivesRead(job="bert", at=BEGIN, team=None, number=0, family="bert")
ASKED = OwnerChecked(job="bert", at=BEGIN, team=None, service=Service.PIPELINES, owned=False)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (SCAN, "no checkpoint was found below s3://b/bert/; 2 h of training of bert were at risk (ended)"),
        (replace(SCAN, newest_at=BEGIN), f"the newest checkpoint below s3://b/bert/ was written at {BEGIN:%Y-%m-%d %H:%M} UTC; "),
        (TAGS, "the tags spotwarden:* of bert were read: family bert"),
        (
            replace(TAGS, number=1),
            "the tags spotwarden:* of bert changed later, and count only once a person accepts them: family",
        ),
        (ASKED, "the controller asked SageMaker whether SageMaker Pipelines created bert: no, or no answer"),
        (replace(ASKED, owned=True), "the controller asked SageMaker whether SageMaker Pipelines created bert: yes"),
    ],
)
def test_an_entry_names_who_did_what(entry: Entry, text: str) -> None:
    assert entry_text(entry).startswith(text)
