"""Writes the values of a job, and the options and patterns of a policy, each on one line of bounded length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.jobs.algorithm import Algorithm
from controller.jobs.job import Interval
from controller.units.duration import said
from controller.units.free_text import one_line
from controller.units.plural import times

VALUE_MAX = 200
TAGS_MAX = 20


def shown(name: str, value: Any) -> str:
    """A value of a job on one line of at most VALUE_MAX characters; ``name``: the field's name in the code."""
    match value:
        case None | ():
            text = "not set"
        case (Interval(), *_):
            broken = f"interrupted {times(len(value) - 1)}" if len(value) > 1 else "not interrupted"
            text = f"{value[0].start:%Y-%m-%d %H:%M:%S} UTC, {broken}"
        case bool():
            text = str(value).lower()
        case Algorithm():
            text = f"{value.name} ({value.klass}): {value.why}"
        case int() if name.endswith("_s_max"):
            text = said(value)
        case Mapping():
            text = ", ".join(f"{key}={value[key]}" for key in sorted(value)[:TAGS_MAX]) or "none"
        case datetime():
            text = f"{value:%Y-%m-%d %H:%M:%S} UTC"
        case list() | tuple():
            text = ", ".join(map(str, value))
        case _:
            text = str(value)
    return one_line(text, VALUE_MAX)


def options_text(options: Mapping[str, Any]) -> str:
    """A rule's options on one line, with seconds as durations in words."""
    return ", ".join(f"{name.removesuffix('_s')} {_option(name, value)}" for name, value in options.items())


def _option(name: str, value: Any) -> str:
    return said(value) if name.endswith("_s") and isinstance(value, int) else shown(name, value)


def wanted_text(wanted: Sequence[str]) -> str:
    """The patterns of a selector's key, on one line."""
    return one_line(" or ".join(pattern or "no such tag" for pattern in wanted), VALUE_MAX)
