"""Which values a field can have, from SageMaker's model and from limits that are not in the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache

from controller.jobs.directives import RUNTIME_S_MAX
from controller.policyfile.when.fields import FieldShape, FieldType, field_shape
from controller.policyfile.when.syntax import Node

Value = str | int | float | bool
WILD = re.compile(r"[*?]|\[!?\]?[^\]]*\]")  # a bracket that is not closed is plain text
BEGINNINGS: tuple[tuple[str, tuple[str, ...]], ...] = (  # beginning of a pattern → beginnings of the texts that it matches
    ("arn:", ("arn:",)), ("(arn:", ("arn:",)), ("(https|s3)://", ("s3://", "https://")), ("(fs-", ("fs-",)),
)  # fmt: skip
LETTERS: tuple[tuple[str, str], ...] = (  # beginning of a pattern → characters of the texts that it matches
    ("[a-zA-Z0-9](-*[a-zA-Z0-9])", r"[a-zA-Z0-9-]*"), ("[a-zA-Z0-9:/_-]*", r"[a-zA-Z0-9:/_-]*"),
    ("[-0-9a-zA-Z]+", r"[-0-9a-zA-Z]*"), (r"[A-Za-z0-9\.\-_]+", r"[A-Za-z0-9._-]*"),
    (r"arn:aws[a-z\-]*:iam::", r"[a-zA-Z0-9_+=,.@/:-]*"),
    (r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-job", r"[a-zA-Z0-9:/-]*"),
)  # fmt: skip
MOST: Mapping[tuple[str, ...], int] = {  # limits that are not in SageMaker's model
    ("StoppingCondition", "MaxRuntimeInSeconds"): RUNTIME_S_MAX,
    ("ResourceConfig", "VolumeSizeInGB"): 16_384,
}
OWN_BEGINNINGS: Mapping[str, tuple[str, ...]] = {"Subnets": ("subnet-",), "SecurityGroupIds": ("sg-",)}


def is_glob(text: str) -> bool:
    return WILD.search(text) is not None


def beginnings(field: Node) -> tuple[str, ...]:
    """How each value of a text field begins; empty if that is not known."""
    if own := OWN_BEGINNINGS.get(field.path[-1]):
        return own
    pattern = field_shape(field).pattern
    return next((begins for start, begins in BEGINNINGS if pattern.startswith(start)), ())


def bounds(field: Node) -> tuple[float, float]:
    """The smallest and the largest value of a number field."""
    shape = field_shape(field)
    most = MOST.get(field.path, shape.most)
    return (float("-inf") if shape.least is None else shape.least, float("inf") if most is None else most)


def counts(field: Node) -> tuple[float, float]:
    """The smallest and the largest number of entries of a list or map; 0 because a job may lack it."""
    most = field_shape(field).most
    return (0, float("inf") if most is None else most)


def can_be(field: Node, text: str) -> bool:
    """Whether a text field can have this value."""
    shape = field_shape(field)
    if shape.words:
        return text in shape.words
    pattern = _compiled(shape.pattern)
    if (pattern is not None and pattern.fullmatch(text) is None) or not _begins(text, beginnings(field)):
        return False
    return shape.type is FieldType.LIST or _length_fits(len(text), shape)


def can_match(field: Node, glob: str) -> bool:
    """Whether a value of a text field can match a glob; in doubt, True."""
    shape = field_shape(field)
    if shape.words:
        return bool(matching(shape.words, glob))
    if not is_glob(glob):
        return can_be(field, glob)
    begins, rest = beginnings(field), WILD.sub("", glob)
    literal = glob[: found.start()] if (found := WILD.search(glob)) else glob
    if begins and not any(literal.startswith(one) or one.startswith(literal) for one in begins):
        return False
    letters = next((letters for start, letters in LETTERS if shape.pattern.startswith(start)), None)
    if letters is not None and re.fullmatch(letters, rest) is None:
        return False
    return shape.type is FieldType.LIST or shape.most is None or len(rest) <= shape.most


def matching(words: Iterable[str], glob: str) -> tuple[str, ...]:
    return tuple(word for word in words if fnmatchcase(word, glob))


def _begins(text: str, begins: tuple[str, ...]) -> bool:
    return not begins or text.startswith(begins)


def _length_fits(length: int, shape: FieldShape) -> bool:
    return (shape.least or 0) <= length and (shape.most is None or length <= shape.most)


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the model; None for a pattern with syntax that Python does not have."""
    try:
        return re.compile(pattern, re.DOTALL) if pattern else None
    except re.error:
        return None
