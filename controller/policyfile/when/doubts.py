"""Finds what is valid in an expression but probably not meant, mostly habits from other policy languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.policyfile.when import values
from controller.policyfile.when.fields import FieldType, field_shape
from controller.policyfile.when.logic import never, spelled
from controller.policyfile.when.suggestions import LIKE, REGEX, REGEX_ALONE, as_glob, form, matched, meant_glob, quoted, repaired
from controller.policyfile.when.syntax import Node, Part, parse

DOUBTFUL, NO_JOB, NOTHING = "doubtful-expression", "matches-no-job", "does-nothing"
HOURS_MAX, YEAR_S, MINUTE_S = 168, 31_536_000, 60  # up to a week in hours: so few seconds are probably hours
SHOWN_MAX = 60  # characters of a part in a message
FREE = ("HyperParameters", "Environment")
FALSE_WITHOUT = ("EnableManagedSpotTraining", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption")
GLOB = "a glob such as 'train-*': * is any text, ? one character, [0-9] one of them"
UNITS = ("InSeconds", "InGB", "InMilliseconds", "Count")
Mark = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Doubt:
    """A doubt about the characters from ``at`` to ``end`` of an expression. ``meant``: up to two texts that may be meant."""

    at: int
    end: int
    code: str = DOUBTFUL
    found: str
    wanted: str
    meant: tuple[str, ...] = ()


def doubts(text: str) -> tuple[Doubt, ...]:
    """The doubts about an expression that compiles, sorted by place."""
    tree = parse(text)
    own = list(_of_parts(tree, text))
    return tuple(sorted({*own, *_of_truth(tree, text, [(one.at, one.end) for one in own])}))


def _of_parts(node: Node, text: str, above: Node | None = None) -> Iterator[Doubt]:
    match node.kind:
        case Part.COMPARE:
            yield from _of_comparison(node, text, denied=above is not None and above.kind is Part.NOT)
        case Part.NOT:
            yield from _of_negation(node, text)
        case Part.OR:
            yield from _of_precedence(node, text)
        case Part.CALL if node.value == "default":
            yield from _of_default(node, text)
        case Part.CALL if node.value == "has":
            yield from _of_has(node, text)
        case _:
            pass
    for part in node.parts:
        yield from _of_parts(part, text, node)


def _of_comparison(node: Node, text: str, *, denied: bool) -> Iterator[Doubt]:
    left, right = node.parts
    sign = str(node.value)
    if left.kind in (Part.TEXT, Part.NUMBER, Part.DURATION, Part.FLAG) and sign != "in":
        left, right = right, left
    field = left.parts[0] if left.kind is Part.CALL and left.value in ("default", "count") else left
    if sign == "in" and right.kind is Part.FIELD:
        yield from _of_element(node, left, right, text)
    if field.kind is not Part.FIELD:
        return
    name = text[left.at : left.end]
    if sign in ("==", "!=", "in"):
        yield from _of_equality(node, field, name, right, text, denied=denied)
    elif sign == "matches":
        yield from _of_glob(node, field, name, right)
    if right.kind is Part.NUMBER and field.path[-1].endswith("InSeconds"):
        yield from _of_seconds(field, right)
    if sign == "!=" and right.kind is Part.FLAG and right.value is False:
        yield Doubt(at=node.at, end=node.end, found="a negation twice", wanted="only the field", meant=(name,))
    other = right.parts[0] if right.kind is Part.CALL and right.value == "default" else right
    if other.kind is Part.FIELD and (mine := _unit(field)) != (theirs := _unit(other)) and (mine or theirs):
        found = f"{field.path[-1]} compared with {other.path[-1]}, which has another unit"
        yield Doubt(at=node.at, end=node.end, found=found, wanted="fields of one unit")


def _unit(field: Node) -> str:
    return next((unit for unit in UNITS if field.path[-1].endswith(unit)), "")


def _of_equality(node: Node, field: Node, name: str, right: Node, text: str, *, denied: bool) -> Iterator[Doubt]:
    """Doubts about a glob, a regular expression or an SQL pattern that is compared as plain text."""
    sign = str(node.value)
    constants = right.parts if right.kind is Part.LIST else (right,)
    for constant in constants:
        if constant.kind is not Part.TEXT or (glob := meant_glob(str(constant.value), free=field.path[0] in FREE)) is None:
            continue
        comparison = f"{name} matches {quoted(glob)}"
        if len(constants) > 1:
            rest = ", ".join(text[one.at : one.end] for one in constants if one is not constant)
            comparison += f" or {name} in [{rest}]"
        if sign == "!=" or (denied and " not " in text[node.at : node.end]):
            comparison = f"not ({comparison})"
        kind = "a pattern" if glob != constant.value else "a glob"
        found = f"{quoted(str(constant.value))}, {kind} that {sign} compares letter by letter"
        yield Doubt(at=constant.at, end=constant.end, found=found, wanted="matches for a glob", meant=(comparison,))


def _of_glob(node: Node, field: Node, name: str, right: Node) -> Iterator[Doubt]:
    glob = str(right.value)
    free = field.path[0] in FREE
    words = field_shape(field).words
    if words and not values.can_match(field, glob) and (better := repaired(field, glob)):
        yield Doubt(at=right.at, end=right.end, code=NO_JOB, found=f"{quoted(glob)}, which no {field.path[-1]} matches",
                    wanted=form(field), meant=matched(name, better))  # fmt: skip
    elif REGEX.search(glob) or ("|" in glob and not free) or (REGEX_ALONE.search(glob) and not values.can_match(field, glob)):
        meant = () if "|" in glob else (f"{name} matches {quoted(as_glob(glob))}",)
        found = f"{quoted(glob)}, in which ^ $ . + \\ ( | ) are plain characters, as in each glob"
        yield Doubt(at=right.at, end=right.end, code=NO_JOB, found=found, wanted=GLOB, meant=meant)
    elif LIKE.search(glob):
        meant = (f"{name} matches {quoted(glob.replace('%', '*'))}",)
        yield Doubt(at=right.at, end=right.end, found=f"{quoted(glob)}, in which % is a plain character", wanted="* for any text",
                    meant=meant)  # fmt: skip
    elif not free and re.search(r"\{[^{}]*,[^{}]*\}", glob):
        yield Doubt(at=right.at, end=right.end, found=f"{quoted(glob)}, in which braces are plain characters",
                    wanted="a comparison for each word, and or between them")  # fmt: skip
    elif not values.can_match(field, glob):
        yield Doubt(at=right.at, end=right.end, code=NO_JOB, found=f"{quoted(glob)}, which no {field.path[-1]} matches",
                    wanted=form(field), meant=matched(name, repaired(field, glob)))  # fmt: skip
    elif not values.is_glob(glob):
        twice = (f"{name} == {quoted(glob)}", f"{name} matches {quoted(f'*{glob}*')}")
        found = f"{quoted(glob)}, a glob without * or ?, which matches only this text"
        yield Doubt(at=right.at, end=right.end, found=found, wanted="==, or a glob", meant=twice)
    elif field.path[-1] == "TrainingImage" and re.match(r"[a-z][^./*?\[]*([*?\[]|$)", glob):
        yield Doubt(at=right.at, end=right.end, found=f"{quoted(glob)}, while the URI of an image begins with its registry",
                    wanted="a glob that begins with *", meant=(f"{name} matches {quoted(f'*/{glob}')}",))  # fmt: skip


def _of_element(node: Node, left: Node, right: Node, text: str) -> Iterator[Doubt]:
    """Doubts about a constant that is searched in a list of a job."""
    if left.kind is not Part.TEXT or field_shape(right).type is not FieldType.LIST:
        return
    name, value = text[right.at : right.end], str(left.value)
    if (glob := meant_glob(value, free=False)) is not None:
        yield Doubt(at=left.at, end=left.end, found=f"{quoted(value)}, a glob that in compares letter by letter",
                    wanted="matches for a glob", meant=(f"any({name} matches {quoted(glob)})",))  # fmt: skip
    elif not values.can_be(right, value):
        yield Doubt(
            at=left.at, end=left.end, code=NO_JOB, found=f"{quoted(value)}, which no job has in {name}", wanted=form(right)
        )


def _of_seconds(field: Node, constant: Node) -> Iterator[Doubt]:
    number = float(constant.value)
    if field.path[-1].startswith("KeepAlive") and number >= MINUTE_S:
        return
    if 0 < number <= HOURS_MAX:
        whole = f"{number:g}"
        meant = (f"{whole}h", f"{whole}s") if whole.isdigit() else ()
        yield Doubt(at=constant.at, end=constant.end, found=f"{whole}, which is in seconds for {field.path[-1]}",
                    wanted="a duration with its unit", meant=meant)  # fmt: skip
    elif number > YEAR_S:
        yield Doubt(at=constant.at, end=constant.end, found=f"{number:g} seconds, which is more than a year",
                    wanted="a duration with its unit", meant=(f"{number / 1000:g}s",) if number % 1000 == 0 else ())  # fmt: skip


def _of_negation(node: Node, text: str) -> Iterator[Doubt]:
    (inner,) = node.parts
    if inner.kind is Part.NOT:
        inside = inner.parts[0]
        meant = (text[inside.at : inside.end].replace(" not in ", " in "),)
        yield Doubt(at=node.at, end=inner.end, code=NOTHING, found="not twice, which does nothing", wanted="only the condition",
                    meant=meant)  # fmt: skip
    elif inner.kind is Part.COMPARE and inner.value == "!=":
        meant = (f"{text[inner.parts[0].at : inner.parts[0].end]} == {text[inner.parts[1].at : inner.parts[1].end]}",)
        yield Doubt(at=node.at, end=inner.end, found="a negation twice", wanted="==", meant=meant)


def _of_precedence(node: Node, text: str) -> Iterator[Doubt]:
    """Doubts about ``a or b and c`` without parentheses, except where the ``and`` is only for ``has``."""
    for number, part in enumerate(node.parts):
        if part.kind is not Part.AND or part.grouped or _guarded(part):
            continue
        read = f"({text[part.at : part.end]})"
        meant = [text[node.at : part.at] + read + text[part.end : node.end]]
        if len(node.parts) == 2 and not node.grouped:
            cut, begin = part.parts[0].end, part.parts[-1].at
            other = (
                f"({text[node.at : cut]}){text[cut : node.end]}"
                if number
                else f"{text[node.at : begin]}({text[begin : node.end]})"
            )
            meant.append(other)
        yield Doubt(at=part.at, end=part.end, found="and beside or without parentheses: and is read first",
                    wanted="parentheses", meant=tuple(meant))  # fmt: skip


def _guarded(part: Node) -> bool:
    """Whether an ``and`` has a ``has`` for a field that its other parts read."""
    guards = [one.parts[0].path for one in part.parts if one.kind is Part.CALL and one.value == "has"]
    return any(path[: len(guard)] == guard for guard in guards for path in _read(part))


def _read(node: Node) -> Iterator[tuple[str, ...]]:
    if node.kind is Part.FIELD:
        yield node.path
    for part in node.parts:
        if not (node.kind is Part.CALL and node.value == "has"):
            yield from _read(part)


def _of_default(node: Node, text: str) -> Iterator[Doubt]:
    field, constant = node.parts
    if not field_shape(field).optional:
        yield Doubt(at=node.at, end=node.end, code=NOTHING, found=f"default of {field.path[-1]}, which every job has",
                    wanted="only the field", meant=(text[field.at : field.end],))  # fmt: skip
    if field.path[0] in FALSE_WITHOUT and constant.value is True:
        found = f"true for jobs without {field.path[0]}, for which SageMaker takes false"
        meant = (f"default({field.path[0]}, false)",)
        yield Doubt(at=constant.at, end=constant.end, found=found, wanted="false", meant=meant)


def _of_has(node: Node, text: str) -> Iterator[Doubt]:
    (field,) = node.parts
    shape = field_shape(field)
    name = text[field.at : field.end]
    if shape.type is FieldType.FLAG and len(re.findall(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text)) == 1:
        yield Doubt(at=node.at, end=node.end, found=f"has({name}), which is true of jobs with the value false, too",
                    wanted="the value", meant=(f"default({name}, false)",))  # fmt: skip


def _of_truth(tree: Node, text: str, known: Sequence[Mark]) -> Iterator[Doubt]:
    """Doubts about the smallest parts that are true for no job, or false for no job."""
    whole = never(tree)
    found = list(_decided(tree, known, text, code=NO_JOB if whole else NOTHING))
    yield from found
    if not found and not known:
        yield from _repeated(tree, text)


def _decided(node: Node, known: Sequence[Mark], text: str, *, code: str) -> Iterator[Doubt]:
    below = [
        one for part in node.parts if node.kind in (Part.AND, Part.OR, Part.NOT) for one in _decided(part, known, text, code=code)
    ]
    if below:
        yield from below
    elif node.kind in (Part.TEXT, Part.NUMBER, Part.FLAG, Part.LIST, Part.FIELD) or any(
        node.at <= at and end <= node.end for at, end in known
    ):
        return
    elif never(node):
        joined = node.kind is Part.AND
        found = "parts of an expression that cannot hold together" if joined else f"{_cut(node, text)}, which is never true"
        yield Doubt(at=node.at, end=node.end, code=code, found=found, wanted="or between them" if joined else _fitting(node),
                    meant=_better(node, text))  # fmt: skip
    elif never(node, denied=True):
        wanted = "and between them" if node.kind is Part.OR else "a condition that some jobs keep and others do not"
        yield Doubt(at=node.at, end=node.end, code=NOTHING, found=f"{_cut(node, text)}, which is never false", wanted=wanted)


def _repeated(node: Node, text: str) -> Iterator[Doubt]:
    """Doubts about parts of an ``and`` or ``or`` that add nothing to the other parts."""
    if node.kind in (Part.AND, Part.OR):
        said: set[str] = set()
        for number, part in enumerate(node.parts):
            others = [*node.parts[:number], *node.parts[number + 1 :]]
            if spelled(part) in said or _follows(part, others, conjunction=node.kind is Part.AND):
                found = f"{_cut(part, text)}, which the other parts contain"
                yield Doubt(at=part.at, end=part.end, code=NOTHING, found=found, wanted="no such part")
                return
            said.add(spelled(part))
    for part in node.parts:
        yield from _repeated(part, text)


def _follows(part: Node, others: Sequence[Node], *, conjunction: bool) -> bool:
    """Whether a part adds nothing: in an ``and``, another part implies it; in an ``or``, it implies another part."""
    if part.kind is Part.CALL and part.value == "has":
        return False  # people write it for readers
    if conjunction:
        return any(_implies(other, part) for other in others)
    return any(_implies(part, other) for other in others)


def _implies(one: Node, other: Node) -> bool:
    """Whether the second is true for each job for which the first is true."""
    denied = Node(kind=Part.NOT, at=other.at, end=other.end, parts=(other,))
    return never(one, denied) and not never(one)


def _fitting(node: Node) -> str:
    field = next(_fields(node), None)
    return form(field) if field is not None else "another condition"


def _fields(node: Node) -> Iterator[Node]:
    if node.kind is Part.FIELD:
        yield node
    for part in node.parts:
        yield from _fields(part)


def _better(node: Node, text: str) -> tuple[str, ...]:
    """Comparisons that may be meant instead of one with a text that the field never has."""
    if node.kind is not Part.COMPARE or node.value != "==" or node.parts[1].kind is not Part.TEXT:
        return ()
    left, right = node.parts
    field = left.parts[0] if left.kind is Part.CALL else left
    name = text[left.at : left.end]
    return matched(name, repaired(field, str(right.value)))


def _cut(node: Node, text: str) -> str:
    shown = " ".join(text[node.at : node.end].split())
    return shown if len(shown) <= SHOWN_MAX else f"{shown[: SHOWN_MAX - 1]}…"
