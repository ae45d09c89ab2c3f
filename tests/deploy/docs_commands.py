"""The commands that the docs tell a reader to run, as words."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import typer

import controller.cli
from controller.cli.output.usage import usage_error
from tests.deploy.aws_cli import NoSuchCommand, call_of

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
PAGES = sorted(page for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")] if page.name != "CHANGELOG.md")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
READ = re.compile(r"\s*(?:\.venv/bin/)?(?:aws|make|spotwarden) ")
OTHERS = ("git", "cd", "cp", "source")  # in the steps of the installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command: the page, whether it stands whole in a block of code, its words, and the file that takes what it prints."""

    page: str
    whole: bool
    words: tuple[str, ...]
    into: str = ""

    @property
    def program(self) -> str:
        return self.words[0].removeprefix(".venv/bin/")

    def with_values(self, values: Mapping[str, str]) -> Command:
        """The command with values in place of the names in capitals; raises KeyError for a name without one."""
        return replace(self, words=tuple(filled(word, values) for word in self.words))

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


OF_AWS = frozenset({"ALL", "HASH", "INCLUDE", "PAY_PER_REQUEST", "RANGE"})  # values of DynamoDB, and no names to fill in


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with values in place of names in capitals, as the docs write them; raises KeyError for a name without one."""
    return re.sub(
        r"(?<![A-Za-z$_-])[A-Z][A-Z_]{2,}(?![A-Za-z_=])", lambda found: found[0] if found[0] in OF_AWS else values[found[0]], text
    )


def section(page: Path, heading: str) -> str:
    """The text below a heading, up to the next heading."""
    text = page.read_text("utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no heading {heading!r}"
    return found[1]


def blocks(text: str, page: str) -> list[Command]:
    """Every command of the blocks marked ``sh``. A program that is not known here fails."""
    found = [one for kind, body in FENCE.findall(text) if kind == "sh" for line in body.splitlines() for one in _of(line, page)]
    assert {one.program for one in found} <= {"aws", "make", "spotwarden", *OTHERS}
    return found


def every_command(page: Path) -> Iterator[Command]:
    """The commands of a page that can be held to something, in blocks and in the text: of ``aws``, ``make``, ``spotwarden``."""
    text = page.read_text("utf-8")
    for _, body in FENCE.findall(text):
        for line in filter(READ.match, body.splitlines()):
            yield from _of(line, page.name)
    for span in map(" ".join, map(str.split, SPAN.findall(FENCE.sub("", text)))):
        if READ.match(span) and span.count(" ") > 1 and not span.startswith("make "):  # names alone: tests/style/test_docs.py
            yield from (replace(one, whole=False) for one in _of(span, page.name))


def _of(line: str, page: str) -> Iterator[Command]:
    words: list[str] = []
    for word in (*shlex.split(line, comments=True), "&&"):
        if word != "&&":
            words.append(word)
            continue
        into = words[words.index(">") + 1] if ">" in words else ""
        if into:
            words = words[: words.index(">")]
        yield Command(page=page, whole=True, words=tuple(words), into=into)
        words = []


# ── what each program takes ──────────────────────────────────────────────────────────────────────────────────────────────────


def mistake(command: Command) -> str:
    """What is wrong with a command; empty where its program takes it."""
    match command.program:
        case "aws":
            try:
                call_of(command.words[1:])
            except NoSuchCommand as problem:
                return "" if not command.whole and "Missing required" in str(problem) else str(problem)
        case "make":
            return _make_mistake(command.words[1:])
        case "spotwarden":
            return _spotwarden_mistake(command)
    return ""


def recipe(words: Sequence[str], folder: Path) -> list[list[str]]:
    """The lines that ``make`` would run in a checkout, without the environments that it makes first. Raises ValueError."""
    asked = ["make", "--dry-run", "PYTHON=python3", "-o", ".venv/installed", "-o", ".venv-docs/installed", *words]
    apart = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # of a make that runs the tests
    done = subprocess.run(  # noqa: S603  # words of our own docs
        asked, check=False, capture_output=True, text=True, cwd=folder, env=apart
    )
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return [shlex.split(line) for line in done.stdout.replace("\\\n", " ").splitlines()]


@cache
def _make_mistake(words: tuple[str, ...]) -> str:
    known = set(re.findall(r"\$[({](?:if )?(?:\$\()?([A-Z_]+)", (ROOT / "Makefile").read_text("utf-8")))
    known |= {"DELETE_LEDGER", "REVERT_DRIFT"}  # read in a filter
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and name not in known:
            return f"the Makefile reads no {name}"
    try:
        recipe(words, ROOT)
    except ValueError as problem:
        return str(problem)
    return ""


def _spotwarden_mistake(command: Command) -> str:
    """What the command line says to these words, which are read and not run."""
    if command.words[1:] == ("--install-completion",):  # typer does it while it reads
        return ""
    words = [word.partition("|")[0] if "{" not in word else word for word in command.words[1:]]
    arguments = [word.strip("[]…") for word in words if word.strip("[]…")]
    at: Any = typer.main.get_command(controller.cli.app_for(arguments))
    name, context = "spotwarden", None
    try:
        while True:
            context = at.make_context(name, list(arguments), parent=context)
            if not hasattr(at, "resolve_command"):
                return ""
            rest = [*getattr(context, "_protected_args", ()), *context.args]
            name, at, arguments = at.resolve_command(context, rest)
    except typer.Exit:  # --help and --version
        return ""
    except typer.TyperException as error:
        missing = any(part in error.format_message() for part in ("Missing", "requires an argument"))
        return "" if missing and not command.whole else usage_error(error)
