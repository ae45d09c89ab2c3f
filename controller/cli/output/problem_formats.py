"""Formats for problems of policy files: JSON, SARIF 2.1.0 for code scanning, and annotations of GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from controller.cli.output.printable import json_text
from controller.cli.version import installed_version
from controller.policyfile import Level, Problem
from controller.policyfile.problem import printable

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(problems: Sequence[Problem]) -> str:
    """One JSON object: the number of errors and warnings, and every problem with its place."""
    errors = sum(problem.level is Level.ERROR for problem in problems)
    said = {"errors": errors, "warnings": len(problems) - errors, "problems": [_problem(problem) for problem in problems]}
    return json_text(said, indent=1) + "\n"


def as_sarif(problems: Sequence[Problem]) -> str:
    """A SARIF log with one run. Columns count characters."""
    codes = sorted({problem.code for problem in problems})
    run = {
        "tool": {
            "driver": {"name": "spotwarden", "version": installed_version(), "rules": [{"id": code} for code in codes]},
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return json_text({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def as_github(problems: Sequence[Problem]) -> str:
    """A workflow command for each problem, so that GitHub shows it beside the line."""
    return "".join(f"{_command(problem)}\n" for problem in problems)


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "level": problem.level.value,
        "code": problem.code,
        "path": problem.path,
        "found": problem.found,
        "wanted": problem.wanted,
        "hint": problem.hint,
        "suggestions": list(problem.suggestions),
        "source": problem.source,
    }


def _result(problem: Problem) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": problem.line, "startColumn": problem.column}
    region["endColumn"] = problem.column + problem.length
    if problem.source:
        region["snippet"] = {"text": problem.source}
    place = {"artifactLocation": {"uri": _uri(problem.file)}, "region": region}
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    return {
        "ruleId": problem.code,
        "level": problem.level.value,
        "message": {"text": message},
        "locations": [{"physicalLocation": place}],
    }


def _uri(file: str) -> str:
    """A path in the working directory as a relative URI, any other path as a file URI."""
    path = Path(file)
    if not path.is_absolute():
        return quote(os.fsencode(path.as_posix()))
    try:
        return quote(os.fsencode(path.relative_to(Path.cwd()).as_posix()))
    except ValueError:
        return path.as_uri()


def _command(problem: Problem) -> str:
    place = {
        "file": problem.file, "line": problem.line, "col": problem.column, "endColumn": problem.column + problem.length,
        "title": f"spotwarden {problem.code}",
    }  # fmt: skip
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items())
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    return f"::{problem.level.value} {properties}::{_data(message)}"


def _data(text: str) -> str:
    """Text, escaped for a workflow command: a line break could begin another command."""
    return printable(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
