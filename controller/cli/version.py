"""The version of Spotwarden. pyproject.toml is its only source."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def installed_version() -> str:
    """The version in pyproject.toml if this is a checkout, otherwise that of the installed package, or ``unknown``."""
    if CHECKOUT.is_file():
        project = tomllib.loads(CHECKOUT.read_text("utf-8")).get("project", {})
        if project.get("name") == "spotwarden":
            return str(project["version"])
    try:
        return version("spotwarden")
    except PackageNotFoundError:
        return "unknown"
