"""Checks an expression: its types, its constants, and that a field that may be missing has ``has`` or ``default``."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from controller.policyfile.when.fields import FieldShape, FieldType, element_type, field_shape
from controller.policyfile.when.syntax import BadWhen, Node, Part

Present = AbstractSet[tuple[str, ...]]
NONE: Present = frozenset()
CONSTANTS = {Part.NUMBER: FieldType.NUMBER, Part.DURATION: FieldType.NUMBER, Part.TEXT: FieldType.TEXT, Part.FLAG: FieldType.FLAG}
ORDERED = ("<", "<=", ">", ">=")
IN_SECONDS = "InSeconds"


def check(node: Node, present: Present = NONE) -> tuple[Present, Present]:
    """Check a condition. Returns the fields that exist if it is true, and those that exist if it is false. Raises BadWhen.

    ``present``: the fields that are known to exist, as paths.
    """
    match node.kind:
        case Part.AND | Part.OR:
            return _joined(node, present)
        case Part.NOT:
            true, false = check(node.parts[0], present)
            return false, true
        case Part.COMPARE:
            _compared(node, present)
            return NONE, NONE
        case Part.CALL if node.value == "has":
            field_shape(node.parts[0])
            path = node.parts[0].path
            return {path[: length + 1] for length in range(len(path))}, NONE
        case Part.CALL if node.value in ("any", "all"):
            _quantified(node, present)
            return NONE, NONE
        case _:
            type_ = _type_of(node, present)
            if type_ is not FieldType.FLAG or node.kind is Part.FLAG:
                raise BadWhen(node.at, node.end, f"only {type_}", "a comparison, or a field that is true or false")
            return NONE, NONE


def _joined(node: Node, present: Present) -> tuple[Present, Present]:
    conjunction = node.kind is Part.AND
    known, others = set(present), None
    for part in node.parts:
        true, false = check(part, known)
        goes_on, ends = (true, false) if conjunction else (false, true)
        known |= goes_on
        others = set(ends) if others is None else others & ends
    added, shared = frozenset(known - set(present)), frozenset(others or ())
    return (added, shared) if conjunction else (shared, added)


def _compared(node: Node, present: Present, *, elements: bool = False) -> None:
    left, right = node.parts
    sign = str(node.value)
    if sign == "in":
        _contained(node, left, right, present, elements=elements)
        return
    types = [_type_of(part, present, elements=elements) for part in (left, right)]
    if all(part.kind in (*CONSTANTS, Part.LIST) for part in (left, right)):
        raise BadWhen(node.at, node.end, "two constants", "a field to compare")
    for part, type_ in zip((left, right), types, strict=True):
        if type_ in (FieldType.TIME, FieldType.MAP, FieldType.LIST) or part.kind is Part.LIST:
            wanted = {FieldType.TIME: "a number, text or true or false; times cannot be compared",
                      FieldType.LIST: "a value; of a list: count(…), any(… == …), or a value in it"}  # fmt: skip
            raise BadWhen(part.at, part.end, str(type_), wanted.get(type_, "a field of it"))
    if types[0] is not types[1]:
        raise BadWhen(
            node.at, node.end, f"{types[0]} compared with {types[1]}", f"two values of one type: {_shown(left, types[0])}"
        )
    if sign in ORDERED and types[0] is not FieldType.NUMBER:
        raise BadWhen(node.at, node.end, f"{sign} between {types[0]}", "== or !=, or numbers")
    if sign == "matches" and (types[0] is not FieldType.TEXT or right.kind is not Part.TEXT):
        raise BadWhen(node.at, node.end, "matches without a pattern", "a text, matches, and a glob in quotes")
    _words(left, right, sign)
    _words(right, left, sign)
    _durations(left, right)
    _durations(right, left)


def _contained(node: Node, left: Node, right: Node, present: Present, *, elements: bool) -> None:
    type_ = _type_of(left, present, elements=elements)
    if right.kind is Part.LIST:
        if left.kind in CONSTANTS:
            raise BadWhen(node.at, node.end, "two constants", "a field to look for")
        for one in right.parts:
            if CONSTANTS[one.kind] is not type_:
                raise BadWhen(one.at, one.end, f"{CONSTANTS[one.kind]} in a list for {type_}", str(type_))
            _words(left, one, "in")
            _durations(left, one)
        return
    if right.kind is not Part.FIELD or (shape := field_shape(right)).type is not FieldType.LIST or shape.many:
        wanted = "a list such as ['a', 'b'], or a field that is a list of texts or numbers"
        raise BadWhen(right.at, right.end, "no list", wanted, hint=_part_of_text(left, right))
    if left.kind not in CONSTANTS:
        raise BadWhen(left.at, left.end, "a field", "a constant to look for in a list")
    _refuse_missing(right, shape, present)
    if element_type(right) is not type_:
        raise BadWhen(left.at, left.end, f"{type_} for a list of: {element_type(right)}", str(element_type(right)))


def _part_of_text(left: Node, right: Node) -> str:
    """A hint for ``TEXT in FIELD``, which means a part of the text in other languages; empty for anything else."""
    text, field = (left, right) if left.kind is Part.TEXT else (right, left)
    if text.kind is not Part.TEXT or field.kind not in (Part.FIELD, Part.CALL):
        return ""
    source = field.parts[0] if field.kind is Part.CALL else field
    if source.kind is not Part.FIELD or field_shape(source).type is not FieldType.TEXT:
        return ""
    name = _name(source) if field.kind is Part.FIELD else f"default({_name(source)}, '')"
    return f"did you mean {name} matches '*{text.value}*'?"


def _quantified(node: Node, present: Present) -> None:
    """Check ``any(Field == …)`` or ``all(…)``: the field is inside a list. Without a list, ``any`` is false; ``all`` needs it."""
    (inner,) = node.parts
    name = str(node.value)
    if (
        inner.kind is not Part.COMPARE
        or inner.parts[0].kind is not Part.FIELD
        or inner.parts[1].kind not in (*CONSTANTS, Part.LIST)
    ):
        raise BadWhen(
            inner.at, inner.end, f"{name} without a comparison", f"{name}(FIELD == CONSTANT), with a field within a list"
        )
    field = inner.parts[0]
    shape = field_shape(field)
    if not (shape.many or shape.type is FieldType.LIST):
        raise BadWhen(field.at, field.end, f"a field that is within no list, for {name}", "only the comparison")
    if name == "all":
        _refuse_missing(field, shape, present)
    _compared(inner, present, elements=True)


def _type_of(node: Node, present: Present, *, elements: bool = False) -> FieldType:
    if node.kind in CONSTANTS:
        return CONSTANTS[node.kind]
    if node.kind is Part.LIST:
        return FieldType.LIST
    if node.kind is Part.FIELD:
        shape = field_shape(node)
        if elements:
            return element_type(node) if shape.type is FieldType.LIST else shape.type
        if shape.many:
            raise BadWhen(
                node.at, node.end, "a field within a list, which has many values", "any(…) or all(…) around the comparison"
            )
        _refuse_missing(node, shape, present)
        return shape.type
    if node.kind is Part.CALL and node.value == "count":
        if field_shape(node.parts[0]).type not in (FieldType.LIST, FieldType.MAP):
            raise BadWhen(node.parts[0].at, node.parts[0].end, str(field_shape(node.parts[0]).type), "a list or a map to count")
        return FieldType.NUMBER
    if node.kind is Part.CALL and node.value == "default":
        return _defaulted(node)
    raise BadWhen(node.at, node.end, "a condition", "a value; put and, or between conditions")


def _defaulted(node: Node) -> FieldType:
    field, other = node.parts
    shape = field_shape(field)
    if shape.many or shape.type in (FieldType.LIST, FieldType.MAP, FieldType.TIME):
        raise BadWhen(field.at, field.end, str(shape.type), "a number, text, or true or false for default")
    if CONSTANTS[other.kind] is not shape.type:
        raise BadWhen(other.at, other.end, f"{CONSTANTS[other.kind]} as the default of {shape.type}", str(shape.type))
    _durations(field, other)
    if other.value != "":
        _words(field, other, "==")
    return shape.type


def _refuse_missing(field: Node, shape: FieldShape, present: Present) -> None:
    """Raises BadWhen for a field that may be missing: the expression must state what counts without it."""
    missing = [path for path in shape.optional if path not in present]
    if missing:
        name = _name(field)
        other = {FieldType.NUMBER: "0", FieldType.TEXT: "''", FieldType.FLAG: "false"}.get(shape.type)
        wanted = f"has({name}) and …" + (f", or default({name}, {other})" if other else "")
        raise BadWhen(field.at, field.end, f"the field {name}, which a training job may lack", wanted)


def _words(field: Node, constant: Node, sign: str) -> None:
    """Raises BadWhen for a text that is not one of the field's values in SageMaker's model."""
    source = field.parts[0] if field.kind is Part.CALL and field.value == "default" else field
    if source.kind is not Part.FIELD or constant.kind is not Part.TEXT or sign == "matches":
        return
    words = field_shape(source).words
    if words and constant.value not in words:
        found = f"{str(constant.value)!r}, which {_name(source)} never is"
        raise BadWhen(constant.at, constant.end, found, _one_of(words), word=str(constant.value), words=words)


def _durations(field: Node, constant: Node) -> None:
    source = field.parts[0] if field.kind is Part.CALL and field.value == "default" else field
    if constant.kind is Part.DURATION and (source.kind is not Part.FIELD or not source.path[-1].endswith(IN_SECONDS)):
        raise BadWhen(constant.at, constant.end, "a duration", "a plain number, since the field is not in seconds")


def _one_of(words: tuple[str, ...]) -> str:
    return f"one of {', '.join(words[:12])}{', …' if len(words) > 12 else ''}"


def _shown(node: Node, type_: FieldType) -> str:
    return f"{_name(node)} is {type_}" if node.kind is Part.FIELD else f"the left one is {type_}"


def _name(field: Node) -> str:
    first, *others = field.path
    return first + "".join(f".{one}" if one.isidentifier() else f"[{one!r}]" for one in others)
