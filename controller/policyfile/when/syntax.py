"""Parses an expression to a tree of parts with their positions.

expression  = and { "or" and }          and  = not { "and" not }          not = "not" not | comparison
comparison  = operand [ ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in" | "matches") operand ]
operand     = number | duration | text | "true" | "false" | list | call | field | "(" expression ")"
call        = ("has" | "count") "(" field ")" | "default" "(" field "," constant ")" | ("any" | "all") "(" comparison ")"
field       = name { "." name | "[" text "]" }
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NoReturn

from controller.policy.bounds import WHEN_MAX
from controller.units.duration import SECONDS_OF

DEPTH_MAX = 12
PARTS_MAX = 60
LIST_MAX = 50

TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>[0-9]{1,12}(?:\.[0-9]{1,6})?(?P<unit>[smhd]\b)?(?![A-Za-z0-9_.]))|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>==|!=|<=|>=|&&|\|\||[<>()\[\],.=!&|])"
)
WITH_UNIT = re.compile(r"[0-9][0-9A-Za-z_.]*")
SHOWN_MAX = 30
OTHER_QUOTES = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb\u00b4`"  # typographic quotes of word processors
OTHER_SIGNS = {"=": "==", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "matches")
CALLS = ("has", "count", "default", "any", "all")
KEYWORDS = ("and", "or", "not", "in", "matches", "true", "false")


class BadWhen(ValueError):
    """A mistake in an expression, from ``at`` to ``end``. ``words``: known words, one of which ``word`` may mean."""

    def __init__(
        self, at: int, end: int, found: str, wanted: str, *, word: str = "", words: tuple[str, ...] = (), hint: str = ""
    ) -> None:
        super().__init__(f"found {found}, wanted {wanted}")
        self.at, self.end, self.found, self.wanted = at, end, found, wanted
        self.word, self.words, self.hint = word, words, hint


class Part(StrEnum):
    """The kinds of parts of an expression."""

    AND = "and"
    OR = "or"
    NOT = "not"
    COMPARE = "compare"
    NUMBER = "number"
    DURATION = "duration"
    TEXT = "text"
    FLAG = "flag"
    LIST = "list"
    FIELD = "field"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of an expression, from ``at`` to ``end``. ``value``: a constant, a comparison sign, or the name of a call.

    ``path``: the names of a field. ``grouped``: it is in parentheses, which are between ``at`` and ``end``.
    """

    kind: Part
    at: int
    end: int
    value: str | int | float | bool = ""
    path: tuple[str, ...] = ()
    places: tuple[tuple[int, int], ...] = ()  # begin and end of each name in ``path``
    parts: tuple[Node, ...] = ()
    grouped: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    end: int


def parse(text: str) -> Node:
    """The tree of an expression. Raises BadWhen."""
    if not text.strip():
        raise BadWhen(
            0, max(1, len(text)), "an empty expression", "a comparison such as default(ResourceConfig.InstanceCount, 1) > 4"
        )
    if len(text) > WHEN_MAX:
        raise BadWhen(0, 1, f"an expression of {len(text)} characters", f"at most {WHEN_MAX}")
    return _Parser(list(_tokens(text)), len(text)).whole()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise _unreadable(text, at)
        kind = str(found.lastgroup if found.lastgroup != "unit" else "number")
        if kind == "sign" and found[0] in OTHER_SIGNS:
            raise BadWhen(at, found.end(), repr(found[0]), repr(OTHER_SIGNS[found[0]]))
        if kind != "space":
            yield _Token("duration" if found["unit"] else kind, found[0], at, found.end())
        at = found.end()


def _unreadable(text: str, at: int) -> BadWhen:
    """The error for a text at a place where no token begins."""
    if text[at] in "'\"":
        return BadWhen(at, at + 1, repr(text[at]), "a closing quote")
    if (number := WITH_UNIT.match(text, at)) is not None:
        shown = number[0] if len(number[0]) <= SHOWN_MAX else f"{number[0][:SHOWN_MAX]}…"
        hint = "at most twelve digits, and six after the point" if re.fullmatch(r"[0-9]+(\.[0-9]+)?", number[0]) else ""
        return BadWhen(at, number.end(), repr(shown), "a number, or a duration such as 90s, 15m, 48h or 7d", hint=hint)
    hint = "write plain quotes: ' or \"" if text[at] in OTHER_QUOTES else ""
    return BadWhen(at, at + 1, repr(text[at]), "a name, a number, a text in quotes or a comparison", hint=hint)


class _Parser:
    def __init__(self, tokens: list[_Token], length: int) -> None:
        self._tokens, self._next, self._length = tokens, 0, length
        self._depth = self._parts = 0

    def whole(self) -> Node:
        found = self._or()
        if (rest := self._peek()) is not None:
            words = KEYWORDS[:5] if rest.kind == "name" and len(rest.text) > 1 else ()
            raise BadWhen(rest.at, rest.end, repr(rest.text), "and, or, a comparison, or the end", word=rest.text, words=words)
        return found

    def _or(self) -> Node:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self._unexpected(f"at most {DEPTH_MAX} levels")
        found = [self._and()]
        while self._take("or"):
            found.append(self._and())
        self._depth -= 1
        return found[0] if len(found) == 1 else self._node(Part.OR, found[0].at, found[-1].end, parts=tuple(found))

    def _and(self) -> Node:
        found = [self._not()]
        while self._take("and"):
            found.append(self._not())
        return found[0] if len(found) == 1 else self._node(Part.AND, found[0].at, found[-1].end, parts=tuple(found))

    def _not(self) -> Node:
        begins: list[int] = []
        while (token := self._take("not")) is not None:
            begins.append(token.at)
            if len(begins) > DEPTH_MAX:
                self._unexpected(f"at most {DEPTH_MAX} levels")
        found = self._comparison()
        for at in reversed(begins):
            found = self._node(Part.NOT, at, found.end, parts=(found,))
        return found

    def _comparison(self) -> Node:
        left = self._operand()
        token = self._peek()
        if token is None:
            return left
        following = self._peek(1)
        negated = token.text == "not" and following is not None and following.text == "in"
        if negated:
            self._next += 1
            token = self._peek()
        if token is None or token.text not in COMPARISONS or token.kind == "text":
            return left
        self._next += 1
        right = self._operand()
        found = self._node(Part.COMPARE, left.at, right.end, value=token.text, parts=(left, right))
        return self._node(Part.NOT, left.at, right.end, parts=(found,)) if negated else found

    def _operand(self) -> Node:
        token = self._peek()
        if token is None:
            raise BadWhen(
                self._length, self._length + 1, "the end of the expression", "a field, a number, a text in quotes or a call"
            )
        if token.text == "(" and token.kind == "sign":
            self._next += 1
            found = self._or()
            return replace(found, grouped=True, at=token.at, end=self._expect(")").end)
        if token.text == "[" and token.kind == "sign":
            return self._list()
        if token.kind in ("number", "duration", "text"):
            return self._constant()
        if token.kind != "name" or token.text in KEYWORDS[:5]:
            self._unexpected("a field, a number, a text in quotes or a call")
        if token.text in ("true", "false"):
            return self._constant()
        following = self._peek(1)
        if following is not None and following.text == "(":
            return self._call(token)
        return self._field()

    def _constant(self) -> Node:
        token = self._peek()
        if token is None or (token.kind not in ("number", "duration", "text") and token.text not in ("true", "false")):
            self._unexpected("a number, a duration, a text in quotes, true or false", ("true", "false"))
        self._next += 1
        match token.kind:
            case "number":
                number = float(token.text) if "." in token.text else int(token.text)
                return self._node(Part.NUMBER, token.at, token.end, value=number)
            case "duration":
                length_s = float(token.text[:-1]) * SECONDS_OF[token.text[-1]]
                return self._node(Part.DURATION, token.at, token.end, value=round(length_s))
            case "text":
                return self._node(Part.TEXT, token.at, token.end, value=token.text[1:-1])
            case _:
                return self._node(Part.FLAG, token.at, token.end, value=token.text == "true")

    def _list(self) -> Node:
        begin = self._expect("[")
        found = [self._constant()]
        while self._take(","):
            found.append(self._constant())
            if len(found) > LIST_MAX:
                self._unexpected(f"at most {LIST_MAX} values")
        end = self._expect("]")
        return self._node(Part.LIST, begin.at, end.end, parts=tuple(found))

    def _call(self, name: _Token) -> Node:
        if name.text not in CALLS:
            raise BadWhen(name.at, name.end, f"the call {name.text!r}", f"one of {', '.join(CALLS)}", word=name.text, words=CALLS)
        self._next += 1
        self._expect("(")
        if name.text in ("any", "all"):
            parts: tuple[Node, ...] = (self._comparison(),)
        else:
            parts = (self._field(),)
            if name.text == "default":
                self._expect(",")
                parts = (*parts, self._constant())
        end = self._expect(")")
        return self._node(Part.CALL, name.at, end.end, value=name.text, parts=parts)

    def _field(self) -> Node:
        first = self._peek()
        if first is None or first.kind != "name" or first.text in KEYWORDS:
            self._unexpected("a field such as ResourceConfig.InstanceCount")
        self._next += 1
        path, places, end = [first.text], [(first.at, first.end)], first.end
        while (token := self._peek()) is not None and token.text in (".", "[") and token.kind == "sign":
            self._next += 1
            name = self._peek()
            if name is None or name.kind != ("name" if token.text == "." else "text"):
                self._unexpected("a name" if token.text == "." else 'a key in quotes, such as HyperParameters["learning-rate"]')
                raise AssertionError
            self._next += 1
            path.append(name.text if token.text == "." else name.text[1:-1])
            places.append((name.at, name.end))
            end = name.end if token.text == "." else self._expect("]").end
        return self._node(Part.FIELD, first.at, end, path=tuple(path), places=tuple(places))

    def _node(
        self, kind: Part, at: int, end: int, *, value: str | int | float | bool = "", path: tuple[str, ...] = (),
        places: tuple[tuple[int, int], ...] = (), parts: tuple[Node, ...] = (),
    ) -> Node:  # fmt: skip
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise BadWhen(at, end, f"more than {PARTS_MAX} parts", "a shorter expression, or two rules")
        return Node(kind=kind, at=at, end=end, value=value, path=path, places=places, parts=parts)

    def _peek(self, ahead: int = 0) -> _Token | None:
        at = self._next + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _take(self, text: str) -> _Token | None:
        token = self._peek()
        if token is None or token.text != text or token.kind == "text":
            return None
        self._next += 1
        return token

    def _expect(self, text: str) -> _Token:
        token = self._take(text)
        if token is None:
            self._unexpected(repr(text))
        return token

    def _unexpected(self, wanted: str, words: tuple[str, ...] = ()) -> NoReturn:
        token = self._peek()
        if token is None:
            raise BadWhen(self._length, self._length + 1, "the end of the expression", wanted)
        raise BadWhen(token.at, token.end, repr(token.text), wanted, word=token.text if words else "", words=words)
