"""Whether SageMaker would accept a request, by all constraints in botocore's model of the API.

botocore itself validates only members, types and minima; it leaves lengths, patterns, enums and maxima to the service (tried
with botocore 1.44.5). The messages name what the service would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import Any

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel

from controller.jobs.instance import instance_types
from controller.jobs.spot_possible import Refusal
from controller.units.plural import count

TEXT_MAX = 4096  # characters; longer texts are not matched with patterns: they exceed a length limit anyway
KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "long": ((int,), "a whole number"),
    "boolean": ((bool,), "true or false"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "timestamp": ((int, float, str, datetime), "a time"),
}
ANYTHING = frozenset({".*", "[\\S\\s]*", ".+", "[\\s\\S]*"})  # patterns that match every text
JAVA_CLASSES = {"\\p{L}\\p{Z}\\p{N}": "\\w\\s", "\\p{L}": "^\\W\\d_", "\\p{Alnum}": "a-zA-Z0-9"}  # Python's re has no \p{…}

# Other names for members, in lower case: arguments of the SDK, and names in other tools.
ALIASES: Mapping[str, str] = {
    "usespotinstances": "EnableManagedSpotTraining", "usespot": "EnableManagedSpotTraining", "spot": "EnableManagedSpotTraining",
    "managedspottraining": "EnableManagedSpotTraining", "enablespottraining": "EnableManagedSpotTraining",
    "spotinstances": "EnableManagedSpotTraining", "enablespot": "EnableManagedSpotTraining",
    "enablespotinstances": "EnableManagedSpotTraining", "usemanagedspottraining": "EnableManagedSpotTraining",
    "maxrun": "MaxRuntimeInSeconds", "maxruntime": "MaxRuntimeInSeconds", "maxwait": "MaxWaitTimeInSeconds",
    "maxwaittime": "MaxWaitTimeInSeconds", "maxwaitinseconds": "MaxWaitTimeInSeconds",
    "checkpoints3uri": "CheckpointConfig", "checkpoints": "CheckpointConfig", "checkpoint": "CheckpointConfig",
    "image": "TrainingImage", "imageuri": "TrainingImage", "role": "RoleArn", "rolearn": "RoleArn", "name": "TrainingJobName",
    "jobname": "TrainingJobName", "volumesize": "VolumeSizeInGB", "env": "Environment", "inputs": "InputDataConfig",
    "outputpath": "OutputDataConfig", "hyperparameter": "HyperParameters", "instances": "InstanceCount",
}  # fmt: skip


@cache
def _service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")


def shape(name: str) -> Any:
    """A shape in botocore's model of SageMaker's API, by its name."""
    return _service().shape_for(name)


def model_refusals(request: Any, shape_name: str, *, filled: frozenset[str], later: Iterable[str] = ()) -> list[Refusal]:
    """What botocore's model does not allow in a request of the shape ``shape_name``.

    ``filled``: required members that a tool adds. ``later``: paths of members that are filled in later, which are not judged.
    """
    places = tuple(later)
    return list(_any(request, shape(shape_name), "", filled, places, shape_name))


def corrected(request: Mapping[str, Any], shape_name: str) -> Mapping[str, Any]:
    """The request with each unknown member under the name that was probably meant, so that rules can judge it."""
    changed: Mapping[str, Any] = _corrected(request, shape(shape_name))
    return changed


def _corrected(value: Any, of: Any) -> Any:
    if not isinstance(value, Mapping) or of.type_name != "structure":
        return value
    changed: dict[str, Any] = {}
    for name, item in value.items():
        known = name if name in of.members else _meant(str(name), of.members)
        if known is None or (known != name and (known in value or known in changed)):
            changed[name] = item
        else:
            changed[known] = _corrected(item, of.members[known])
    return changed


def _any(value: Any, of: Any, path: str, filled: frozenset[str], later: tuple[str, ...], root: str) -> Iterator[Refusal]:
    match of.type_name:
        case "structure":
            yield from _structure(value, of, path, filled, later, root)
        case "list":
            if not isinstance(value, list | tuple):
                yield _wrong(path, value, "a list")
                return
            yield from _length(value, of, path, "items", later)
            for number, item in enumerate(value):
                yield from _any(item, of.member, f"{path}[{number}]", frozenset(), later, root)
        case "map":
            if not isinstance(value, Mapping):
                yield _wrong(path, value, "an object with named members")
                return
            yield from _length(value, of, path, "members", later)
            for key, item in value.items():
                yield from _any(key, of.key, f"{path}.{key}", frozenset(), later, root)
                yield from _any(item, of.value, f"{path}.{key}", frozenset(), later, root)
        case "string":
            yield from _text(value, of, path)
        case _:
            yield from _scalar(value, of, path)


def _structure(value: Any, of: Any, path: str, filled: frozenset[str], later: tuple[str, ...], root: str) -> Iterator[Refusal]:
    if not isinstance(value, Mapping):
        yield _wrong(path, value, "an object with named members")
        return
    for name in of.required_members:
        place = _in(path, name)
        if value.get(name) is None and name not in filled and not any(one.startswith(place) for one in later):
            if any(_meant(other, of.members) == name for other in value if other not in of.members):
                continue  # it is there under a wrong name, which has its own message
            yield Refusal(field=place, found="not set", wanted="a value: SageMaker requires it")
    for name, item in value.items():
        place = _in(path, str(name))
        if name not in of.members:
            yield Refusal(field=place, found="an unknown member", wanted=_suggestion(str(name), of, path, root))
            known = _meant(str(name), of.members)
            if isinstance(item, Mapping) and known is not None and known not in value:  # report mistakes inside it too
                yield from _any(item, of.members[known], place, frozenset(), later, root)
        elif item is None:
            yield Refusal(field=place, found="null", wanted="a value, or no such member")
        else:
            yield from _any(item, of.members[name], place, frozenset(), later, root)


def _suggestion(name: str, of: Any, path: str, root: str) -> str:
    meant = _meant(name, of.members)
    if meant is not None:
        return f"a member that SageMaker knows; did you mean {meant}?"
    elsewhere = _elsewhere(root)
    plain = _plain(name)
    at = elsewhere.get(plain) or elsewhere.get(_plain(ALIASES.get(plain, "")))
    if at is None:
        near = get_close_matches(plain, elsewhere, n=1, cutoff=0.85)
        at = elsewhere[near[0]] if near else None
    if at is not None:
        return f"a member that SageMaker knows here; did you mean {at}?"
    return f"one of {', '.join(of.members)}" if len(of.members) < 12 else "a member that SageMaker knows"


def _meant(name: str, members: Mapping[str, Any]) -> str | None:
    """The member of a structure that an unknown name probably means; None if no member is similar."""
    plain = _plain(name)
    known = {_plain(member): member for member in members}
    alias = ALIASES.get(plain)
    if alias in members:
        return alias
    if plain in known:
        return known[plain]
    near = get_close_matches(plain, known, n=1, cutoff=0.8)
    return known[near[0]] if near else None


@cache
def _elsewhere(root: str) -> Mapping[str, str]:
    """The path of each member in a request, by its plain name; of several, the outermost path."""
    places: dict[str, str] = {}
    level = [("", shape(root))]
    seen: set[str] = set()
    while level:
        below = []
        for path, of in level:
            if of.type_name == "structure" and of.name not in seen:
                seen.add(of.name)
                for name, member in of.members.items():
                    places.setdefault(_plain(name), _in(path, name))
                    below.append((_in(path, name), member))
            elif of.type_name == "list":
                below.append((f"{path}[]", of.member))
        level = below
    return places


CREATE_AND_DESCRIBE = ("CreateTrainingJobRequest", "DescribeTrainingJobResponse")


def misnamed(path: str, shapes: Iterable[str]) -> str | None:
    """None if one of the shapes has a member at this path; otherwise the path that was probably meant, or an empty text."""
    meant = ""
    for name in shapes:
        of, place = shape(name), ""
        for part in path.split("."):
            base = re.sub(r"\[[0-9]*\]$", "", part)
            members = of.members if of.type_name == "structure" else {}
            if base not in members:
                other = _meant(base, members)
                elsewhere = _elsewhere(name).get(_plain(base))
                meant = meant or (_in(place, other) + path[len(_in(place, part)) :] if other else elsewhere or "")
                break
            place = _in(place, base)
            of = members[base].member if members[base].type_name == "list" and base != part else members[base]
        else:
            return None
    return meant


def _text(value: Any, of: Any, path: str) -> Iterator[Refusal]:
    if not isinstance(value, str):
        shown, number = f"{_shown(value)}, which is {_kind(value)}", isinstance(value, int | float)
        wanted = f'text, such as "{value}"' if number else "text"
        yield Refusal(
            field=path, found=shown, wanted=wanted, meant=str(value) if number and not isinstance(value, bool) else None
        )
        return
    least, most = of.metadata.get("min", 0), of.metadata.get("max")
    if len(value) < least or (most is not None and len(value) > most):
        bounds = f"{least} to {most} characters" if most is not None else f"at least {least} characters"
        yield Refusal(field=path, found=f"{_shown(value)} ({count(len(value), 'character')})", wanted=bounds)
        return
    if (enum := of.metadata.get("enum")) and value not in enum:
        yield from _not_in(value, enum, path)
    pattern = of.metadata.get("pattern")
    if pattern and pattern not in ANYTHING and len(value) <= TEXT_MAX and not _pattern(pattern).fullmatch(value):
        yield Refusal(field=path, found=_shown(value), wanted=PATTERNS.get(pattern) or f"text of the form {pattern}")


# Descriptions of patterns, for members that people write often.
PATTERNS: Mapping[str, str] = {
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}": "1 to 63 letters, digits and inner hyphens",
    "(https|s3)://([^/]+)/?(.*)": "an S3 URI such as s3://bucket/prefix/",
    "arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+": "an IAM role's ARN: arn:aws:iam::111122223333:role/train",
}


def _not_in(value: str, enum: Iterable[str], path: str) -> Iterator[Refusal]:
    values = list(enum)
    if path.endswith("InstanceType") and value in set(instance_types()):
        return  # an instance type that is newer than this botocore
    near = get_close_matches(value.lower(), [one.lower() for one in values], n=1, cutoff=0.6)
    meant = next((one for one in values if near and one.lower() == near[0]), None)
    known = f"one of {', '.join(values)}" if len(values) <= 8 else f"a value that botocore {botocore.__version__} knows"
    yield Refusal(field=path, found=_shown(value), wanted=f"{known}; did you mean {meant}?" if meant else known, meant=meant)


def _scalar(value: Any, of: Any, path: str) -> Iterator[Refusal]:
    kinds, name = KINDS.get(of.type_name, ((object,), "a value"))
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds and object not in kinds):
        yield Refusal(field=path, found=f"{_shown(value)}, which is {_kind(value)}", wanted=name, meant=_as_meant(value, kinds))
        return
    least, most = of.metadata.get("min"), of.metadata.get("max")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if least is not None and value < least:
            yield Refusal(field=path, found=str(value), wanted=f"at least {least}")
        elif most is not None and value > most:
            yield Refusal(field=path, found=str(value), wanted=f"at most {most}")


def _as_meant(value: Any, kinds: tuple[type, ...]) -> int | bool | None:
    """The number or boolean that a value such as "3600", 3600.0 or "true" certainly means; None for any other value."""
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() and int in kinds else None
    if int in kinds and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return {"true": True, "false": False}.get(value.lower()) if bool in kinds else None


def _length(value: Any, of: Any, path: str, noun: str, later: tuple[str, ...]) -> Iterator[Refusal]:
    least, most = of.metadata.get("min", 0), of.metadata.get("max")
    if any(one == path or one.startswith(f"{path}.") for one in later):
        return
    if len(value) < least:
        yield Refusal(field=path, found=f"{len(value)} {noun}", wanted=f"at least {least} {noun}, or no such member")
    elif most is not None and len(value) > most:
        yield Refusal(field=path, found=f"{len(value)} {noun}", wanted=f"at most {most} {noun}")


def _wrong(path: str, value: Any, wanted: str) -> Refusal:
    return Refusal(field=path, found=f"{_shown(value)}, which is {_kind(value)}", wanted=wanted)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case None:
            return "null"
    return type(value).__name__


def _shown(value: Any) -> str:
    said = f'"{value}"' if isinstance(value, str) else repr(value)
    return said if len(said) <= 80 else f"{said[:79]}…"


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _in(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    for java, python in JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern)
    except re.error:  # syntax that only Java has: the service checks it
        return re.compile(r"[\s\S]*")
