"""What the readers of documents return: a training job with its place, or what is wrong at a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.aws.sagemaker.read_job import DocumentKind
from controller.jobs.job import Service
from controller.jobs.spot_possible import Refusal

PLACE = re.compile(r"\$\{|\$[A-Z][A-Z0-9_]+\b")  # of a template, of envsubst
PLACES = re.compile(rf"\$\{{[^{{}}]*\}}|\{{\{{.*?\}}\}}|{PLACE.pattern}", re.DOTALL)  # whole ones
CREATE_SHAPE = "CreateTrainingJobRequest"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledInLater:
    """A value that the document does not contain: it is filled in when the job is created. ``why`` names what fills it in.

    ``template`` is not empty where the value is surely a text, and has ``{}`` for each part that is filled in; anything else may
    turn out to be none.
    """

    why: str
    template: str = ""


class Located(dict[str, Any]):
    """An object of a document, with its line."""

    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A training job of a file. ``body`` has SageMaker's own member names, and ``FilledInLater`` where a value is not known yet.

    ``request`` names the shape of botocore's model that a request must fit, ``filled`` the members that somebody else adds to it;
    ``error`` says what is wrong where there is no job. ``tool`` is what the reader writes, for the words of a fix.
    """

    file: str
    kind: str
    path: str = ""
    line: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    base: DocumentKind = DocumentKind.CREATE
    request: str | None = CREATE_SHAPE
    filled: frozenset[str] = frozenset()
    name: str = ""
    service: Service | None = None
    tool: str = "request"
    error: str = ""
    idle: bool = False  # the error is that nothing here makes a training job, which is none beside something that does
    envelope: Mapping[str, Any] | None = None  # the event around it
    outer: Mapping[str, Any] | None = None  # the request of the tuning job around it
    outer_filled: frozenset[str] = frozenset()
    refused: tuple[Refusal, ...] = ()  # what is wrong in the way in which the request is made, such as an unknown argument

    @property
    def where(self) -> str:
        """The place for people: ``pipeline.json: Steps[0].Arguments (line 12)``."""
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{place} (line {self.line})" if self.line and (self.path or self.line > 1) else place

    def with_place(self, error: str) -> str:
        """What is wrong, behind its place; the line once."""
        place = f"{self.file}{'' if not self.path or self.path.startswith('[') else ': '}{self.path}"
        line = f" (line {self.line})" if self.line and not error.startswith("line ") else ""
        return f"{place}{line}: {error}"


class LocatedText(str):
    """A text of several lines of a document, with the line that it begins on."""

    line: int | None = None


def beside(found: Iterable[Found]) -> list[Found]:
    """The jobs and mistakes of several parts of a document. That a part makes no training job matters only where none does."""
    whole = list(found)
    return [one for one in whole if not one.idle] or whole


def line_of(value: object) -> int | None:
    return getattr(value, "line", None)


def joined(path: str, member: str | int) -> str:
    """A place within a place: ``Steps`` and 0 are ``Steps[0]``, and ``Steps[0]`` and Arguments ``Steps[0].Arguments``."""
    if isinstance(member, int):
        return f"{path}[{member}]"
    return f"{path}.{member}" if path else member


def templated(value: Any) -> Any:
    """The same, where text with a place such as ``${image}``, ``{{ image }}`` or ``$IMAGE`` is filled in later."""
    if isinstance(value, Mapping):
        changed = Located({name: templated(item) for name, item in value.items()})
        changed.line = line_of(value)
        return changed
    if isinstance(value, list):
        return [templated(item) for item in value]
    return FilledInLater(why=value, template=_template(value)) if isinstance(value, str) and _has_place(value) else value


def _template(text: str) -> str:
    """What is known of a text with places; empty where all of it is one, which may turn out to be no text."""
    known = PLACES.sub("{}", text)
    return known if known.replace("{}", "").strip() else ""


def _has_place(text: str) -> bool:
    """Whether a text has a place of a template, of envsubst, or ``{{ … }}`` of Jinja and Helm."""
    _, opened, rest = text.partition("{{")
    return bool(opened and "}}" in rest) or PLACE.search(text) is not None


def said_part(body: Any) -> tuple[Any, dict[str, str]]:
    """A document without the values that are filled in later, and the places of those with what fills them in."""
    later: dict[str, str] = {}
    return _known_parts(body, "", later), later


def _known_parts(value: Any, path: str, later: dict[str, str]) -> Any:
    if isinstance(value, Mapping):
        kept = {}
        for name, item in value.items():
            place = joined(path, str(name))
            if isinstance(item, FilledInLater):
                later[place] = item.why
            else:
                kept[name] = _known_parts(item, place, later)
        return kept
    if isinstance(value, list | tuple):
        listed = []
        for number, item in enumerate(value):
            if isinstance(item, FilledInLater):
                later[path] = item.why
            else:
                listed.append(_known_parts(item, joined(path, number), later))
        return listed
    return value


def walk(value: Any, path: str = "") -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Every object of a document with its place, outer ones first."""
    if isinstance(value, Mapping):
        yield path, value
        for name, item in value.items():
            yield from walk(item, joined(path, str(name)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from walk(item, joined(path, number))
