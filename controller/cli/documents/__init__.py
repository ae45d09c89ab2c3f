"""Finds training jobs in files: one module per kind of document.

``documents`` reads a file and yields each training job with its place in the file, or what is wrong at a place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument, DocumentKind
from controller.cli.documents.batch import service_job
from controller.cli.documents.cloudformation import template
from controller.cli.documents.described_definition import described_definition
from controller.cli.documents.found import Found, beside, joined, line_of
from controller.cli.documents.kubernetes import resource
from controller.cli.documents.notebook import notebook_jobs, notebook_of
from controller.cli.documents.other_tools import source_of_another_tool, streams, unreadable
from controller.cli.documents.parse import DEEP, BadText, values
from controller.cli.documents.pipelines import pipeline
from controller.cli.documents.python_source import PROGRAM_CHARS_MAX, python_jobs
from controller.cli.documents.sagemaker_api import cloudtrail, described, event, list_summaries, search_results
from controller.cli.documents.sdk_dump import sdk_dump
from controller.cli.documents.step_functions import has_paths, parameters_with_paths, state_machine
from controller.cli.documents.terraform import plan
from controller.cli.documents.tuning import tuning_request
from controller.policyfile.folder import not_utf_8

__all__ = ["Found", "documents", "documents_in"]

READERS = (
    event, cloudtrail, search_results, list_summaries, tuning_request, pipeline, state_machine, template, plan, resource,
    service_job, described_definition, sdk_dump,
)  # fmt: skip
BYTES_MAX = 10_000_000  # Terraform plans, search results and notebooks with pictures are large
STANDARD_INPUT = "standard input"


def documents(file: str) -> Iterator[Found]:
    """Yield the training jobs in a file, in their order; ``-`` is standard input. A mistake is a ``Found`` with an error."""
    name = STANDARD_INPUT if file == "-" else file
    try:
        text = sys.stdin.read(BYTES_MAX + 1) if file == "-" else _text(Path(file))
        if len(text) > BYTES_MAX:
            yield _bad(name, f"found more than {BYTES_MAX:,} bytes, wanted a job document of at most that size")
            return
        yield from _of_text(name, text)
    except OSError as error:
        yield _bad(name, unreadable(file, error))
    except UnicodeDecodeError as error:
        yield _bad(name, f"found {not_utf_8(error)}, wanted text")
    except RecursionError:
        yield _bad(name, DEEP)


def documents_in(file: str, value: Any) -> Iterator[Found]:
    """Yield the training jobs in a value that was read from ``file`` already."""
    try:
        yield from _of_value(file, value, "")
    except RecursionError:
        yield _bad(file, DEEP)


def _text(file: Path) -> str:
    """The text of a file; of a file that is too large, its beginning. Opening a named pipe would wait for a writer: OSError."""
    if file.is_fifo() and not streams(file):
        raise OSError(None, "a named pipe, which is not read")
    with file.open("rb") as stream:
        data = stream.read(BYTES_MAX + 1)
    return data.decode("utf-8-sig") if len(data) <= BYTES_MAX else data.decode("latin-1")


def _of_text(name: str, text: str) -> Iterator[Found]:
    if other := source_of_another_tool(name, text):
        yield _bad(name, other)
        return
    if name.endswith(".py"):
        if len(text) > PROGRAM_CHARS_MAX:
            yield _bad(name, f"found more than {PROGRAM_CHARS_MAX:,} characters, wanted a program of at most that size")
            return
        yield from python_jobs(name, text)
        return
    notebook = notebook_of(text) if text.lstrip().startswith("{") and '"cells"' in text else None
    if notebook is not None:
        yield from notebook_jobs(name, notebook)
        return
    found = list(values(text, json_only=name.endswith((".json", ".jsonl", ".ipynb"))))
    whole = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    if not whole:
        yield _bad(name, "found an empty file or list, wanted a job document")
    many = whole is not found or len(found) > 1
    yield from beside(one for n, value in enumerate(whole) for one in _of_value(name, value, f"[{n}]" if many else ""))


def _of_value(file: str, value: Any, path: str) -> Iterator[Found]:
    if isinstance(value, BadText):
        yield Found(file=file, kind="", path=path, line=value.line, error=str(value), request=None)
        return
    if isinstance(value, BadDocument):
        yield _bad(file, str(value), path)
        return
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _of_value(file, item, joined(path, number))
        return
    if isinstance(value, Mapping):
        for reader in READERS:
            jobs = reader(file, value)
            if jobs is not None:
                for one in jobs:
                    yield Found(**{**_fields(one), "path": f"{path}.{one.path}" if path and one.path else path or one.path})
                return
        if has_paths(value):
            value = parameters_with_paths(value)
            yield Found(
                file=file, kind="parameters of a Step Functions task", path=path, line=line_of(value), body=value,
                base=DocumentKind.CREATE, tool="step-functions",
            )  # fmt: skip
            return
    yield described(file, value, path)


def _fields(found: Found) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Found.__dataclass_fields__}


def _bad(file: str, error: str, path: str = "") -> Found:
    return Found(file=file, kind="", path=path, error=error, request=None)
