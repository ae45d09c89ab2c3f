"""What the readers of documents return: a training job with its place in the file, or what is wrong at a place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.aws.sagemaker.read_job import DocumentKind
from controller.jobs.job import Service
from controller.jobs.spot_possible import Refusal

PLACE = re.compile(r"\$\{|\$[A-Z][A-Z0-9_]+\b")  # a placeholder of a template, or of envsubst
PLACES = re.compile(rf"\$\{{[^{{}}]*\}}|\{{\{{.*?\}}\}}|{PLACE.pattern}", re.DOTALL)  # whole placeholders
CREATE_SHAPE = "CreateTrainingJobRequest"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledInLater:
    """A value that the document does not contain: it is filled in when the job is created. ``why`` names what fills it in.

    ``template`` is set if the value is certainly a text, with ``{}`` for each part that is filled in. Without it, the value may
    have any type, and may be null.
    """

    why: str
    template: str = ""


class Located(dict[str, Any]):
    """An object in a document, with its line number."""

    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A training job in a file. ``body`` has SageMaker's member names, and ``FilledInLater`` for values that are not known yet.

    ``request``: the shape in botocore's model that the request must fit. ``filled``: required members that a tool adds.
    ``error``: what is wrong if there is no job. ``tool``: what people write the job with, so that a fix uses its terms.
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
    idle: bool = False  # error: nothing here creates a training job; ignored if another part of the file creates one
    envelope: Mapping[str, Any] | None = None  # the event around it
    outer: Mapping[str, Any] | None = None  # the request of the tuning job around it
    outer_filled: frozenset[str] = frozenset()
    refused: tuple[Refusal, ...] = ()  # mistakes in the code that makes the request, such as an unknown argument

    @property
    def where(self) -> str:
        """The place for people: ``pipeline.json: Steps[0].Arguments (line 12)``."""
        place = f"{self.file}: {self.path}" if self.path else self.file
        return f"{place} (line {self.line})" if self.line and (self.path or self.line > 1) else place

    def with_place(self, error: str) -> str:
        """The place and then the error, with the line number only once."""
        place = f"{self.file}{'' if not self.path or self.path.startswith('[') else ': '}{self.path}"
        line = f" (line {self.line})" if self.line and not error.startswith("line ") else ""
        return f"{place}{line}: {error}"


class LocatedText(str):
    """A text of several lines in a document, with the number of its first line."""

    line: int | None = None


def beside(found: Iterable[Found]) -> list[Found]:
    """The jobs and mistakes in the parts of a document. That a part creates no job is a mistake only if no part creates one."""
    whole = list(found)
    return [one for one in whole if not one.idle] or whole


def line_of(value: object) -> int | None:
    return getattr(value, "line", None)


def joined(path: str, member: str | int) -> str:
    """A path with one more part: ``Steps`` and 0 make ``Steps[0]``; ``Steps[0]`` and Arguments make ``Steps[0].Arguments``."""
    if isinstance(member, int):
        return f"{path}[{member}]"
    return f"{path}.{member}" if path else member


def templated(value: Any) -> Any:
    """The value, with ``FilledInLater`` for each text with a placeholder such as ``${image}``, ``{{ image }}`` or ``$IMAGE``."""
    if isinstance(value, Mapping):
        changed = Located({name: templated(item) for name, item in value.items()})
        changed.line = line_of(value)
        return changed
    if isinstance(value, list):
        return [templated(item) for item in value]
    return FilledInLater(why=value, template=_template(value)) if isinstance(value, str) and _has_place(value) else value


def _template(text: str) -> str:
    """The text with ``{}`` for each placeholder; empty if it is one placeholder, because its value may not be a text."""
    known = PLACES.sub("{}", text)
    return known if known.replace("{}", "").strip() else ""


def _has_place(text: str) -> bool:
    """Whether a text has a placeholder of a template, of envsubst, or ``{{ … }}`` as in Jinja and Helm."""
    _, opened, rest = text.partition("{{")
    return bool(opened and "}}" in rest) or PLACE.search(text) is not None


def said_part(body: Any) -> tuple[Any, dict[str, str]]:
    """A document without the values that are filled in later, and the paths of these values with what fills them in."""
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
    """Every object in a document with its path, outer objects first."""
    if isinstance(value, Mapping):
        yield path, value
        for name, item in value.items():
            yield from walk(item, joined(path, str(name)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from walk(item, joined(path, number))
