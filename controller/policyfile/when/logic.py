"""Finds conditions that are true for no job: it splits them into cases, and looks for a contradiction in each case."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from math import floor, isfinite

from controller.policyfile.when import values
from controller.policyfile.when.fields import FieldType, field_shape
from controller.policyfile.when.syntax import Node, Part

CASES_MAX = 300
Path = tuple[str, ...]
MIRRORED: Mapping[str, str] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
OPPOSITE: Mapping[str, str] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
CONSTANTS = (Part.NUMBER, Part.DURATION, Part.TEXT, Part.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """A condition without parts. ``what``: it is about the ``value`` of a field, its ``count``, whether the job ``has`` it, or is
    another condition, compared by ``text``. ``other``: the default value for a job without the field."""

    what: str
    field: Node | None = None
    sign: str = "=="
    constants: tuple[values.Value, ...] = ()
    other: values.Value | None = None
    text: str = ""
    denied: bool = False

    def true_of(self, value: values.Value) -> bool:
        return _holds(self.sign, value, self.constants) is not self.denied


def never(*conditions: Node, denied: bool = False) -> bool:
    """Whether the conditions are together true for no job; with ``denied``, whether they are together false for no job.

    In doubt, the answer is False.
    """
    cases = _product([_cases(one, denied=denied) for one in conditions])
    return cases is not None and all(map(_contradicts, cases))


def _cases(node: Node, *, denied: bool) -> list[tuple[Atom, ...]] | None:
    """The cases in which a condition is true; each is a conjunction of atoms. None if there are more than CASES_MAX."""
    match node.kind:
        case Part.NOT:
            return _cases(node.parts[0], denied=not denied)
        case Part.AND | Part.OR if (node.kind is Part.AND) is not denied:
            return _product([_cases(part, denied=denied) for part in node.parts])
        case Part.AND | Part.OR:
            found: list[tuple[Atom, ...]] = []
            for part in node.parts:
                cases = _cases(part, denied=denied)
                if cases is None or len(found) + len(cases) > CASES_MAX:
                    return None
                found += cases
            return found
        case _:
            return [(_atom(node, denied=denied),)]


def _product(groups: Iterable[list[tuple[Atom, ...]] | None]) -> list[tuple[Atom, ...]] | None:
    found: list[tuple[Atom, ...]] = [()]
    for cases in groups:
        if cases is None or len(found) * len(cases) > CASES_MAX:
            return None
        found = [(*one, *other) for one in found for other in cases]
    return found


def _atom(node: Node, *, denied: bool) -> Atom:
    match node.kind:
        case Part.CALL if node.value == "has":
            return Atom(what="has", field=node.parts[0], denied=denied)
        case Part.CALL if node.value in ("any", "all"):
            inner = node.parts[0]
            return Atom(what=str(node.value), field=inner.parts[0], sign=str(inner.value), denied=denied,
                        constants=_constants(inner.parts[1]), text=spelled(node))  # fmt: skip
        case Part.COMPARE:
            left, right = node.parts
            sign = str(node.value)
            if denied and sign in OPPOSITE:
                sign, denied = OPPOSITE[sign], False
            if left.kind in CONSTANTS and sign in MIRRORED:
                left, right, sign = right, left, MIRRORED[sign]
            if right.kind in (*CONSTANTS, Part.LIST) and (of := _subject(left)) is not None:
                what, field, other = of
                return Atom(what=what, field=field, sign=sign, constants=_constants(right), other=other, denied=denied)
            if spelled(left) == spelled(right) and sign in MIRRORED:
                return Atom(what="same", denied=not ORDERS[sign](0, 0))
            sides = spelled(left), spelled(right)
            if sign in ("!=", ">", ">="):  # the same comparison reversed or denied
                sides, sign, denied = (sides, "==", True) if sign == "!=" else (sides[::-1], MIRRORED[sign], denied)
            return Atom(what="text", text=f"{sign}{sorted(sides) if sign == '==' else sides}", denied=denied)
        case _:
            what, field, other = _subject(node) or ("value", node, None)
            return Atom(what=what, field=field, constants=(True,), other=other, denied=denied)


def _subject(node: Node) -> tuple[str, Node, values.Value | None] | None:
    if node.kind is Part.FIELD:
        return "value", node, None
    if node.kind is Part.CALL and node.value == "default":
        return "value", node.parts[0], node.parts[1].value
    if node.kind is Part.CALL and node.value == "count":
        return "count", node.parts[0], None
    return None


def _constants(node: Node) -> tuple[values.Value, ...]:
    return tuple(part.value for part in node.parts) if node.kind is Part.LIST else (node.value,)


def spelled(node: Node) -> str:
    """A condition as a text that does not depend on its spaces and quotes."""
    own = ".".join(node.path) if node.kind is Part.FIELD else f"{node.kind}:{node.value!r}"
    return f"{own}({','.join(map(spelled, node.parts))})"


def _holds(sign: str, value: values.Value, constants: Sequence[values.Value]) -> bool:
    if sign == "in":
        return value in constants
    constant = constants[0]
    if sign == "matches":
        return fnmatchcase(str(value), str(constant))
    if isinstance(value, int | float) and isinstance(constant, int | float):
        return ORDERS[sign](value, constant)
    return (value == constant) is (sign == "==")


def _contradicts(atoms: Sequence[Atom]) -> bool:
    """Whether no job can make all atoms true."""
    texts = {(atom.text, atom.denied) for atom in atoms if atom.text}
    if any((text, not denied) in texts for text, denied in texts) or any(a.what == "same" and a.denied for a in atoms):
        return True
    if any(
        atom.what == "any" and not atom.denied and not _possible(atom.field, [_element(atom)]) for atom in atoms if atom.field
    ):
        return True
    by_path: dict[Path, list[Atom]] = {}
    for atom in atoms:
        if atom.field is not None and atom.what in ("value", "count", "has"):
            by_path.setdefault(atom.field.path, []).append(atom)
    lacking = {path for path, found in by_path.items() if any(a.what == "has" and a.denied for a in found)}
    return not all(_present(path, found, lacking) or _absent(path, found, by_path) for path, found in by_path.items())


def _element(atom: Atom) -> Atom:
    return Atom(what="value", field=atom.field, sign=atom.sign, constants=atom.constants)


def _present(path: Path, atoms: Sequence[Atom], lacking: set[Path]) -> bool:
    """Whether a job with the field can make the atoms true."""
    if any(path[:length] in lacking for length in range(1, len(path) + 1)):
        return False
    field = atoms[0].field
    if field is None:
        return True
    numbers = [atom for atom in atoms if atom.what == "count"]
    if numbers and not _in_bounds(*values.counts(field), numbers, whole=True):
        return False
    return _possible(field, [atom for atom in atoms if atom.what == "value"])


def _absent(path: Path, atoms: Sequence[Atom], by_path: Mapping[Path, Sequence[Atom]]) -> bool:
    """Whether a job without the field can make the atoms true. A comparison with a missing field is never true."""
    field = atoms[0].field
    if field is None or not field_shape(field).optional:
        return False
    for other, found in by_path.items():
        if other[: len(path)] == path and any(atom.what == "has" and not atom.denied for atom in found):
            return False
    for atom in atoms:
        if atom.what == "count" and not atom.true_of(0):
            return False
        if atom.what == "value" and (atom.other is None or not atom.true_of(atom.other)):
            return False
    return True


def _possible(field: Node, atoms: Sequence[Atom]) -> bool:
    """Whether a value of the field can make all atoms true."""
    if not atoms:
        return True
    shape = field_shape(field)
    if shape.type is FieldType.FLAG:
        return any(all(atom.true_of(value) for atom in atoms) for value in (True, False))
    if shape.type is FieldType.NUMBER:
        return _in_bounds(*values.bounds(field), atoms, whole=shape.whole)
    chosen = [atom for atom in atoms if not atom.denied and atom.sign in ("==", "in")]
    if shape.words or chosen:
        candidates = shape.words or tuple(map(str, chosen[0].constants))
        return any(values.can_be(field, one) and all(atom.true_of(one) for atom in atoms) for one in candidates)
    globs = [(str(atom.constants[0]), atom.denied) for atom in atoms if atom.sign == "matches"]
    if any(glob == other and denied is not also for glob, denied in globs for other, also in globs):
        return False
    if any(denied and not glob.strip("*") and glob for glob, denied in globs):
        return False  # * matches every text
    return all(denied or values.can_match(field, glob) for glob, denied in globs)


def _in_bounds(least: float, most: float, atoms: Sequence[Atom], *, whole: bool) -> bool:
    """Whether a number in the bounds makes the atoms true. It tries the constants, and numbers next to and between them."""
    points = sorted({float(one) for atom in atoms for one in atom.constants} | {one for one in (least, most) if isfinite(one)})
    tried = {points[0] - 1, points[-1] + 1, *points, *((low + high) / 2 for low, high in pairwise(points))}
    if whole:
        tried = {float(floor(one) + beside) for one in tried for beside in (-1, 0, 1)}
    return any(least <= value <= most and all(atom.true_of(value) for atom in atoms) for value in tried)
