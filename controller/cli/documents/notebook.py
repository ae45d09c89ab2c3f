"""Jupyter notebooks: the code cells are read as one Python program, without shell commands and IPython magics."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.cli.documents.found import Found
from controller.cli.documents.python_classes import MAKES_JOBS
from controller.cli.documents.python_source import PROGRAM_CHARS_MAX, program_jobs

# A shell command or an IPython magic, also in an assignment: ``files = !ls``.
MAGIC = re.compile(r"^(?P<indent>\s*)(?:(?P<kept>[A-Za-z_][\w, ]*)=\s*)?(?:[%!]|\?)")
HELP = re.compile(r"^\s*[\w.]+\?{1,2}\s*$")
CELL_MAGIC = re.compile(r"^\s*%%(\w+)")
OF_PYTHON = frozenset({"time", "timeit", "capture", "prun", "local", "python", "python3"})  # they run the cell as Python
ASSIGNED = re.compile(r"^\s*([A-Za-z_]\w*)\s*=[^=]")
UNREAD = "a_cell_that_is_not_python()"  # reports name it as the source of the value


def notebook_jobs(file: str, document: Mapping[str, Any]) -> Iterator[Found]:
    """The training jobs in a notebook, each with its cell and its line in the cell.

    A cell that is not valid Python is left out, and what it assigns is unknown. If it seems to create a job, it is reported.
    """
    language = _language(document)
    if language not in ("", "python"):
        error = f"found a notebook in {language}, wanted one in Python"
        yield Found(file=file, kind="notebook", error=error, request=None)
        return
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    length = 0
    unread: list[tuple[int, str]] = []
    for number, cell in enumerate(document["cells"]):
        if not isinstance(cell, Mapping) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        source = "".join(str(part) for part in source) if isinstance(source, list) else str(source)
        length += len(source)
        if length > PROGRAM_CHARS_MAX:
            error = f"found code cells of more than {PROGRAM_CHARS_MAX:,} characters, wanted a program of at most that size"
            yield Found(file=file, kind="notebook", path=f"cells[{number}]", error=error, request=None)
            return
        of_cell = _python_lines(source.splitlines())
        if (mistake := _not_python("\n".join(of_cell))) is not None:
            if MAKES_JOBS.search("\n".join(of_cell)):
                unread.append((number, mistake))
            of_cell = [f"{name[1]} = {UNREAD}" if (name := ASSIGNED.match(line)) else "" for line in of_cell]
        lines += [*of_cell, ""]
        places += [(number, at) for at in (*range(1, len(of_cell) + 1), 0)]

    def place(line: int) -> tuple[str, int]:
        number, at = places[min(line, len(places)) - 1]
        return f"cells[{number}]", at

    found = list(program_jobs(file, "\n".join(lines), place))
    for number, error in unread:
        yield Found(file=file, kind="Python", path=f"cells[{number}]", error=error, request=None)
    yield from found if not unread else [one for one in found if one.request or one.path]


def _python_lines(lines: list[str]) -> list[str]:
    """The lines of a cell, with ``pass``, or an assignment of an unknown value, in place of shell commands and magics."""
    if lines and (magic := CELL_MAGIC.match(lines[0])) is not None:
        if magic[1] not in OF_PYTHON:
            return [""] * len(lines)
        lines = ["", *lines[1:]]
    plain, continued = [], False
    for line in lines:
        found = MAGIC.match(line)
        if continued or HELP.match(line):
            plain.append("")
        elif found is not None:
            plain.append(f"{found['indent']}{found['kept']}= {UNREAD}" if found["kept"] else f"{found['indent']}pass")
        else:
            plain.append(line)
            continue
        continued = line.rstrip().endswith("\\")
    return plain


def _not_python(text: str) -> str | None:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, MemoryError) as error:
        return f"line {getattr(error, 'lineno', None) or 1}: found text that is not Python 3 ({getattr(error, 'msg', error)})"
    return None


def _language(document: Mapping[str, Any]) -> str:
    about = document.get("metadata")
    for member, name in (("language_info", "name"), ("kernelspec", "language")):
        told = about.get(member) if isinstance(about, Mapping) else None
        language = told.get(name) if isinstance(told, Mapping) else None
        if isinstance(language, str):
            return language.lower()
    return ""


def _is_notebook(document: object) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("cells"), list) and "nbformat" in document


def notebook_of(text: str) -> Mapping[str, Any] | None:
    """The notebook in a text; None for any other text."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if _is_notebook(document) else None
