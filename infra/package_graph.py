"""Draws which packages import which, from the source: ``python -m infra.package_graph`` writes docs/packages.svg.

There is one row and one column for each package, in the order of the import contract. A dot means that the package of the row
imports the package of the column. Imports point down, so every dot is on the right of the diagonal.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Sequence
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "packages.svg"
TOP = ("infra", "handlers")
NAME_WIDTH, CELL, HEAD, TEXT_WIDTH = 110, 26, 100, 640


def packages() -> tuple[str, ...]:
    """The packages in the order of the import contract, the highest layer first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return TOP + tuple(f"controller.{name.strip()}" for layer in layers for name in layer.split("|"))


def imports(names: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Pairs of packages of which the first imports the second."""
    # Without the cache: it compares times of files, and misses a change if a checkout sets a file's time back.
    graph = grimp.build_graph("controller", "handlers", "infra", cache_dir=None)

    def package_of(module: str) -> str | None:
        return next((name for name in names if module == name or module.startswith(f"{name}.")), None)

    found = {
        (package_of(module), package_of(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return frozenset((above, below) for above, below in found if above and below and above != below)


def purpose(name: str) -> str:
    """The first sentence of a package's docstring."""
    path = ROOT / name.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(source.read_text("utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split()).split(". ")[0].rstrip(".").replace("``", "")


def picture() -> str:
    """The picture, as SVG."""
    names = packages()
    dots = imports(names)
    left, right = NAME_WIDTH, NAME_WIDTH + CELL * len(names)
    width, height = right + TEXT_WIDTH, HEAD + CELL * len(names) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for row, name in enumerate(names):
        y, x = HEAD + CELL * row, left + CELL * row
        short = escape(name.removeprefix("controller."))
        if row % 2 == 0:
            parts.append(f'<rect y="{y}" width="{width}" height="{CELL}" fill="#eef4f3"/>')
        parts.append(f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" fill="#b9c7c5"/>')
        parts.append(f'<text x="8" y="{y + 17}" font-weight="bold" fill="#123330">{short}</text>')
        parts.append(f'<text transform="translate({x + 17},{HEAD - 8}) rotate(-60)" fill="#123330">{short}</text>')
        parts.append(f'<text x="{right + 10}" y="{y + 17}" fill="#333333" font-size="11">{escape(_short(purpose(name)))}</text>')
        for column, below in enumerate(names):
            if (name, below) in dots:
                parts.append(f'<circle cx="{left + CELL * column + 13}" cy="{y + 13}" r="6" fill="#00796b"/>')
    return "\n".join([*parts, "</svg>", ""])


def _short(text: str, longest: int = 105) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rsplit(' ', 1)[0].rstrip(',')} …"


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
