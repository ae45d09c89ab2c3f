"""Three engines agree on every event pattern of the stack: the local bus, moto, and quamina, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from moto.events.models import EventPattern

import app
from infra.local import bus, event_pattern
from infra.stack import merge_template
from infra.tool_environment import NotInstalled, programs_of

ROOT = Path(__file__).resolve().parents[2]
QUAMINA = ("event-ruler==0.3.0",)  # a build of quamina for Python: exact values, anything-but and exists
ASK = """
import json, sys
from event_ruler import test_event_pattern
print(json.dumps([bool(test_event_pattern(json.dumps(event), json.dumps(wanted))) for wanted, event in json.load(sys.stdin)]))
"""
Pattern = Mapping[str, Any]


def patterns() -> dict[str, Pattern]:
    """The patterns of the stack's rules and of its archive, by the name of what has them."""
    found: dict[str, Pattern] = {rule.name: rule.pattern for rule in bus.rules(app.app) if rule.pattern}
    for name, resource in merge_template("python3.14", "arm64")["Resources"].items():
        if wanted := resource.get("Properties", {}).get("EventPattern"):
            found[name] = wanted
    return found


def leaves(wanted: Pattern, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Sequence[Any]]]:
    for name, value in wanted.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name), value


def changed(event: Mapping[str, Any], path: tuple[str, ...], *values: Any) -> dict[str, Any]:
    """The event with another value at a path, and without the field where no value is given."""
    name, *below = path
    rest = {key: value for key, value in event.items() if key != name}
    if below:
        return {**rest, name: changed(event.get(name, {}), tuple(below), *values)}
    return {**rest, **({name: values[0]} if values else {})}


def events(wanted: Pattern) -> Iterator[dict[str, Any]]:
    """Events that fit, and events that differ from one in one field."""
    fits: dict[str, Any] = {
        "version": "0",
        "account": "123456789012",
        "detail": {"TrainingJobName": "bert", "exit": 1, "spot": True},
    }
    for path, values in leaves(wanted):
        fits = changed(fits, path, "Some" if isinstance(values[0], Mapping) else values[0])
    yield fits
    for path, values in leaves(wanted):
        yield changed(fits, path)
        for value in (*(one for one in values if not isinstance(one, Mapping)), "", "x", None, 1, False):
            yield changed(fits, path, value)
            if isinstance(value, str):
                yield changed(fits, path, f"{value} ")
                yield changed(fits, path, value.upper())


def quamina(asked: Sequence[tuple[Pattern, Mapping[str, Any]]]) -> list[bool]:
    try:
        python = programs_of(ROOT / "build" / "event-ruler", QUAMINA) / "python"
    except NotInstalled as why:  # it has wheels for a few Pythons alone
        pytest.skip(str(why))
    done = subprocess.run([str(python), "-c", ASK], input=json.dumps(asked), capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    answers: list[bool] = json.loads(done.stdout)
    return answers


@pytest.mark.nightly  # it installs quamina into an environment of its own
def test_every_pattern_of_the_stack_means_the_same_to_three_engines() -> None:
    found = patterns()
    assert {"job_changed", "market_signalled", "RefusedCreatesRule", "Archive"} <= set(found)
    asked = [(wanted, event) for wanted in found.values() for event in events(wanted)]
    theirs = quamina(asked)
    assert {True, False} == set(theirs)
    for (wanted, event), answer in zip(asked, theirs, strict=True):
        assert EventPattern.load(json.dumps(wanted)).matches_event(event) is answer, (wanted, event)
        try:
            event_pattern.check(wanted)
        except event_pattern.UnknownPattern:
            continue  # the local bus refuses it and runs no such rule
        assert event_pattern.matches(wanted, event) is answer, (wanted, event)
