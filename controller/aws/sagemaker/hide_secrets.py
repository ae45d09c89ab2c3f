"""Removes values that may be secrets from texts: those of hyperparameters and environment variables, of the command line, of the
parameters of Debugger and Profiler, and the credentials in URLs.

A FailureReason may quote the container's command line, and an error of CreateTrainingJob the request. A program may quote a value
in another form: without the JSON that the SDK wrote around it, with escapes, or in a URL. It may quote single words of it, or cut
off its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import escape
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit, urlunsplit

LEAST = 4  # characters; a shorter value is not hidden: it is no secret, and part of many texts
WORD = re.compile(r"[a-z]{1,15}")  # not hidden: an option or a common word, such as "adam" or "internal"
TOKEN = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z]).{6,}", re.DOTALL)  # a word within a value that may be a secret by itself
ASSIGNED = re.compile(r"""[=:]\s*["']?([^\s,;&"'=:]+)""")  # "password=…", "token: …"
BETWEEN = re.compile(r"""[\s,;&|"'=]+""")
COMMAND = re.compile(r'(Command ")[^"]*"?')  # how the training toolkit quotes the command line, with all hyperparameters
HIDDEN = "…"
CUT_FROM = 1_000  # characters; SageMaker cuts a FailureReason at 1,024
DEPTH_MAX = 20  # of a document, and of JSON in a value
FREE_TEXT = frozenset(
    {"HyperParameters", "Environment", "RuleParameters", "HookParameters", "CollectionParameters", "ProfilingParameters"}
)
"""The members of a training job whose values are texts of the user."""
COMMAND_LINE = frozenset({"ContainerEntrypoint", "ContainerArguments"})


def without_values(text: str, document: Mapping[str, Any]) -> str:
    """The text without the values of the document that may be secrets, in all forms in which programs quote them, and without a
    quoted command line.
    """
    forms = {form for value in set(_values(document, DEPTH_MAX)) if value != text for form in _forms(value)}
    hidden = sorted((form for form in forms if len(form) >= LEAST and WORD.fullmatch(form) is None), key=len, reverse=True)
    for form in hidden:  # the longest first: one value may be a part of another
        text = text.replace(form, HIDDEN)
    if len(text) >= CUT_FROM:
        text = _without_a_cut_value(text, hidden)
    return COMMAND.sub(rf'\1{HIDDEN}"', text)


def without_credentials(uri: str) -> str:
    """An https URI without what may be a secret: user and password before the host, and the query of a presigned URL."""
    if not uri.startswith("https://") or not ("@" in uri or "?" in uri):
        return uri
    try:
        url = urlsplit(uri)
    except ValueError:
        return uri
    return urlunsplit((url.scheme, url.netloc.rpartition("@")[2], url.path, "", ""))


def _values(found: Any, depth: int) -> Iterator[str]:
    """The values of a document that may be secrets."""
    if isinstance(found, list | tuple) and depth:
        for one in found:
            yield from _values(one, depth - 1)
    for name, value in found.items() if isinstance(found, Mapping) and depth else ():
        if name in FREE_TEXT and isinstance(value, Mapping):
            yield from (str(one) for one in value.values())
        elif name in COMMAND_LINE and isinstance(value, list | tuple):
            yield from _of_the_command(name, value)
        elif isinstance(value, str):
            yield from _credentials(value)
        else:
            yield from _values(value, depth - 1)


def _of_the_command(name: str, words: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    """The values in a command line. Names of options, and the program that an entry point names, are no values."""
    for word in words:
        option, given, value = str(word).partition("=")
        if given and option.startswith("-"):
            yield value
        elif not option.startswith("-") and (name != "ContainerEntrypoint" or len(BETWEEN.split(str(word))) > 1):
            yield str(word)


def _forms(value: str) -> Iterator[str]:
    """The value and its parts, each as a program may print it."""
    for part in {value, *_parts(value, DEPTH_MAX)}:
        yield part
        if not (part.isascii() and part.isalnum()):
            yield json.dumps(part)[1:-1]
            yield repr(part)[1:-1]
            yield repr(part.encode("utf-8", "replace"))[2:-1]
            yield quote(part, safe="", errors="replace")
            yield quote_plus(part, errors="replace")
            yield escape(part)


def _parts(value: str, depth: int) -> Iterator[str]:
    """The texts in the value's JSON, its lines, what it assigns, words that may be secrets, and the credentials of its URL."""
    with suppress(ValueError, RecursionError):
        for text in _texts(json.loads(value), depth):
            yield text
            if text != value and depth:
                yield from _parts(text, depth - 1)
    if len(lines := value.splitlines()) > 1:
        yield from (line.strip() for line in lines)
    yield from ASSIGNED.findall(value)
    yield from (word for word in BETWEEN.split(value) if TOKEN.fullmatch(word))
    yield from _credentials(value)


def _credentials(text: str) -> Iterator[str]:
    """The user, the password, and the values in the query of a URL."""
    if "://" not in text:
        return
    try:
        url = urlsplit(text)
        secrets = (url.username, url.password, *(value for _, value in parse_qsl(url.query, max_num_fields=100)))
    except ValueError:
        return
    for secret in secrets:
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
    """The text without a value that was cut off at its end."""
    for form in hidden:
        for length in range(min(len(form) - 1, len(text)), LEAST - 1, -1):
            if text.endswith(form[:length]):
                return text[:-length] + HIDDEN
    return text
