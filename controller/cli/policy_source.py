"""Which policy a command uses: a folder, the one below the working directory, or the one that ships with this version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.aws.packaged_policy import packaged_document
from controller.cli.options import LOCAL_FOLDER
from controller.policyfile import compile_folder

PACKAGED = "packaged"  # the policies that ship with this version

PolicyFolder = Annotated[
    str | None,
    typer.Option("--policies", metavar="DIR", help=f"The policy folder. Default: ./{LOCAL_FOLDER}, else the packaged policies."),
]


def policy_document(folder: str | None) -> tuple[Mapping[str, Any], str]:
    """The compiled document, and where it is from. Raises BadPolicy."""
    if folder is None and Path(LOCAL_FOLDER).is_dir():
        folder = LOCAL_FOLDER
    return (packaged_document(), PACKAGED) if folder is None else (compile_folder(folder), folder)
