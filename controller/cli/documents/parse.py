"""Parses the text of a file into values with line numbers: one JSON or YAML document, JSON lines, or a YAML stream."""

from __future__ import annotations

import json
import json.decoder
import json.scanner
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import yaml

from controller.aws.sagemaker.members import shown
from controller.aws.sagemaker.read_job import BadDocument
from controller.cli.documents.found import FilledInLater, Located, LocatedText
from controller.policyfile.yaml_limits import UNREADABLE, LimitedLoader

NUMBER_CHARS_MAX = 19
BARE_PLACE = re.compile(r"([:\[,]\s*)(\$\{[^{}\"\n]+\})(?=\s*[,}\]])")  # a template's: "MaxRuntimeInSeconds": ${runtime}
SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)  # between YAML documents, which may be JSON
VISIBLE = re.compile(r"\S")
MERGE = "tag:yaml.org,2002:merge"
DEEP = "found values nested too deeply, wanted a job document"


class BadText(BadDocument):
    """A text that cannot be parsed, with the line number of the mistake."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


def values(text: str, *, json_only: bool = False) -> Iterator[Any]:
    """The values in a text, in their order; a mistake is yielded as a BadText in its place.

    The text is JSON if its first value is JSON and no ``---`` line separates documents, otherwise YAML.
    """
    start = len(text) - len(text.lstrip())
    if text.startswith(("//", "/*"), start):
        yield BadText("found a comment, which JSON does not allow; wanted JSON without comments", text.count("\n", 0, start) + 1)
        return
    like_json = text[start : start + 1] in ("{", "[")
    if like_json and BARE_PLACE.search(text) and not _begins_as_json(text, start):
        quoted = BARE_PLACE.sub(r'\1"\2"', text)
        text = quoted if _begins_as_json(quoted, start) else text
    if like_json and (json_only or (_begins_as_json(text, start) and not SEPARATOR.search(text))):
        yield from _json(text, start)
        return
    try:
        yield from [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except (yaml.YAMLError, *UNREADABLE) as error:
        yield from _json(text, start) if like_json else [_not_yaml(error, text)]


def json_value(text: str, first_line: int = 1) -> Any:
    """The value of a JSON text inside another document; ``first_line``: where the text begins there. Raises BadText."""
    lines = _Lines(text)
    try:
        value, end = _Decoder(lines, first_line - 1).raw_decode(text, len(text) - len(text.lstrip()))
    except LongNumber as error:
        raise BadText(str(error), first_line) from None
    except json.JSONDecodeError as error:
        raise _bad_json(text, error, first_line - 1) from None
    if text[end:].strip():
        raise BadText("found text after the JSON value, wanted one value", lines.of(end) + first_line - 1)
    return value


def _begins_as_json(text: str, start: int) -> bool:
    try:
        json.JSONDecoder(parse_int=_whole).raw_decode(text, start)
    except LongNumber:
        return True
    except ValueError:
        return False
    return True


class NamedTwice(json.JSONDecodeError):
    """A JSON object with one name twice; JSON parsers differ in which value they keep."""

    def __init__(self, text: str, name: str, first: int, second: int) -> None:
        super().__init__(f"found the name {shown(name)} a second time", text, second)
        self.first = first


class LongNumber(ValueError):
    """A number with more digits than any member of a document can have."""


def _whole(digits: str) -> int:
    if len(digits) > NUMBER_CHARS_MAX:
        raise LongNumber(f"found a number of {len(digits)} digits, wanted at most {NUMBER_CHARS_MAX}")
    return int(digits)


def _json(text: str, start: int) -> Iterator[Any]:
    """The values, one after the other. Reading stops at a mistake, but in JSON lines it continues with the next line."""
    lines = _Lines(text)
    decoder = _Decoder(lines)
    waiting: list[Any] = []  # the first value, until it is known that only values follow it
    read = 0
    while start < len(text):
        try:
            if text[start] not in '{["':
                yield BadText("found text after the JSON value, wanted the end of the file or another value", lines.of(start))
                return
            value, end = decoder.raw_decode(text, start)
            yield from waiting
            waiting, read = ([value], 1) if read == 0 else ([], read + 1)
            if not waiting:
                yield value
        except LongNumber as error:
            yield from waiting
            yield BadText(str(error), lines.of(start))
            return
        except json.JSONDecodeError as error:
            yield from waiting
            waiting = []
            yield _bad_json(text, error)
            after = text.find("\n", start)
            one_line = after > 0 and lines.of(error.pos) == lines.of(start) and text[after + 1 : after + 2] in ("{", "[", "\n")
            if not one_line:
                return
            end = after
        visible = VISIBLE.search(text, end)
        start = visible.start() if visible else len(text)
    yield from waiting


def _bad_json(text: str, error: json.JSONDecodeError, before: int = 0) -> BadText:
    """What is wrong in a JSON text, from the characters where parsing stopped; ``before``: lines before the text."""
    if isinstance(error, NamedTwice):
        first = text.count("\n", 0, error.first) + 1 + before
        return BadText(f"{error.msg} (first on line {first}), wanted each name once", error.lineno + before)
    rest = text[error.pos :].lstrip()
    line_before = text[: error.pos].rstrip()[-1:]
    if rest.startswith(("//", "/*", "#")):
        why = "found a comment, which JSON does not allow; wanted JSON without comments"
    elif rest[:1] in ("}", "]") and line_before == ",":
        why = "found a comma before the closing bracket, which JSON does not allow"
    elif rest[:1] == "'":
        why = "found text in single quotes, wanted double quotes, as JSON requires"
    elif word := re.match(r"(True|False|None)\b", rest):
        why = f"found {word[1]}, wanted true, false or null, as JSON requires"
    else:
        why = f"found text that is not JSON ({error.msg}), wanted a job document"
    line = error.lineno if "comma" not in why else text.count("\n", 0, text.rfind(",", 0, error.pos + 1)) + 1
    return BadText(why, line + before)


class _Lines:
    """The line number of a position in a text."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def of(self, position: int) -> int:
        return bisect_right(self._starts, position)


class _Decoder(json.JSONDecoder):
    """A JSON decoder whose objects are ``Located``."""

    def __init__(self, lines: _Lines, before: int = 0) -> None:
        super().__init__(parse_int=_whole, object_pairs_hook=list)
        self._lines, self._before = lines, before
        whole_object = json.decoder.JSONObject  # type: ignore[attr-defined] # typeshed leaves it out

        def located(place: tuple[str, int], *rest: Any) -> tuple[Any, int]:
            pairs, end = whole_object(place, *rest)
            found = Located(pairs)
            if len(found) < len(pairs):
                raise self._named_twice(*place)
            found.line = self._lines.of(place[1] - 1) + self._before
            return found, end

        self.parse_object = located
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined] # typeshed leaves it out

    def _named_twice(self, text: str, at: int) -> NamedTwice:
        """The error for the first name that is twice in the object at a position."""
        begun: dict[str, int] = {}
        while True:
            begin = text.index('"', at)
            name, end = self.raw_decode(text, begin)
            if name in begun:
                return NamedTwice(text, name, begun[name], begin)
            begun[name] = begin
            value = next(VISIBLE.finditer(text, text.index(":", end) + 1))
            _, at = self.raw_decode(text, value.start())


class _Loader(LimitedLoader):
    """A YAML loader whose objects are ``Located``, and whose CloudFormation intrinsic functions are ``FilledInLater``."""

    depth_max = 60  # jobs in templates are nested deeper than values in policy files
    values_max = 50_000


def _mapping(loader: _Loader, node: yaml.MappingNode) -> Located:
    _refuse_keys_named_twice(loader, node)
    loader.flatten_mapping(node)
    found = Located({str(k): v for k, v in loader.construct_mapping(node, deep=True).items()})
    found.line = node.start_mark.line + 1
    return found


def _refuse_keys_named_twice(loader: _Loader, node: yaml.MappingNode) -> None:
    """Raises BadText for a key that is there twice. A key from a merge (``<<``) may be overridden, as merges are meant for."""
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
            continue
        name, line = str(loader.construct_object(key)), key.start_mark.line + 1
        if name in first:
            raise BadText(f"found the key {shown(name)} a second time (first on line {first[name]}), wanted each key once", line)
        first[name] = line


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    text: str = loader.construct_scalar(node)
    if node.style != "|":
        return text
    located = LocatedText(text)
    located.line = node.start_mark.line + 2  # the text begins on the line after "|"
    return located


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    """A short-form intrinsic function: ``!Sub`` is its text with placeholders, any other one is ``FilledInLater``."""
    if tag == "Sub" and isinstance(node, yaml.ScalarNode):
        return _text(loader, node)
    if tag == "Sub" and isinstance(node, yaml.SequenceNode) and node.value and isinstance(node.value[0], yaml.ScalarNode):
        return _text(loader, node.value[0])
    said = node.value if isinstance(node, yaml.ScalarNode) else "…"
    return FilledInLater(why=f"!{tag} {said}")


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:str", _text)
_Loader.add_multi_constructor("!", _intrinsic)


def _not_yaml(error: Exception, text: str) -> BadText:
    if isinstance(error, BadText):
        return error
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or " ".join(str(error).split())
    line = mark.line + 1 if mark else 1
    if "{{" in "\n".join(text.splitlines()[max(line - 2, 0) : line]):
        return BadText("found a place of a template ({{ … }}) outside quotes, wanted the document that the template makes", line)
    return BadText(f"found text that is not YAML ({why}), wanted a job document", line)
