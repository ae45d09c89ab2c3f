"""The words that values of a policy file are made of: durations, names, prefixes, patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from controller.jobs.instance import instance, instance_types
from controller.policyfile.problem import nearest
from controller.units.money import DOLLAR, micros_from_dollars

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
YEAR_S = 365 * 86_400
DOLLARS_MAX = 1_000_000_000
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


def given(found: Any) -> Any:
    """Refuse a key with nothing behind it, where nothing would quietly mean no limit."""
    if found is None:
        raise unlike("a value, or no such key")
    return found


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
    return found if ":" in found or found.startswith("*") else f"*/{found}"


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
Role = Annotated[Text, AfterValidator(_role)]
Roles = Annotated[list[Role], BeforeValidator(listed), Field(min_length=1)]
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

REASON = 'how a FailureReason begins, such as "AlgorithmError: Exit Code: 137"'
ReasonBeginnings = Annotated[
    list[Annotated[str, _matching(r"[A-Z][A-Za-z]+:\s*\S.*", REASON)]],
    BeforeValidator(listed),
    Field(min_length=1),
]
Subnets = Annotated[
    list[Annotated[str, _matching(r"subnet-[0-9a-f]{8,17}", "a subnet's id such as subnet-0abc1234")]],
    BeforeValidator(listed),
    Field(min_length=1),
]
PLACES = ("team", "family", "job")


def _template(found: str) -> str:
    """A checkpoint template: its bucket is written out, its places are known and their braces closed."""
    if re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]*/.*", found) is None:
        raise unlike("a template such as s3://bucket/{team}/{family}/, the bucket written out")
    for place in re.findall(r"\{([^{}]*)\}", found):
        if place not in PLACES and not re.fullmatch(r"tag:[A-Za-z0-9_.:/=+@-]+", place):
            raise unlike("the places {team}, {family}, {job} or {tag:KEY}", nearest(place, PLACES))
    if set("{}") & set(re.sub(r"\{[^{}]*\}", "", found)):
        raise unlike("a closing brace for each opening one")
    return found


Template = Annotated[str, AfterValidator(_template)]


def known_type(found: str) -> str:
    """One instance type that SageMaker training offers."""
    if instance(found) is None:
        raise unlike("an instance type of SageMaker training", nearest(found, sorted(instance_types())))
    return found


InstanceType = Annotated[str, AfterValidator(known_type)]


def _amount(found: Any) -> int:
    """Dollars as micro-dollars: 50, 49.9 or "49.90"."""
    text = f"{found}" if isinstance(found, int | float) and not isinstance(found, bool) else found
    try:
        micros = micros_from_dollars(text) if isinstance(text, str) else 0
    except ValueError:
        micros = 0
    if micros <= 0:
        raise unlike("an amount of dollars above zero such as 50 or 49.90")
    if micros > DOLLARS_MAX * DOLLAR:
        raise unlike(f"at most {DOLLARS_MAX} dollars")
    return micros


Dollars = Annotated[int, BeforeValidator(_amount)]


def _brake(found: Any) -> Any:
    if type(found) is int and found == 0:
        raise unlike("at least 1", "to hold every act, run: spotwarden halt")
    return found


Brake = Annotated[Annotated[StrictInt, Field(ge=1, le=100_000)], BeforeValidator(_brake)]
