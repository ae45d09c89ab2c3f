"""A stage of a deployment: which stack, where, and with which parameters. Its file is in infra/stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

STAGES = Path(__file__).resolve().parent / "stages"
KEYS = {"stack", "region", "account", "bucket", "tags", "parameters"}


class Undeployable(Exception):
    """The stage cannot be deployed or destroyed. The message is one sentence: what was found, what is wanted, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a stack goes, and its parameters."""

    name: str
    stack: str
    region: str
    bucket: str
    account: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


def stage_of(name: str, folder: Path = STAGES) -> Stage:
    """Read a stage's file. Raises Undeployable."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise Undeployable(f"found no stage {name!r}, wanted one of {known}; a stage is a file in {folder}: copy dev.yaml")
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except yaml.YAMLError as error:
        raise Undeployable(f"{path} is no YAML: {error}") from error
    if not isinstance(found, dict) or set(found) - KEYS:
        keys = sorted(set(found) - KEYS) if isinstance(found, dict) else type(found).__name__
        raise Undeployable(f"{path}: found {keys}, wanted {', '.join(sorted(KEYS))}")
    for key in ("stack", "region", "bucket"):
        if not found.get(key):
            raise Undeployable(f"{path}: {key} is empty")
    return Stage(
        name=name,
        stack=str(found["stack"]),
        region=str(found["region"]),
        bucket=str(found["bucket"]),
        account=str(found.get("account") or ""),
        tags=_texts(found.get("tags")),
        parameters=_texts(found.get("parameters")),
    )


def _texts(found: Mapping[str, Any] | None) -> dict[str, str]:
    """A section of a stage's file; yes and no without quotes are YAML's booleans, and meant as the words."""
    words = {True: "yes", False: "no", None: ""}
    return {
        name: words[value] if value is None or isinstance(value, bool) else str(value) for name, value in (found or {}).items()
    }
