"""A report as one JSON object. Durations are in seconds (``…_s``), amounts in millionths of a dollar (``…_micros``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from controller.savings.report import Line, Report

OUTPUT_KEYS: Mapping[str, str] = {"outcomes": "endings", "own_cost_micros": "own_micros"}  # kept for programs that read it


def as_json(report: Report) -> str:
    """The report as JSON, on one line."""
    found = {OUTPUT_KEYS.get(name, name): value for name, value in asdict(report).items()}
    found["total"], found["before"] = _line(report.total), _line(report.before)
    found["lines"] = [_line(line) for line in report.lines]
    found["days"] = [
        {"day": day.isoformat(), **asdict(savings), "saved_micros": savings.saved_micros} for day, savings in report.days
    ]
    return json.dumps(found, default=str, ensure_ascii=False) + "\n"


def _line(line: Line) -> dict[str, Any]:
    one = line.savings
    derived = {"saved_micros": one.saved_micros, "saved_percent": one.saved_percent, "aws_percent": one.aws_percent}
    return {
        "name": line.name, **asdict(one), **derived, "missed_micros": line.missed_micros, "missed_unknown": line.missed_unknown
    }  # fmt: skip
