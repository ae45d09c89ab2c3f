"""Jupyter notebooks: the code cells count as one Python program, without the lines that are meant for the shell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.cli.documents.found import Found
from controller.cli.documents.python_source import program_jobs

MAGIC = re.compile(r"^\s*[%!?]|^\s*\w+.*\?$")


def notebook_jobs(file: str, document: Mapping[str, Any]) -> Iterator[Found]:
    """The training jobs that a notebook makes: its cells count as one program, and a job stands in a line of its cell."""
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    for number, cell in enumerate(document["cells"]):
        if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        source = "".join(str(part) for part in source) if isinstance(source, list) else str(source)
        magic = source.lstrip().startswith("%%")
        for at, line in enumerate(source.splitlines(), 1):
            lines.append("" if magic or MAGIC.match(line) else line)
            places.append((number, at))
        lines.append("")
        places.append((number, 0))

    def place(line: int) -> tuple[str, int]:
        number, at = places[min(line, len(places)) - 1]
        return f"cells[{number}]", at

    yield from program_jobs(file, "\n".join(lines), place)


def _is_notebook(document: object) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("cells"), list) and "nbformat" in document


def notebook_of(text: str) -> Mapping[str, Any] | None:
    """The notebook that a text is; None for anything else."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if _is_notebook(document) else None
