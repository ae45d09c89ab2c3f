"""Reads a stage, which is a file in infra/stages: the name of a stack, where it is deployed, and its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

STAGES = Path(__file__).resolve().parent / "stages"
KEYS = {"stack", "region", "account", "bucket", "tags", "parameters"}
NAME_CHARS_MAX = 60
FORMS = {  # AWS's rules for these values, checked here because AWS would report a mistake only after the upload
    "stack": (
        re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}"),
        "a stack's name: a letter, then letters, digits and hyphens, 128 at most",
    ),
    "region": (re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}"), "a region such as us-east-1"),
    "bucket": (re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "the name of a bucket, without s3://"),
    "account": (re.compile(r"[0-9]{12}"), "the 12 digits of an account, in quotes"),
}


class Undeployable(Exception):
    """The stage cannot be deployed or destroyed. The message states what was found, what is wanted, and where."""


class StackStuck(Undeployable):
    """The stack failed and cannot be updated. It can be destroyed, but not deployed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stack to deploy. ``bucket`` is for the package and the template; ``account`` is empty if the stage does not name one."""

    name: str
    stack: str
    region: str
    bucket: str
    account: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def stage_of(name: str, folder: Path = STAGES) -> Stage:
    """Read a stage's file. Raises Undeployable."""
    known = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    path = known.get(name)  # not a path made of the name, which could be outside the folder, or too long
    if path is None:
        near = get_close_matches(name.lower(), known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        shown = name if len(name) <= NAME_CHARS_MAX else f"{name[:NAME_CHARS_MAX]}…"
        raise Undeployable(
            f"found no stage {shown!r}, wanted one of {', '.join(known) or 'none'}; a stage is a file in {folder}:"
            f" copy dev.yaml{meant}"
        )
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Undeployable(f"{path} is not readable YAML: {error}") from error
    if not isinstance(found, dict) or set(found) - KEYS:
        keys = sorted(map(str, set(found) - KEYS)) if isinstance(found, dict) else type(found).__name__
        raise Undeployable(f"{path}: found {keys}, wanted {', '.join(sorted(KEYS))}")
    for key, (form, wanted) in FORMS.items():
        value = found.get(key)
        if value in (None, "") and key != "account":
            raise Undeployable(f"{path}: {key} is empty")
        if value not in (None, "") and not form.fullmatch(str(value)):
            raise Undeployable(f"{path}: {key} is {value!r}, wanted {wanted}")
    return Stage(
        name=name,
        stack=str(found["stack"]),
        region=str(found["region"]),
        bucket=str(found["bucket"]),
        account=str(found.get("account") or ""),
        tags=_texts(found.get("tags"), f"{path}: tags"),
        parameters=_texts(found.get("parameters"), f"{path}: parameters"),
    )


def _texts(found: Any, where: str) -> dict[str, str]:
    """A section of a stage's file with all values as text. YAML reads yes and no without quotes as booleans; both become text
    again. Raises Undeployable.
    """
    if found is not None and not isinstance(found, dict):
        raise Undeployable(f"{where}: found {type(found).__name__}, wanted lines such as Name: value")
    return {str(name): _text(value, f"{where}: {name}") for name, value in (found or {}).items()}


def _text(value: Any, where: str) -> str:
    if isinstance(value, list):  # CloudFormation's form of a list: values separated by commas
        return ",".join(_text(one, where) for one in value)
    if isinstance(value, dict):
        raise Undeployable(f"{where}: found a mapping, wanted one value or a list of values")
    words = {True: "yes", False: "no", None: ""}
    return words[value] if value is None or isinstance(value, bool) else str(value)
