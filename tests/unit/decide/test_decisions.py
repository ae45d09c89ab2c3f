"""The decision about each scene is in ``decisions.md``, field by field, so that a review shows every change of a decision.

``python -m tests.unit.decide.test_decisions`` writes the file again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any

from controller.decide import decide
from controller.decide.facts import Facts
from controller.ledger.intent import Intent
from tests.unit.decide.scenes import SCENES

FILE = Path(__file__).with_name("decisions.md")
LEFT_OUT = {"said"}  # of a decision: the same intents again
HEAD = """# What is decided of jobs in many situations

The first job was created on day 02 at 09:00. A member with its default value is left out.

"""


def _shown(value: Any) -> str:
    match value:
        case Enum():
            return str(value.value)
        case datetime():
            return f"{value:%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case tuple() | frozenset():
            return f"({', '.join(sorted(map(_shown, value)) if isinstance(value, frozenset) else map(_shown, value))})"
        case _ if is_dataclass(value) and not isinstance(value, type):
            return f"{type(value).__name__}({', '.join(_members(value))})"
        case _:
            return str(value)


def _members(value: Any) -> Iterator[str]:
    for member in fields(value):
        found, default = getattr(value, member.name), member.default
        if member.default_factory is not MISSING:
            default = member.default_factory()
        if found != default:
            yield f"{member.name}={_shown(found)}"


def _lines(facts: Facts) -> Iterator[str]:
    decision = decide(facts)
    for member in fields(decision):
        value = getattr(decision, member.name)
        if member.name in LEFT_OUT or not value:
            continue
        for item in value if isinstance(value, tuple) else (value,):
            shown = f"{_shown(item.action)}, due {_shown(item.due_at)}" if isinstance(item, Intent) else _shown(item)
            yield f"{member.name}: {shown}".replace(str(facts.lineage.id), "the lineage")


def text() -> str:
    """All scenes. A line is written in full the first time; later scenes refer to it by its mark."""
    shown: set[str] = set()
    parts = []
    for title, facts in SCENES.items():
        lines = {sha256(line.encode()).hexdigest()[:5]: line for line in _lines(facts)}
        again = ", ".join(mark for mark in lines if mark in shown)
        first = [f"* `{mark}` {line}" for mark, line in lines.items() if mark not in shown]
        shown |= lines.keys()
        parts.append("\n".join((f"## {title}\n", *first, *([f"* again: {again}"] if again else []))))
    return HEAD + "\n\n".join(parts) + "\n"


def test_each_decision_is_the_one_that_was_read() -> None:
    assert text() == FILE.read_text(), "look at the difference, and write decisions.md again if it is meant (see the docstring)"


def test_no_scene_makes_a_decider_fail() -> None:
    assert {title: problems for title, facts in SCENES.items() if (problems := decide(facts).problems)} == {}


if __name__ == "__main__":
    FILE.write_text(text())
