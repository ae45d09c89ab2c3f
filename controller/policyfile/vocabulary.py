"""The types of the values in a policy file: durations, names, prefixes, patterns, dollars.

Validators raise the error of ``unlike``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, field_validator
from pydantic_core import PydanticCustomError

from controller.jobs.instance import instance, instance_types
from controller.policy import bounds
from controller.policy.bounds import DOLLARS_MAX, ENTRIES_MAX, TEXT_MAX, Between, Like
from controller.policyfile.number_patterns import durations
from controller.policyfile.usage_types import ON_DEMAND_PATTERN, SPOT_PATTERN, usage_type_of
from controller.units.duration import DURATION, SECONDS_OF, BadDuration, seconds
from controller.units.money import micros_from_dollars

Validator = TypeVar("Validator", bound=Callable[..., Any])
NUMBERS_MAX = 40  # characters of a text that may be a duration


LONG_TEXT = f"a text of at most {TEXT_MAX:,} characters"

WRITTEN: dict[Callable[..., Any], Mapping[str, Any]] = {}
"""For each validator, the JSON Schema of the values that it accepts, as people write them."""


def written(function: Validator, **schema: Any) -> Validator:
    """Register the JSON Schema of the values that a validator accepts."""
    WRITTEN[function] = schema
    return function


class StrictModel(BaseModel):
    """A map in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _given(cls, found: Any) -> Any:
        """Refuse a key without a value, because it would silently get its default."""
        if found is None:
            raise unlike("a value, or no such key")
        return found


def unlike(wanted: str, hint: str = "", words: Iterable[str] = (), word: object = None) -> PydanticCustomError:
    """An error with what is wanted instead; ``validation_errors`` turns it into a problem with file and line.

    ``words``: known words, one of which may have been meant by ``word``, or by the whole value.
    """
    return PydanticCustomError("unlike", "{wanted}", {"wanted": wanted, "hint": hint, "words": words, "word": word})


def between(bound: Between) -> Any:
    """Numbers within a bound, which includes both its ends."""
    return Field(ge=bound.least, le=bound.most, allow_inf_nan=False)


def lasting(bound: Between) -> BeforeValidator:
    """Durations within a bound, in seconds."""
    return BeforeValidator(at_least(int(bound.least), int(bound.most)))


def like(bound: Like, hint: str = "") -> AfterValidator:
    """Texts that match a bound's pattern."""
    return matching(bound.pattern, bound.wanted, hint)


def at_least(least_s: int, most_s: int = int(bounds.HOUR_TO_YEAR.most)) -> Callable[[Any], int]:
    """A reader of durations from ``least_s`` to ``most_s`` seconds. It refuses a number without a unit, which is ambiguous."""

    def read(found: Any) -> int:
        if isinstance(found, int | float) and not isinstance(found, bool):
            raise unlike(DURATION, "a number needs its unit")
        if not isinstance(found, str):
            raise unlike(DURATION)
        try:
            length_s = seconds(found)
        except BadDuration as error:
            raise unlike(error.wanted, meant_duration(found) if error.wanted == DURATION else "") from error
        if length_s < least_s:
            raise unlike(f"a duration of at least {least_s}s")
        if length_s > most_s:
            raise unlike(f"a duration of at most {most_s // 86_400}d")
        return length_s

    bounds_said = f"{DURATION}, from {written_duration(least_s)} to {written_duration(most_s)}"
    return written(read, type="string", pattern=durations(least_s, most_s), patternErrorMessage=bounds_said)


UNITS = {**SECONDS_OF, "w": 604_800}


def meant_duration(found: str) -> str:
    """A hint for a duration in another form, such as 1h30m, 24 hours, 1.5h or PT1H; empty for any other text."""
    text = re.sub(r"[\s,]|and", "", found.lower()).removeprefix("p").replace("t", "") if len(found) <= NUMBERS_MAX else ""
    part = r"([0-9]{1,6}(?:\.[0-9]{1,3})?)(s|m|h|d|w)(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?|ays?|eeks?)?"
    if re.fullmatch(f"(?:{part})+", text) is None:
        return ""
    length_s = sum(float(number) * UNITS[unit] for number, unit in re.findall(part, text))
    return f"write {written_duration(int(length_s))}" if length_s == int(length_s) > 0 else ""


def written_duration(length_s: int) -> str:
    """A duration as people write it: 5400 is 90m."""
    unit, one_s = next(((unit, one_s) for unit, one_s in reversed(SECONDS_OF.items()) if length_s % one_s == 0))
    return f"{length_s // one_s}{unit}" if length_s else "0s"


def one_of(words: Sequence[str], others: Sequence[str] = ()) -> Callable[[Any], str]:
    """A validator that accepts only ``words``. ``others`` are suggested too: they are valid, but are validated elsewhere."""

    def take(found: Any) -> str:
        if found in words:
            return str(found)
        raise unlike(f"one of {', '.join(words)}", words=(*words, *others))

    return written(take, enum=[str(word) for word in words])


def listed(found: Any) -> Any:
    """One text as a list of one; any other value as it is."""
    return [found] if isinstance(found, str) else found


def matching(pattern: str, wanted: str, hint: str = "", words: Sequence[str] = ()) -> AfterValidator:
    """A validator that accepts text that matches the whole pattern. ``words``: matching words to suggest for a wrong one."""
    compiled = re.compile(pattern)

    def check(found: str) -> str:
        if compiled.fullmatch(found) is None:
            raise unlike(wanted, hint, words)
        if len(found) > TEXT_MAX:
            raise unlike(LONG_TEXT)
        return found

    return AfterValidator(written(check, pattern=f"^({pattern})$", patternErrorMessage=wanted, maxLength=TEXT_MAX))


def _role(found: str) -> str:
    """A pattern for a role's ARN; a text without a colon is a pattern for the role's name."""
    return found if ":" in found or found.startswith("*") else f"*/{found}"


def _version(found: Any) -> int:
    if type(found) is int and found == 1:
        return found
    raise unlike("1, the only version")


written(_version, const=1)
Version = Annotated[int, BeforeValidator(_version)]
Duration = Annotated[int, lasting(bounds.SECONDS)]
DurationOrZero = Annotated[int, lasting(bounds.SECONDS_OR_ZERO)]
LongDuration = Annotated[int, lasting(bounds.HOUR_TO_YEAR)]
Name = Annotated[str, like(bounds.NAME)]
Address = Annotated[str, like(bounds.ADDRESS)]
Account = Annotated[str, like(bounds.ACCOUNT)]


def some_text(found: str) -> str:
    if not found.strip():
        raise unlike("text")
    if len(found) > TEXT_MAX:
        raise unlike(LONG_TEXT)
    return found


Text = Annotated[str, AfterValidator(written(some_text, pattern=r"\S", patternErrorMessage="text", maxLength=TEXT_MAX))]
LISTED = (BeforeValidator(listed), Field(min_length=1, max_length=ENTRIES_MAX))
Texts = Annotated[list[Text], *LISTED]
Role = Annotated[Text, AfterValidator(_role)]
Roles = Annotated[list[Role], *LISTED]


def _one_prefix(found: str) -> str:
    if re.search(SEVERAL, found):
        raise unlike(bounds.PREFIX.wanted, "write a list with brackets, such as [s3://a/, s3://b/]")
    return found


SEVERAL = r"[,;\s]\s*s3://"
written(_one_prefix, **{"not": {"pattern": SEVERAL}})
Prefix = Annotated[str, like(bounds.PREFIX), AfterValidator(_one_prefix)]
Prefixes = Annotated[list[Prefix], *LISTED]
FileName = Annotated[
    str,
    matching(r"(?=[^/]{0,199}[^/*?])[^/]{1,200}", "a glob for file names such as *.onnx, without a slash and not for every file"),
]
InstancePattern = Annotated[str, matching(r"(ml\.|\*).*", "an instance type or pattern such as ml.g5.2xlarge or ml.g5.*")]
InstanceTypes = Annotated[list[InstancePattern], *LISTED]
REASON = 'how a FailureReason begins, such as "AlgorithmError: Exit Code: 137"'
ReasonBeginnings = Annotated[list[Annotated[str, matching(r"[A-Z][A-Za-z]+:\s*\S.*", REASON)]], *LISTED]
SubnetId = Annotated[str, matching(r"subnet-[0-9a-f]{8,17}", "a subnet id such as subnet-0abc1234")]
Subnets = Annotated[list[SubnetId], *LISTED]
Reason = Annotated[str, like(bounds.REASON)]
ShortText = Annotated[str, like(bounds.SHORT_TEXT)]
PLACEHOLDERS = ("team", "family", "job")
TAG_PLACEHOLDER = r"tag:[A-Za-z0-9_.:/=+@-]+"
PLACEHOLDERS_SAID = "{team}, {family}, {job}, {tag:KEY}"


def _template(found: str) -> str:
    """Accept a checkpoint template: with a fixed bucket, and with known placeholders only."""
    if not bounds.TEMPLATE.holds(found):
        raise unlike(bounds.TEMPLATE.wanted)
    if len(found) > TEXT_MAX:
        raise unlike(LONG_TEXT)
    for placeholder in re.findall(r"\{([^{}]*)\}", found):
        if placeholder not in PLACEHOLDERS and not re.fullmatch(TAG_PLACEHOLDER, placeholder):
            raise unlike(f"one of the placeholders {PLACEHOLDERS_SAID}", words=PLACEHOLDERS, word=placeholder)
    if set("{}") & set(re.sub(r"\{[^{}]*\}", "", found)):
        raise unlike("a closing brace for each opening brace")
    return found


written(
    _template,
    pattern=rf"^s3://[a-z0-9][a-z0-9.-]*/([^{{}}\n]|\{{({'|'.join(PLACEHOLDERS)}|{TAG_PLACEHOLDER})\}})*$",
    patternErrorMessage=f"{bounds.TEMPLATE.wanted}, and only the placeholders {PLACEHOLDERS_SAID}",
    maxLength=TEXT_MAX,
)
Template = Annotated[str, AfterValidator(_template)]


def known_type(found: str) -> str:
    """Accept an instance type that SageMaker has for training."""
    if instance(found) is None:
        raise unlike("an instance type of SageMaker training", words=instance_types())
    return found


written(known_type, enum=sorted(instance_types()))
InstanceType = Annotated[str, AfterValidator(known_type)]


USAGE_TYPE = "a usage type of training such as USE1-Train:ml.g5.2xlarge"


def _usage_type(found: str) -> str:
    if usage_type_of(found) is None:
        raise unlike(USAGE_TYPE)
    return found


written(_usage_type, pattern=f"{SPOT_PATTERN}|{ON_DEMAND_PATTERN}", patternErrorMessage=USAGE_TYPE)
UsageTypeName = Annotated[str, AfterValidator(_usage_type)]
RegionName = Annotated[str, matching(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}", "a region such as us-east-1")]


AMOUNT_PATTERN = rf"^\s*(?=[0-9.]*[1-9])0*({DOLLARS_MAX}(\.0+)?|[0-9]{{1,{len(str(DOLLARS_MAX)) - 1}}}(\.[0-9]{{1,6}}0*)?)\s*$"


def _amount(found: Any) -> int:
    """Micro-dollars from an amount in dollars: 50, 49.9 or "49.90"."""
    text = f"{found}" if isinstance(found, int | float) and not isinstance(found, bool) else found
    try:
        micros = micros_from_dollars(text) if isinstance(text, str) else 0
    except ValueError:
        micros = 0
    if micros <= 0:
        plain = re.fullmatch(r"(?:USD|US)? ?\$? ?([0-9]{1,3}(?:,[0-9]{3})*|[0-9]{1,9})(\.[0-9]{1,2})? ?(?:\$|USD)?", str(found))
        hint = f"write {plain[1].replace(',', '')}{plain[2] or ''}" if plain and isinstance(found, str) and text != "0" else ""
        raise unlike("an amount in dollars above zero such as 50 or 49.90", hint)
    if micros > bounds.MICROS.most:
        raise unlike(f"at most {DOLLARS_MAX} dollars")
    return micros


written(
    _amount,
    anyOf=[
        {"type": "number", "minimum": 0.0001, "maximum": DOLLARS_MAX},  # Python writes smaller numbers with an exponent
        {"type": "string", "pattern": AMOUNT_PATTERN},
    ],
)
Dollars = Annotated[int, BeforeValidator(_amount)]


PERCENT = "a percentage such as 10% or 2.5%, above 0% and at most 100%"


def _percent(found: Any) -> float:
    """A number from 0 to 100 from a percentage. It refuses a number without %: 0.1 could mean 10% or 0.1%."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        raise unlike(PERCENT, "a number needs its %")
    parts = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%", found) if isinstance(found, str) else None
    if parts is None or not bounds.PERCENT.holds(float(parts[1])):
        number = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)( ?percent)?", found) if isinstance(found, str) else None
        fine = isinstance(found, str) and re.fullmatch(r"[0-9]{1,3}\.[0-9]{4,} ?%", found[:NUMBERS_MAX])
        raise unlike(PERCENT, f"write {number[1]}%" if number else "at most three digits after the point" if fine else "")
    return float(parts[1])


PERCENT_PATTERN = r"^(?!0+(\.0+)? ?%$)(100(\.0{1,3})?|0?[0-9]{1,2}(\.[0-9]{1,3})?) ?%$"  # what _percent accepts
written(_percent, type="string", pattern=PERCENT_PATTERN, patternErrorMessage=PERCENT)
Percent = Annotated[float, BeforeValidator(_percent)]


def _rate_limit(found: Any) -> Any:
    if type(found) is int and found == 0:
        raise unlike("at least 1", "to pause all actions, run: spotwarden halt")
    return found


RateLimit = Annotated[Annotated[StrictInt, between(bounds.ACTS_PER_HOUR)], BeforeValidator(_rate_limit)]
