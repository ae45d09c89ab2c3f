"""The service models that ship with the code: botocore reads them before those of Lambda's runtime, whose version may change.

A SageMaker client is checked when it is built. A model that lacks a member would silently drop it from every description, also
where this code needs it. Members that no model has are noticed in ``controller.aws.sagemaker.described_members``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.aws.sagemaker.described_members import Members, described_members, described_under

FOLDER = Path(__file__).resolve().parents[1] / "data" / "models"  # only in the package: elsewhere the environment pins botocore
VERSION = "version.txt"
DATA_PATH = "AWS_DATA_PATH"  # botocore's variable


class WrongModel(Exception):
    """A service model is not the one that this code needs. The message names both versions."""


def use_packaged_models(folder: Path = FOLDER) -> None:
    """Let botocore read the packaged models first. Raises WrongModel where they are of another version than this code needs."""
    if not folder.is_dir():
        return
    found, wanted = (folder / VERSION).read_text("utf-8").strip(), described_under()
    if found != wanted:
        raise WrongModel(f"the package has the service models of botocore {found}, and this code was written against {wanted}")
    paths = os.environ.get(DATA_PATH, "").split(os.pathsep)
    if str(folder) not in paths:
        os.environ[DATA_PATH] = os.pathsep.join([str(folder), *filter(None, paths)])


def checked(client: Any) -> Any:
    """Return a SageMaker client whose model has every member that this code accounts for. Raises WrongModel."""
    model = client.meta.service_model
    if model.metadata.get("pinnedBy") != f"botocore {described_under()}":
        missing = sorted(_missing(model.operation_model("DescribeTrainingJob").output_shape, described_members(), ""))
        if missing:
            import botocore

            lacks = f"does not know {', '.join(missing[:5])} of a training job"
            raise WrongModel(f"botocore {botocore.__version__} {lacks}: use {described_under()}")
    return client


def _missing(shape: Any, members: Members, path: str) -> Iterator[str]:
    while shape.type_name == "list":
        shape = shape.member
    for name, inner in members.items():
        place = f"{path}.{name}" if path else name
        if shape.type_name != "structure" or name not in shape.members:
            yield place
        elif isinstance(inner, dict):
            yield from _missing(shape.members[name], inner, place)
