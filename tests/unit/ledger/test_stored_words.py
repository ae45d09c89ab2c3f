"""Existing rows and policies keep their meaning: stored words and the defaults of missing fields are in ``stored_words.json``.

A change of that file changes how the rows and the compiled policies of existing installations are read. After a deliberate one,
``python -m tests.unit.ledger.test_stored_words`` writes it again.
"""

from __future__ import annotations

import json
import pkgutil
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import controller.jobs
import controller.ledger
import controller.policy
import controller.savings
from controller.savings import rollup

FILE = Path(__file__).with_name("stored_words.json")
PACKAGES = (controller.jobs, controller.ledger, controller.policy, controller.savings)


def words() -> dict[str, dict[str, str]]:
    """The members of every enum, and the defaults of every class, that the ledger or a compiled policy stores."""
    found: dict[str, dict[str, str]] = {}
    for package in PACKAGES:
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = import_module(info.name)
            for name, value in sorted(vars(module).items()):
                if isinstance(value, type) and value.__module__ == module.__name__:
                    found |= {f"{module.__name__}.{name}": said} if (said := _of(module, value)) else {}
    return dict(sorted(found.items()))


def _of(module: ModuleType, value: type) -> dict[str, str]:
    if issubclass(value, StrEnum):
        return {member.name: member.value for member in value}
    if is_dataclass(value) and module.__name__.startswith(("controller.ledger.", "controller.policy.")):
        return {f.name: _default(f) for f in fields(value) if (f.default, f.default_factory) != (MISSING, MISSING)}
    return {}


def _default(field: Any) -> str:
    return repr(field.default if field.default is not MISSING else field.default_factory())


def test_every_stored_word_and_default_is_as_rows_already_hold_it() -> None:
    assert words() == json.loads(FILE.read_text("utf-8"))


def test_roll_ups_of_closed_days_keep_their_words() -> None:
    assert (rollup.KEPT, rollup.MISSED, rollup.NOBODY, rollup.UNTAGGED) == ("kept", "missed", "no team", "no user")
    assert len(set(rollup.ENTRY_NAMES.values())) == len(rollup.ENTRY_NAMES)


if __name__ == "__main__":
    FILE.write_text(json.dumps(words(), indent=1) + "\n", "utf-8")
