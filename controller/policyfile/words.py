"""The words that values of a policy file are made of: durations, names, prefixes, patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from controller.policyfile.problem import nearest

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
YEAR_S = 365 * 86_400
DURATION = "a duration such as 90s, 15m, 48h or 7d"
NAME = "letters, digits, '.', '_' and '-', at most 63, beginning with a letter or digit"


def unlike(wanted: str, hint: str = "") -> PydanticCustomError:
    """The refusal of a value: what was wanted instead, for ``explain`` to read."""
    return PydanticCustomError("unlike", "{wanted}", {"wanted": wanted, "hint": hint})


def seconds(least_s: int) -> Callable[[Any], int]:
    """Read a duration of at least so many seconds. A bare number is refused: of seconds or of minutes?"""

    def read(found: Any) -> int:
        if isinstance(found, int | float) and not isinstance(found, bool):
            raise unlike(DURATION, "a number needs its unit")
        parts = re.fullmatch(r"([0-9]{1,9})([smhd])", found) if isinstance(found, str) else None
        if parts is None:
            raise unlike(DURATION)
        length_s = int(parts[1]) * UNITS[parts[2]]
        if not least_s <= length_s <= YEAR_S:
            raise unlike(f"a duration from {least_s}s to 365d")
        return length_s

    return read


def one_of(words: Sequence[str]) -> Callable[[Any], str]:
    """Take one of these words, and no other."""

    def take(found: Any) -> str:
        if found in words:
            return str(found)
        raise unlike(f"one of {', '.join(words)}", nearest(found, words))

    return take


def listed(found: Any) -> Any:
    """One text stands for a list of one."""
    return [found] if isinstance(found, str) else found


def _matching(pattern: str, wanted: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(found: str) -> str:
        if compiled.fullmatch(found) is None:
            raise unlike(wanted)
        return found

    return AfterValidator(check)


def _role(found: str) -> str:
    """A role without an ARN around it is meant by its name."""
    return found if ":" in found else f"*/{found}"


def _version(found: Any) -> int:
    if type(found) is int and found == 1:
        return found
    raise unlike("1, the only version there is")


Version = Annotated[int, BeforeValidator(_version)]
Duration = Annotated[int, BeforeValidator(seconds(1))]
DurationOrZero = Annotated[int, BeforeValidator(seconds(0))]
Name = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", NAME)]
Text = Annotated[str, _matching(r"(?s).*\S.*", "text")]
Texts = Annotated[list[Text], BeforeValidator(listed), Field(min_length=1)]
Roles = Annotated[list[Annotated[Text, AfterValidator(_role)]], BeforeValidator(listed), Field(min_length=1)]
Prefixes = Annotated[
    list[Annotated[str, _matching(r"s3://[a-z0-9][a-z0-9.-]*(/.*)?", "an S3 prefix such as s3://bucket/checkpoints/")]],
    BeforeValidator(listed),
    Field(min_length=1),
]
InstanceTypes = Annotated[
    list[Annotated[str, _matching(r"(ml\.|\*).*", "an instance type or pattern such as ml.g5.2xlarge or ml.g5.*")]],
    BeforeValidator(listed),
    Field(min_length=1),
]
