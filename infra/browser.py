"""Takes a picture of a page in a headless browser.

python -m infra.browser URL_OR_FILE OUT.png [--width 1280] [--dark] [--at SELECTOR [--open]]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Otherwise, a bar that stays at the top of the page would cover the beginning of the element.
UNPIN = """() => { for (const e of document.querySelectorAll('body *'))
  if (['sticky', 'fixed'].includes(getComputedStyle(e).position)) e.style.position = 'static' }"""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of the browser; None if none is installed."""
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


@contextmanager
def looking(address: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[tuple[Any, list[str]]]:
    """Open a URL or a file in a headless browser. Yields Playwright's page, and a list to which errors of its console are added.

    Raises RuntimeError if no browser is installed.
    """
    from playwright.sync_api import sync_playwright

    executable = chromium()
    if executable is None:
        raise RuntimeError(f"none of {', '.join(CHROMIUM)} is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
            errors: list[str] = []
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(address if "://" in address else Path(address).resolve().as_uri())
            yield page, errors
        finally:
            browser.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Take a picture from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.browser", description=__doc__)
    parser.add_argument("address", help="a URL, or a file")
    parser.add_argument("picture", type=Path, help="where the PNG goes")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    parser.add_argument("--height", type=int, default=900, help="of the window, in pixels")
    parser.add_argument("--dark", action="store_true", help="use the dark colours")
    parser.add_argument("--at", default="", help="what to show: a CSS selector")
    parser.add_argument("--open", action="store_true", help="with --at: open its threads first")
    asked = parser.parse_args(argv)
    try:
        with looking(asked.address, width=asked.width, height=asked.height, dark=asked.dark) as (page, _):
            if asked.at:
                shown = page.locator(asked.at).first
                page.evaluate(UNPIN)
                if asked.open:
                    shown.evaluate("element => element.querySelectorAll('details').forEach(d => d.open = true)")
                shown.screenshot(path=asked.picture)
            else:
                page.screenshot(path=asked.picture)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
