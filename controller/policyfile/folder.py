"""Finds the policy files and the case files in a folder, and reports what looks like one but cannot be read."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from controller.policyfile.problem import BadPolicy, Level, Problem
from controller.policyfile.similar_words import similar_words

SUFFIXES = (".yaml", ".yml")
CASE_SUFFIXES = (".test.yaml", ".test.yml")
BYTES_MAX = 256_000
FILES_MAX = 1_000  # files with the name of a policy file or case file
FOLDERS_MAX = 1_000  # subfolders that are searched
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NOT_READ = "not-read"  # the code of a warning
WANTED = "a file of YAML directly in the folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """The policy files and the case files in a folder, sorted by name. ``problems``: what looks like one but is not."""

    policies: tuple[Path, ...] = ()
    cases: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()


def folder_files(folder: Path) -> FolderFiles:
    """The files in a folder. Case files (``*.test.yaml``) are in the same folder as policy files.

    Subfolders with a name that begins with a dot are not searched.
    """
    if not folder.is_dir():
        found, how = ("a file", "") if folder.exists() else ("nothing", "; spotwarden init creates one")
        return FolderFiles(problems=(_unusable(folder, found, f"a folder of policy files{how}"),))
    files: list[Path] = []
    problems: list[Problem] = []
    for number, path in enumerate(_alike(folder)):
        if number == FILES_MAX:
            problems.append(_unusable(folder, f"more than {FILES_MAX:,} files named *.yaml", "fewer in one folder"))
            break
        why = _unreadable(path, folder)
        if why:
            problems.append(_unusable(path, why, WANTED))
        else:
            files.append(path)
    policies = tuple(sorted(path for path in files if not is_case_file(path)))
    return FolderFiles(policies=policies, cases=tuple(sorted(filter(is_case_file, files))), problems=tuple(problems))


def policy_files(folder: Path) -> FolderFiles:
    """Like ``folder_files``, with a problem for a folder without policy files."""
    found = folder_files(folder)
    if found.policies or found.problems:
        return found
    return replace(found, problems=(_unusable(folder, "no policy file", "files named *.yaml"),))


def case_files(folder: Path) -> tuple[Path, ...]:
    """The case files in a folder. Raises BadPolicy with every problem."""
    found = folder_files(folder)
    if found.problems:
        raise BadPolicy(found.problems)
    return found.cases


def is_case_file(path: Path) -> bool:
    """Whether a file has the name of a case file: ``*.test.yaml``."""
    return path.name.lower().endswith(CASE_SUFFIXES)


def misspelt_files(folder: Path) -> list[Problem]:
    """A warning for each file that is not read because its suffix is almost that of a policy file, such as ``.yal``."""
    found = [(path, _almost(path)) for path in unread_files(folder) if not is_case_file(path)]
    return [
        Problem(
            file=str(path), line=1, path="", found=f"a file that is not read, because its name ends in {path.suffix}",
            wanted="files named *.yaml", suggestions=words[:1], code=NOT_READ, level=Level.WARNING,
        )
        for path, words in found
        if words
    ]  # fmt: skip


def _almost(path: Path) -> tuple[str, ...]:
    """The suffixes of policy files that are similar to the name's suffix, or before it, as in ``a.yaml.txt``."""
    inner = tuple(suffix[1:].lower() for suffix in path.suffixes if suffix.lower() in SUFFIXES)
    return inner or tuple(similar_words(path.suffix[1:], ("yaml", "yml")))


def unread_files(folder: Path) -> list[Path]:
    """The files directly in a folder that are not read as policies, except hidden files."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.is_file() and (is_case_file(path) or not path.name.lower().endswith(SUFFIXES))
    )


def read_policy(path: Path) -> str:
    """The text of a policy file. Raises ValueError with what was found."""
    try:
        with path.open("rb") as stream:
            data = stream.read(BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"a file that cannot be read ({error.strerror})") from None
    if len(data) > BYTES_MAX:
        raise ValueError(f"more than {BYTES_MAX:,} bytes")
    try:
        return data.decode("utf-8-sig")  # a byte order mark is ignored
    except UnicodeDecodeError as error:
        raise ValueError(not_utf_8(error)) from None


def not_utf_8(error: UnicodeDecodeError) -> str:
    """What was found instead of UTF-8, and what to do. UTF-16 is common: Windows PowerShell's ``>`` writes it."""
    if error.object.startswith(UTF_16):
        return "bytes that are not UTF-8 (but UTF-16: save the file as UTF-8)"
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"bytes that are not UTF-8 (in line {line}: save the file as UTF-8)"


def _unusable(path: Path, found: str, wanted: str) -> Problem:
    return Problem(file=str(path), line=1, path="", found=found, wanted=wanted, code="not-a-policy-file")


def _alike(folder: Path) -> Iterator[Path]:
    """Everything in the folder and below it with the suffix of a policy file. A folder that is linked twice is searched once."""
    seen = {os.path.realpath(folder)}
    for top, folders, files in os.walk(folder, followlinks=True):
        for name in sorted((*folders, *files)):
            if name.lower().endswith(SUFFIXES) and not (name in folders and name.startswith(".")):
                yield Path(top, name)
        folders[:] = [name for name in sorted(folders) if not name.startswith(".") and _is_first(os.path.join(top, name), seen)]


def _is_first(folder: str, seen: set[str]) -> bool:
    """Whether a folder was not searched yet. Their number is limited, because a link may lead to a whole disk."""
    place = os.path.realpath(folder)
    if place in seen or len(seen) >= FOLDERS_MAX:
        return False
    seen.add(place)
    return True


def _unreadable(path: Path, folder: Path) -> str:
    """Why a path is not a policy file; empty if it is."""
    if path.parent != folder:
        return "a policy file in a subfolder"
    if path.is_symlink() and not path.exists():
        return "a broken link"
    if path.is_dir():
        return "a folder"
    return "" if path.is_file() else "something that is not a regular file"
