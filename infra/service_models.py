"""The botocore service models in the package: those of the pinned version, with only the operations that the code calls.

Lambda's runtime may have another version of boto3. botocore drops members that its model lacks from responses, and refuses them
in requests. So the package contains the models with which the code was tested. botocore reads these first (AWS_DATA_PATH).

``python -m infra.service_models`` writes ``controller/data/described_members.json`` again. Before that, decide for each new
member what to do with it in a repeated request (``controller/aws/sagemaker/repeat_request.py``).
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from infra.function_permissions import BY_LAMBDA, CALLS

ROOT = Path(__file__).resolve().parents[1]
DESCRIBED = ROOT / "controller" / "data" / "described_members.json"


class OtherVersion(Exception):
    """The botocore of this environment is not the pinned one. The message names both."""


def pinned() -> str:
    """The version of botocore that requirements-dev.txt pins. Raises OtherVersion if another one is installed."""
    found = re.search(r"^botocore==([\w.]+)", (ROOT / "requirements-dev.txt").read_text("utf-8"), re.MULTILINE)
    wanted = found[1] if found else "none"
    if botocore.__version__ != wanted:
        raise OtherVersion(f"botocore {botocore.__version__} is installed, and requirements-dev.txt pins {wanted}")
    return wanted


def operations() -> Mapping[str, set[str]]:
    """The operations that the code calls, by service."""
    called: dict[str, set[str]] = defaultdict(set)
    for call in CALLS:
        if call not in BY_LAMBDA:
            service, operation, *_ = call.split()
            called[service].add(operation)
    return called


def write_models(folder: Path) -> None:
    """Write each service's model as ``<service>/<API version>/service-2.json``, and the version of botocore as version.txt."""
    version, loader = pinned(), Loader()
    folder.mkdir(parents=True)
    (folder / "version.txt").write_text(version + "\n", "utf-8")
    for service, names in operations().items():
        model = loader.load_service_model(service, "service-2")
        file = folder / service / loader.determine_latest_version(service, "service-2") / "service-2.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(_cut(model, names, version), separators=(",", ":"), sort_keys=True), "utf-8")


def _cut(model: Mapping[str, Any], names: Iterable[str], version: str) -> dict[str, Any]:
    """A model with only these operations and the shapes that they use, and without documentation."""
    kept = {name: model["operations"][name] for name in sorted(names)}
    shapes: dict[str, Any] = {}
    todo = sorted(_shapes_in(kept))
    while todo:
        name = todo.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            todo += _shapes_in(shapes[name])
    metadata = {**model["metadata"], "pinnedBy": f"botocore {version}"}
    rest = {name: model[name] for name in ("version", "clientContextParams") if name in model}
    return {**rest, "metadata": metadata, **{n: _undocumented(v) for n, v in (("operations", kept), ("shapes", shapes))}}


def _shapes_in(part: Any) -> Iterable[str]:
    """The names of the shapes that a part of a model refers to."""
    if isinstance(part, Mapping):
        if isinstance(part.get("shape"), str):
            yield part["shape"]
        for inner in part.values():
            yield from _shapes_in(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _shapes_in(inner)


def _undocumented(part: Any) -> Any:
    """A part of a model without its documentation texts. A shape's member named documentation is an object, and is kept."""
    if isinstance(part, Mapping):
        return {
            n: _undocumented(v)
            for n, v in part.items()
            if not (n in ("documentation", "documentationUrl") and isinstance(v, str))
        }
    return [_undocumented(inner) for inner in part] if isinstance(part, list) else part


def described_document() -> dict[str, Any]:
    """The content of ``described_members.json``: the members of DescribeTrainingJob's response."""
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"), "sagemaker")
    return {"botocore": pinned(), "members": _members(model.operation_model("DescribeTrainingJob").output_shape)}


def _members(shape: Shape) -> Any:
    match shape.type_name:
        case "structure":
            return {name: _members(inner) for name, inner in shape.members.items()}
        case "list":
            return _members(shape.member)
        case "timestamp":
            return "time"
        case _:
            return None


def main() -> None:
    """Write ``described_members.json`` again."""
    DESCRIBED.write_text(json.dumps(described_document(), indent=1) + "\n", "utf-8")
    sys.stdout.write(f"wrote {DESCRIBED}\n")


if __name__ == "__main__":
    main()
