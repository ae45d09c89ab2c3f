"""Checks the Terraform module against the AWS provider's schema: ``python -m infra.lint_terraform``, part of ``make lint-stack``.

Terraform's own ``validate`` needs the provider, which is in no package registry. But PyPI has the bindings of CDK for Terraform,
which were generated from the provider's schema. The module is parsed with python-hcl2, in an environment of its own; then each
resource, argument and reference is checked. A test runs ``terraform fmt`` if terraform is installed.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.tool_environment import PIP_OPTIONS, NotInstalled, programs_of

ROOT = Path(__file__).resolve().parents[1]
MODULE = ROOT / "infra" / "terraform"
BUILD = ROOT / "build" / "lint-terraform"
PARSER = ("python-hcl2==8.1.4",)
BINDINGS = "cdktf-cdktf-provider-aws==21.22.1"  # generated from version 6.25.0 of the provider
READ = """
import hcl2, json, pathlib, sys
print(json.dumps([hcl2.loads(file.read_text()) for file in sorted(pathlib.Path(sys.argv[1]).glob("*.tf"))]))
"""
NOT_OF_THE_SCHEMA = frozenset({"connection", "provisioners", "depends_on", "count", "for_each", "lifecycle", "provider"})
REFERENCE = re.compile(r"\b(var|local|aws_\w+)\.(\w+)")


def parsed(folder: Path) -> list[dict[str, Any]]:
    """Return the parsed files of a module. Raises NotInstalled without python-hcl2, ValueError for a file with an error."""
    python = programs_of(BUILD / "parser", PARSER) / "python"
    done = subprocess.run([str(python), "-c", READ, str(folder)], check=False, capture_output=True, text=True)  # noqa: S603  # our own arguments
    if done.returncode:
        raise ValueError(f"{folder} is not a Terraform module: {done.stderr.strip()[-500:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout, object_hook=_without_notes)
    return found


def _without_notes(block: dict[str, Any]) -> dict[str, Any]:
    """A block without the keys that the parser adds, such as comments."""
    return {key: value for key, value in block.items() if not key.startswith("__")}


def bindings() -> Path:
    """Return the path of the wheel with the provider's schema, and download it if it is missing. Raises NotInstalled."""
    BUILD.mkdir(parents=True, exist_ok=True)
    if not any(BUILD.glob("cdktf*.whl")):
        command = [sys.executable, "-m", "pip", "download", *PIP_OPTIONS, "--no-deps", "--dest", str(BUILD), BINDINGS]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own arguments
        if done.returncode:
            raise NotInstalled(f"{BINDINGS} cannot be had:\n{done.stderr[-500:]}")
    return next(BUILD.glob("cdktf*.whl"))


def arguments(source: str) -> dict[str, bool]:
    """Return the arguments of a resource from the source of its binding, each with whether it is required. Raises ValueError."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Config") and "MetaArguments" in ast.unparse(node.bases[0]):
            [init] = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
            pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
            return {one.arg.rstrip("_"): default is None for one, default in pairs if one.arg not in NOT_OF_THE_SCHEMA}
    raise ValueError("the binding has no class of a resource's arguments")


def schema(wheel: Path, kinds: set[str]) -> dict[str, dict[str, bool]]:
    """Return the arguments of each of these kinds of resources; kinds that the provider does not have are left out."""
    found = {}
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        for kind in kinds:
            place = f"cdktf_cdktf_provider_aws/{kind.removeprefix('aws_')}/__init__.py"
            if place in names:
                found[kind] = arguments(content.read(place).decode())
    return found


def resources(files: list[dict[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the resources of a module, by kind and name."""
    return {
        (_plain(kind), _plain(name)): body
        for file in files for block in file.get("resource", ()) for kind, named in block.items() for name, body in named.items()
    }  # fmt: skip


def problems(files: list[dict[str, Any]], known: Mapping[str, Mapping[str, bool]]) -> Iterator[str]:
    """Yield what is wrong with a module: unknown kinds, arguments and references, and required arguments that are missing."""
    made = resources(files)
    for (kind, name), body in made.items():
        if kind not in known:
            yield f"{kind}.{name}: the provider has no such resource"
            continue
        given = set(body)
        for key in sorted(given - set(known[kind]) - NOT_OF_THE_SCHEMA):
            yield f"{kind}.{name}: found the argument {key}, which the provider does not know"
        for key in sorted(key for key, required in known[kind].items() if required and key not in given):
            yield f"{kind}.{name}: the argument {key} is missing"
    variables = {_plain(name) for file in files for block in file.get("variable", ()) for name in block}
    local = {key for file in files for block in file.get("locals", ()) for key in block}
    for what, name in sorted(set(REFERENCE.findall(json.dumps(files)))):
        there = name in {"var": variables, "local": local}.get(what, {name for kind, name in made if kind == what})
        if not there:
            yield f"{what}.{name} is referred to, and is not there"


def _plain(name: str) -> str:
    return name.strip('"')


def main() -> int:
    """Check the module; returns the exit code."""
    try:
        files = parsed(MODULE)
        found = list(problems(files, schema(bindings(), {kind for kind, _ in resources(files)})))
    except (NotInstalled, ValueError) as why:
        print(why, file=sys.stderr)
        return 2
    print("\n".join(found) or f"the Terraform module agrees with the schema of {BINDINGS}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
