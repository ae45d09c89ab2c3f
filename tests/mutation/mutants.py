"""Lists the mutants of a file: every change that one of mutmut's operators can make to one node of its syntax tree."""

from __future__ import annotations

import ast
import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import deep_replace
from mutmut.mutation.mutators import mutation_operators, operator_string

PACKAGES = ("decide", "jobs", "ledger", "notifications", "policy", "savings", "units")
TEXTS = ("notifications",)  # here strings are what people read: other tests hold the texts
TYPE_MAKERS = ("TypeVar", "NewType", "ParamSpec")
SKIPPED_CALLS = ("len", "isinstance", "cast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change to one file. ``first`` and ``last`` are the lines of the changed node in the original."""

    path: str
    first: int
    last: int
    in_function: bool  # otherwise the line runs once, when its module is imported
    removed: tuple[str, ...]
    added: tuple[str, ...]
    source: str

    @property
    def module(self) -> str:
        """The dotted name of the changed module."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> str:
        """The name of the package below ``controller``."""
        return self.path.split("/")[1]

    @property
    def change(self) -> str:
        """The lines that the mutant takes out and adds, each after its sign."""
        return "\n".join([f"    - {line.strip()}" for line in self.removed] + [f"    + {line.strip()}" for line in self.added])

    def __str__(self) -> str:
        return f"{self.path}:{self.first}\n{self.change}"


def sample(root: Path, packages: Sequence[str], size: int, rng: Random) -> tuple[list[Mutant], int]:
    """Draw mutants of some packages below ``root``/controller, without repetition; and the number of all there are."""
    paths = [path for package in packages for path in sorted((root / "controller" / package).rglob("*.py"))]
    files = [_File(path.relative_to(root).as_posix(), path.read_text()) for path in paths]
    changes = [(file, index) for file in files for index in range(len(file.changes))]
    rng.shuffle(changes)
    mutants = (mutant for file, index in changes if (mutant := file.mutant(index)) is not None)
    return list(islice(mutants, size)), len(changes)


def printed(root: Path, output: str) -> list[Mutant]:
    """The mutants that an earlier run printed, made again from the files of today; without those whose lines changed since."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for path, change in re.findall(r"^\[\d+/\d+\] .*: (\S+):\d+\n((?:    [-+] .*\n)+)", output, re.MULTILINE):
        wanted[path].add(change.rstrip("\n"))
    found: dict[str, Mutant] = {}
    for path, changes in sorted(wanted.items()):
        for mutant in _File(path, (root / path).read_text()).mutants_of(changes):
            found.setdefault(f"{path} {mutant.change}", mutant)
    return list(found.values())


class _File:
    """A source file and all changes that can be made to it."""

    def __init__(self, path: str, source: str) -> None:
        self._path, self._source = path, source
        self._wrapper = MetadataWrapper(cst.parse_module(source))
        nodes = _Nodes(texts=path.split("/")[1] in TEXTS)
        self._wrapper.visit(nodes)
        self.changes = nodes.changes

    def mutants_of(self, changes: Collection[str]) -> Iterator[Mutant]:
        """Those whose change is one of these; only nodes in a line that is taken out are tried."""
        lines = self._source.splitlines()
        for index, (node, _, _) in enumerate(self.changes):
            at = self._wrapper.resolve(PositionProvider)[node]
            if any(f"    - {line.strip()}\n" in change for line in lines[at.start.line - 1 : at.end.line] for change in changes):
                mutant = self.mutant(index)
                if mutant is not None and mutant.change in changes:
                    yield mutant

    def mutant(self, index: int) -> Mutant | None:
        """Make one of the changes; None when what comes of it is not Python."""
        node, changed, in_function = self.changes[index]
        code = deep_replace(self._wrapper.module, node, changed).code
        try:
            ast.parse(code)
        except SyntaxError:
            return None
        position = self._wrapper.resolve(PositionProvider)[node]
        diff = list(difflib.unified_diff(self._source.splitlines(), code.splitlines(), n=0, lineterm=""))[2:]
        return Mutant(
            path=self._path, first=position.start.line, last=position.end.line, in_function=in_function, source=code,
            removed=tuple(line[1:] for line in diff if line[0] == "-"), added=tuple(line[1:] for line in diff if line[0] == "+"),
        )  # fmt: skip


class _Nodes(cst.CSTVisitor):
    """Collects what the operators can change: a node, its replacement, and whether it is inside a function."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, *, texts: bool) -> None:
        super().__init__()
        self.changes: list[tuple[cst.CSTNode, cst.CSTNode, bool]] = []
        self._texts = texts
        self._depth = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_never_run(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            self._depth += 1
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                changes = self._string(node) if operator is operator_string else operator(node)
                self.changes += [(node, changed, self._depth > 0) for changed in changes]
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if isinstance(node, cst.FunctionDef | cst.Lambda):
            self._depth -= 1

    def _string(self, node: cst.CSTNode) -> list[cst.CSTNode]:
        """One change for a string that a program reads; none for a sentence, which only people read."""
        if self._texts or not isinstance(node, cst.SimpleString) or " " in node.raw_value:
            return []
        return list(operator_string(node))[:1]


def _is_never_run(node: cst.CSTNode) -> bool:
    """Whether a node only says something about types, or makes a class what it is."""
    match node:
        case cst.Annotation() | cst.Decorator() | cst.Import() | cst.ImportFrom() | cst.Assert():
            return True
        case cst.Call(func=cst.Name(value=name)):
            return name in SKIPPED_CALLS
        case cst.Assign(value=cst.Call(func=cst.Name(value=name))):
            return name in TYPE_MAKERS
        case (
            cst.Assign(value=cst.BinaryOperation(operator=cst.BitOr()))
            | cst.AnnAssign(annotation=cst.Annotation(annotation=cst.Name(value="TypeAlias")))
        ):
            return True
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.SimpleString())]):
            return True
    return False
