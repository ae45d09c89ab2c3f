"""``spotwarden init``: writes a policy to start with, its cases, the editor's schema and a recipe for CI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.input.options import LOCAL_FOLDER
from controller.cli.output.errors import BadInput
from controller.policyfile.json_schema import schema_text

POLICY, CASES, SCHEMA = "starter.yaml", "starter.test.yaml", ".policy.schema.json"
WORKFLOW = Path(".github", "workflows", "spotwarden.yml")
NEEDED = ("paths:", "- run: spotwarden ")  # the lines of the recipe that name the folder
PLAIN = re.compile(r"[A-Za-z0-9._/][A-Za-z0-9._/-]*")  # a path that means the same in YAML, in a shell and as a pattern of GitHub


def run(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="The folder for the policies. The recipe for CI goes into .github/workflows here, or beside an absolute DIR.",
        ),
    ] = Path(LOCAL_FOLDER),
) -> int:
    """Write the files, and print the next step. If a file of the folder exists, raises BadInput and writes none.

    An existing recipe for CI, such as that of another policy folder, is kept as it is.
    """
    texts = dict(starter_files(folder))
    recipe = _root(folder)[0] / WORKFLOW
    kept = _exists(recipe)
    wanted = texts.pop(recipe) if kept else ""
    existing = [path for path in texts if _exists(path)]
    if existing:
        names = ", ".join(map(str, existing))
        raise BadInput(f"found {names}, wanted a folder without {'it' if len(existing) == 1 else 'them'}: nothing is overwritten")
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder}: found a file, wanted a folder, or a name that does not exist")
    for path, text in texts.items():
        _write(path, text)
        print(f"wrote {path}")
    if kept:
        print(f"kept {recipe} as it is; to check {folder} in each pull request, have in it, or in another workflow:")
        for line in wanted.splitlines():
            if line.lstrip().startswith(NEEDED):
                print(line)
    print(f"next: edit {folder / POLICY}, then run: spotwarden validate {folder} && spotwarden test {folder} --coverage")
    return 0


def starter_files(folder: Path) -> Mapping[Path, str]:
    """The text of each file. The recipe for CI goes into the working directory, or beside an absolute folder. Raises BadInput."""
    root, name = _root(folder)
    if not PLAIN.fullmatch(name):
        raise BadInput(f"found the folder name {name!r}, wanted letters, digits, '.', '_', '-' and '/'")
    paths = "**" if name == "." else f"{name}/**"
    starter = files("controller").joinpath("cli", "starter")
    recipe = starter.joinpath("workflow.yml").read_text("utf-8")
    return {
        folder / POLICY: starter.joinpath(POLICY).read_text("utf-8"),
        folder / CASES: starter.joinpath(CASES).read_text("utf-8"),
        folder / SCHEMA: schema_text(),
        root / WORKFLOW: recipe.replace("{policies}/**", paths).replace("{policies}", name),
    }


def _root(folder: Path) -> tuple[Path, str]:
    """The directory for the recipe for CI, and the path of the policy folder from there."""
    if folder.resolve() == Path.cwd():
        return folder, "."
    if not folder.is_absolute() and ".." not in folder.parts:
        return Path(), folder.as_posix()
    return folder.parent, folder.name


def _exists(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _write(path: Path, text: str) -> None:
    """Write a new file. Raises BadInput if it exists by now."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise BadInput(f"{path}: found {error.strerror}, wanted a new file") from error
