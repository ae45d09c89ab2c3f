"""Reads the documents of a file: one, a list, JSON lines, or a YAML stream; ``-`` is standard input."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from controller.aws.sagemaker.documents import BadDocument

NEXT_VALUE = re.compile(r"\n(?=\s*[{\[])")
VISIBLE = re.compile(r"\S")

Found = tuple[str, Any]
"""The place of a document, such as ``jobs.json[2]``, and the document itself, or a BadDocument that says what is wrong."""


def documents(file: str) -> Iterator[Found]:
    """Yield the documents of a file in order. A mistake is yielded in its place, and the documents after it are still read."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8-sig")
        found = list(_values(text))
    except OSError as error:
        found = [BadDocument(f"found {error.strerror or error}, wanted a file that can be read")]
    except UnicodeDecodeError as error:
        found = [BadDocument(f"found bytes that are not UTF-8 (at {error.start}), wanted text")]
    except RecursionError:
        found = [BadDocument("found values nested too deeply, wanted a job document")]
    name = "standard input" if file == "-" else file
    whole = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    if not whole:
        yield name, BadDocument("found an empty file or list, wanted a job document")
    for number, document in enumerate(whole):
        yield (f"{name}[{number}]" if whole is not found or len(found) > 1 else name), document


def _values(text: str) -> Iterator[Any]:
    """JSON where the first value is JSON, else YAML (whose flow style looks like JSON at first)."""
    start = len(text) - len(text.lstrip())
    like_json = text[start : start + 1] in ("{", "[")
    try:
        if not like_json:
            raise ValueError
        json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        try:
            yield from [document for document in yaml.safe_load_all(text) if document is not None]
        except (yaml.YAMLError, ValueError) as error:
            yield from _json(text, start) if like_json else [_not_yaml(error)]
    else:
        yield from _json(text, start)


def _json(text: str, start: int) -> Iterator[Any]:
    """One value after the other. After a mistake, reading continues at the next line that starts a value, as in JSON lines."""
    decoder = json.JSONDecoder()
    while start < len(text):
        try:
            value, end = decoder.raw_decode(text, start)
            yield value
        except json.JSONDecodeError as error:
            yield BadDocument(f"line {error.lineno}: found text that is not JSON ({error.msg}), wanted a job document")
            following = NEXT_VALUE.search(text, start)
            end = following.end() if following else len(text)
        visible = VISIBLE.search(text, end)
        start = visible.start() if visible else len(text)


def _not_yaml(error: Exception) -> BadDocument:
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or " ".join(str(error).split())
    return BadDocument(f"line {mark.line + 1 if mark else 1}: found text that is not YAML ({why}), wanted a job document")
