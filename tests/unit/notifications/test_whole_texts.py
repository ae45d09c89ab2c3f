"""``golden/`` has whole reports, digests and cards, so that each change of them is visible in a review.

``python -m tests.unit.notifications.test_whole_texts`` writes the files again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from controller.decide import decide
from controller.decide.facts import Facts
from controller.notifications.block_kit import Page, pages
from controller.notifications.card import card
from controller.notifications.digest import DigestNotes, digest_parts
from controller.notifications.report_formats.as_csv import as_csv
from controller.notifications.report_formats.as_html import as_html
from controller.notifications.report_formats.as_json import as_json
from controller.notifications.report_formats.as_text import as_text
from tests.builders import BEGIN
from tests.unit.decide.scenes import SCENES
from tests.unit.notifications.month import MONTH, NOTES, REPORTS

FOLDER = Path(__file__).with_name("golden")
SIZES = re.compile(r"<style>.*?</style>|<svg.*?>|<path.*?/>|<(?:rect|line|circle|g)\b[^>]*>|\b[xy]=\"[-0-9.]+\"", re.S)


def _html() -> str:
    """The HTML pages without styles and shapes of charts: texts, numbers and tables remain."""
    return _each((name, SIZES.sub("", as_html(report))) for name, report in REPORTS.items() if name != "team")


def _digests() -> str:
    return _each(
        (name, _blocks(pages(digest_parts(report, MONTH, NOTES.get(name, DigestNotes()))))) for name, report in REPORTS.items()
    )


def _cards() -> str:
    """The text and the buttons of each card; of the first card, also all blocks."""
    made = {title: pages(_card(facts)) for title, facts in SCENES.items()}
    first, *_ = made.values()
    return _each((title, _with_buttons(found)) for title, found in made.items()) + _blocks(first) + "\n"


def _card(facts: Facts) -> Iterable[object]:
    """The card of a lineage after the decision is committed."""
    decision, known = decide(facts), facts.lineage
    intents = {intent.key: intent for intent in (*known.intents, *decision.intents)}
    after = replace(known, entries=(*known.entries, *decision.entries), intents=tuple(intents.values()))
    return card(after, facts.policy, facts.now, facts.rate, address="https://api/x")


def _with_buttons(made: tuple[Page, ...]) -> str:
    buttons = [
        f"[{button['text']['text']}] {button['action_id']} {button.get('style', '')} {button['value']}"
        for page in made for block in page.blocks if block["type"] == "actions" for button in block["elements"]
    ]  # fmt: skip
    return "\n".join((*(page.text for page in made), *buttons))


def _blocks(made: tuple[Page, ...]) -> str:
    return "\n".join(f"{page.text}\n{page.json}" for page in made)


def _each(texts: Iterable[tuple[str, str]]) -> str:
    return "\n\n".join(f"# {title}\n\n{text.rstrip()}" for title, text in texts) + "\n"


GOLDEN: Mapping[str, Callable[[], str]] = {
    "reports.txt": lambda: _each((name, as_text(report)) for name, report in REPORTS.items()),
    "reports.csv.txt": lambda: _each((name, as_csv(report).replace("\r\n", "\n")) for name, report in REPORTS.items()),
    "reports.json.txt": lambda: as_json(REPORTS["week"]) + "\n",
    "reports.html.txt": _html,
    "digests.txt": _digests,
    "cards.txt": _cards,
}


@pytest.mark.parametrize("name", GOLDEN)
def test_each_text_is_as_in_the_golden_file(name: str) -> None:
    found, wanted = GOLDEN[name](), (FOLDER / name).read_text("utf-8")
    assert found == wanted, "look at the difference, and write the file again if it is meant (see the docstring)"


def test_the_month_has_each_kind_of_content() -> None:
    assert all((MONTH.movers, MONTH.trend or MONTH.forecast, MONTH.refused, MONTH.signals, MONTH.violations, MONTH.interruptions))
    assert MONTH.deadlines_kept
    assert MONTH.deadlines_missed
    assert MONTH.origin is not None
    assert MONTH.origin.made_at > BEGIN


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in GOLDEN.items():
        (FOLDER / file).write_text(text(), "utf-8")
