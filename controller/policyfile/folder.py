"""Finds the policy files and the case files of a folder, and names everything that looks like one and cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from controller.policyfile.problem import BadPolicy, Problem

SUFFIXES = (".yaml", ".yml")
CASE_SUFFIXES = (".test.yaml", ".test.yml")
BYTES_MAX = 256_000
WANTED = "a file of YAML directly in the folder"


def policy_files(folder: Path) -> list[Path]:
    """The policy files of a folder, in the order of their names. Raises BadPolicy with everything that is no such file.

    Folders whose names begin with a dot are not looked into. Case files (``*.test.yaml``) lie beside the policies and are none.
    """
    files = [path for path in _files(folder) if not is_case_file(path)]
    if not files:
        raise BadPolicy([Problem(file=str(folder), line=1, path="", found="no policy file", wanted="files named *.yaml")])
    return files


def case_files(folder: Path) -> list[Path]:
    """The case files of a folder, in the order of their names. Raises BadPolicy like ``policy_files``."""
    return [path for path in _files(folder) if is_case_file(path)]


def is_case_file(path: Path) -> bool:
    """Whether a file has the name of a case file: ``*.test.yaml``."""
    return path.name.lower().endswith(CASE_SUFFIXES)


def unread_files(folder: Path) -> list[Path]:
    """The files directly in a folder that are not read as policies, but for hidden ones."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.is_file() and (is_case_file(path) or not path.name.lower().endswith(SUFFIXES))
    )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise BadPolicy([Problem(file=str(folder), line=1, path="", found=found, wanted="a folder of policy files")])
    files, problems = [], []
    for path in _alike(folder):
        why = _unreadable(path, folder)
        if why:
            problems.append(Problem(file=str(path), line=1, path="", found=why, wanted=WANTED))
        else:
            files.append(path)
    if problems:
        raise BadPolicy(problems)
    return sorted(files)


def read_policy(path: Path) -> str:
    """The text of a policy file. Raises ValueError, which says what was found."""
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"a file that cannot be read ({error.strerror})") from None
    if len(data) > BYTES_MAX:
        raise ValueError(f"more than {BYTES_MAX:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"bytes that are not UTF-8 (at {error.start})") from None


def _alike(folder: Path) -> Iterator[Path]:
    """Everything in the folder, and below it, whose name ends like that of a policy file."""
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in (*folders, *files):
            if name.lower().endswith(SUFFIXES):
                yield Path(top, name)


def _unreadable(path: Path, folder: Path) -> str:
    """Why a path is no policy file; empty where it is one."""
    if path.parent != folder:
        return "a policy file in a folder below"
    if path.is_symlink() and not path.exists():
        return "a link to nothing"
    if path.is_dir():
        return "a folder"
    return "" if path.is_file() else "something that is no regular file"
