"""Removes the values of hyperparameters, environment variables and container arguments from texts: they may be secrets.

A FailureReason may quote the container's command line, and an error of CreateTrainingJob the request. A program quotes a value as
it has it: without the JSON that the SDK wrote around it, with escapes, as a part of a URL, line by line, or cut at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, unquote, urlsplit

LEAST = 4  # characters; a shorter value is no secret, and is in many texts
WORD = re.compile(r"[a-z]{1,15}")  # such as "adam" or "internal": an option, and a common word
COMMAND = re.compile(r'(Command ")[^"]*"?')  # how the training toolkit quotes the command line, with all hyperparameters
HIDDEN = "…"
CUT_FROM = 1_000  # characters; SageMaker cuts a FailureReason at 1,024
DEPTH_MAX = 20  # of JSON in a value


def without_values(text: str, document: Mapping[str, Any]) -> str:
    """The text without any value of the document's HyperParameters, Environment and ContainerArguments, in any of the forms in
    which a program may quote it, and without a quoted command line.
    """
    forms = {form for value in set(_values(document)) if value != text for form in _forms(value)}
    hidden = sorted((form for form in forms if len(form) >= LEAST and WORD.fullmatch(form) is None), key=len, reverse=True)
    for form in hidden:  # the longest first: one value may be a part of another
        text = text.replace(form, HIDDEN)
    if len(text) >= CUT_FROM:
        text = _without_a_cut_value(text, hidden)
    return COMMAND.sub(rf'\1{HIDDEN}"', text)


def _values(document: Mapping[str, Any]) -> Iterator[str]:
    for member in ("HyperParameters", "Environment"):
        found = document.get(member)
        if isinstance(found, Mapping):
            yield from (str(value) for value in found.values())
    specification = document.get("AlgorithmSpecification")
    arguments = specification.get("ContainerArguments") if isinstance(specification, Mapping) else None
    for argument in arguments if isinstance(arguments, list | tuple) else ():
        name, given, value = str(argument).partition("=")
        if given or not name.startswith("-"):
            yield value if given else name


def _forms(value: str) -> Iterator[str]:
    """The value and its parts, each as a program may print it."""
    for part in {value, *_parts(value)}:
        yield part
        yield json.dumps(part)[1:-1]
        yield repr(part)[1:-1]
        yield quote(part, safe="", errors="replace")
        yield quote_plus(part, errors="replace")


def _parts(value: str) -> Iterator[str]:
    """The texts in the value's JSON, its lines, and the user and the password of its URL."""
    with suppress(ValueError, RecursionError):
        yield from _texts(json.loads(value), DEPTH_MAX)
    if len(lines := value.splitlines()) > 1:
        yield from (line.strip() for line in lines)
    try:
        url = urlsplit(value)
    except ValueError:
        return
    for secret in (url.username, url.password):
        if secret:
            yield from (secret, unquote(secret))


def _texts(found: Any, depth: int) -> Iterator[str]:
    match found:
        case str():
            yield found
        case dict() | list() if depth:
            for inner in found.values() if isinstance(found, dict) else found:
                yield from _texts(inner, depth - 1)


def _without_a_cut_value(text: str, hidden: list[str]) -> str:
    """The text without the beginning of a value at its end."""
    for form in hidden:
        for length in range(min(len(form) - 1, len(text)), LEAST - 1, -1):
            if text.endswith(form[:length]):
                return text[:-length] + HIDDEN
    return text
