"""Turns the parts of a message into Block Kit within Slack's limits. Longer content continues in another block or message.

Limits: docs.slack.dev/reference/block-kit/blocks (50 blocks a message; header 150 characters, section 3,000, field 2,000, ten
fields; actions 25 elements; data_table a header and 100 rows, 20 columns, 10,000 characters over a message's tables;
data_visualization two a message, title 50, six series or segments, 20 points, labels 20), and chat.postMessage for ``text``
(4,000 are advised). Slack also refuses a message whose blocks hold about 13,200 characters in all (``msg_blocks_too_long``); it
publishes no figure, so pages stay well below. Characters are counted as UTF-16 units, which is never less than Slack counts.
Text, Small and Fields contain mrkdwn in which other people's text is escaped; all other parts contain plain text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, assert_never

from controller.notifications.chart_blocks import beyond_the_chart, can_be_drawn, chart_block, chart_text
from controller.notifications.mrkdwn import mrkdwn_object, pieces, plain, plain_object, shortened, size
from controller.notifications.parts import Button, Buttons, Cell, Chart, Fields, Header, Number, Part, Small, Table, Text
from controller.units.free_text import one_line
from controller.units.value import dataclass

Block = dict[str, Any]

BLOCKS_MAX = 49  # Slack takes 50; one is left for the channel's name, where a webhook posts
HEADER_MAX = 150
SECTION_MAX = 3000
CONTEXT_MAX = 2000
FIELD_MAX = 2000
FIELDS_MAX = 10
BUTTONS_MAX, BUTTON_MAX = 25, 75
TEXT_MAX = 3900
ROWS_MAX = 100
COLUMNS_MAX = 20
CELL_MAX = 200
TABLE_CHARS_MAX = 9_000
PAGE_CHARS_MAX = 10_000  # of all texts in the blocks of a message
CHARTS_MAX = 2
PAGE_SIZE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message: its blocks, and the same content as ``text`` for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...]

    @property
    def json(self) -> str:
        """The page as the outbox stores it; ``page_of`` reads it."""
        return json.dumps({"text": self.text, "blocks": list(self.blocks)})


def page_of(text: str) -> Page:
    """The page that ``Page.json`` wrote."""
    found = json.loads(text)
    return Page(text=found["text"], blocks=tuple(found["blocks"]))


def pages(parts: Iterable[Part], *, native: bool = True) -> tuple[Page, ...]:
    """The parts as messages: usually one; more where one message cannot contain them. Without ``native``, Slack's own tables and
    charts are replaced by text.
    """
    made: list[list[tuple[Block, str]]] = [[]]
    for unit in (unit for part in parts for unit in _units(part, native)):
        if not _fits([*made[-1], unit]):
            made.append([])
        made[-1].append(unit)
    return tuple(Page(text=_text(words for _, words in page), blocks=tuple(block for block, _ in page)) for page in made if page)


def _units(part: Part, native: bool) -> Iterable[tuple[Block, str]]:
    """The blocks of one part, each with its text."""
    match part:
        case Header(text):
            yield from _header(text)
        case Text(mrkdwn):
            yield from ((_section(piece), piece) for piece in pieces(mrkdwn, SECTION_MAX))
        case Small(mrkdwn):
            for piece in pieces(mrkdwn, CONTEXT_MAX):
                yield {"type": "context", "elements": [mrkdwn_object(piece)]}, piece
        case Fields(mrkdwn=fields):
            yield from _fields(fields)
        case Buttons(buttons):
            for some in _chunks(buttons, BUTTONS_MAX):
                yield {"type": "actions", "elements": [_button(button) for button in some]}, ""
        case Table():
            yield from _native_table(part) if native else _plain_table(part)
        case Chart():
            yield from _chart(part, native)
        case _:
            assert_never(part)


def _fits(units: Sequence[tuple[Block, str]]) -> bool:
    kinds = [block["type"] for block, _ in units]
    cells = sum(size(cell["text"]) for block, _ in units for row in block.get("rows", ()) for cell in row)
    if len(units) > BLOCKS_MAX or kinds.count("data_visualization") > CHARTS_MAX or cells > TABLE_CHARS_MAX:
        return False
    return len(units) == 1 or sum(text_size(block) for block, _ in units) <= PAGE_CHARS_MAX


SHOWN = frozenset({"text", "title", "caption"})
COUNTED = frozenset({"text", "title", "caption", "label", "name", "value"})


def text_size(found: Any) -> int:
    """The characters of all texts in some blocks, those of buttons' values included: which of them Slack counts is not known."""
    return sum(map(size, _texts_in(found, COUNTED)))


def _texts_in(found: Any, names: Collection[str]) -> Iterable[str]:
    if isinstance(found, dict):
        yield from (value for name, value in found.items() if name in names and isinstance(value, str))
        found = list(found.values())
    if isinstance(found, list | tuple):
        for one in found:
            yield from _texts_in(one, names)


def halves(page: Page) -> tuple[Page, Page]:
    """A page of several blocks as two messages of half as many."""
    middle = len(page.blocks) // 2
    rest = page.blocks[middle:]
    words = _texts_in([block for block in rest if block["type"] != "actions"], SHOWN)
    return replace(page, blocks=page.blocks[:middle]), Page(text=_text(("(continued)", *words)), blocks=rest)


def _text(words: Iterable[str]) -> str:
    """The text of a page. Where it is too long for a notification, it says that the message contains more."""
    whole = "\n".join(line for line in words if line) or "A message with buttons."
    if size(whole) <= TEXT_MAX:
        return whole
    return next(iter(pieces(whole, TEXT_MAX - 40))) + "\n… the message itself holds more."


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": mrkdwn_object(mrkdwn)}


def _header(text: str) -> Iterable[tuple[Block, str]]:
    """A header, or a text where it is too long for a header."""
    flat = one_line(text, len(text) + 1) or "–"
    if size(flat) <= HEADER_MAX:
        yield {"type": "header", "text": plain_object(flat)}, plain(flat)
        return
    yield from ((_section(piece), piece) for piece in pieces(plain(flat), SECTION_MAX))


def _fields(fields: Sequence[str]) -> Iterable[tuple[Block, str]]:
    for some in _within_a_page([field for field in fields if 0 < size(field) <= FIELD_MAX]):
        yield {"type": "section", "fields": [mrkdwn_object(field) for field in some]}, "\n".join(some)
    for field in fields:
        if size(field) > FIELD_MAX:
            yield from ((_section(piece), piece) for piece in pieces(field, SECTION_MAX))


def _within_a_page(fields: Sequence[str]) -> Iterable[list[str]]:
    """The fields in blocks of at most ten, each within the characters of a message."""
    some: list[str] = []
    for field in fields:
        if some and (len(some) == FIELDS_MAX or sum(map(size, some)) + size(field) > PAGE_CHARS_MAX):
            yield some
            some = []
        some.append(field)
    if some:
        yield some


def _button(button: Button) -> Block:
    for name, length, most in (("value", size(button.value), 2000), ("action_id", size(button.action_id), 255)):
        if length > most:
            raise ValueError(f"button {button.text!r} has {name} of {length:,} characters, wanted at most {most:,}")
    block: Block = {
        "type": "button", "text": plain_object(shortened(button.text, BUTTON_MAX)),
        "action_id": button.action_id, "value": button.value,
    }  # fmt: skip
    if button.style:
        block["style"] = button.style
    if button.confirm:
        block["confirm"] = {
            "title": plain_object(shortened(button.text, 100)),
            "text": plain_object(shortened(button.confirm, 300)),
            "confirm": plain_object("Yes"),
            "deny": plain_object("No"),
        }
    return block


# ── tables ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _native_table(table: Table) -> Iterable[tuple[Block, str]]:
    for number, rows in enumerate(_table_rows(table)):
        caption = one_line(table.caption if number == 0 else f"{table.caption} (continued)", HEADER_MAX) or "–"
        caption = shortened(caption, HEADER_MAX)
        header = [{"type": "raw_text", "text": shortened(one_line(name, CELL_MAX) or "–", CELL_MAX)} for name in table.columns]
        cells = [[_cell(cell) for cell in row] for row in rows]
        block = {"type": "data_table", "caption": caption, "page_size": min(PAGE_SIZE, len(rows)), "rows": [header, *cells]}
        yield block, _plain_rows(replace(table, caption=caption, rows=tuple(rows)))


def _table_rows(table: Table) -> Iterable[list[tuple[Cell, ...]]]:
    """The rows as tables of at most 100 rows, each within the characters of one message."""
    if not 0 < len(table.columns) <= COLUMNS_MAX:
        raise ValueError(f"table {table.caption!r} has {len(table.columns)} columns, wanted 1 to {COLUMNS_MAX}")
    begun: list[tuple[Cell, ...]] = []
    used = head = sum(size(name) for name in table.columns)
    for row in table.rows:
        width = sum(min(size(_shown(cell)), CELL_MAX) for cell in row)
        if begun and (len(begun) == ROWS_MAX or used + width > TABLE_CHARS_MAX):
            yield begun
            begun, used = [], head
        begun.append(row)
        used += width
    if begun:
        yield begun


def _cell(cell: Cell) -> Block:
    text = shortened(one_line(_shown(cell), CELL_MAX) or "–", CELL_MAX)
    return (
        {"type": "raw_number", "value": cell.value, "text": text}
        if isinstance(cell, Number)
        else {"type": "raw_text", "text": text}
    )


def _shown(cell: Cell) -> str:
    return cell.text if isinstance(cell, Number) else cell


def _plain_table(table: Table) -> Iterable[tuple[Block, str]]:
    yield from ((_section(piece), piece) for piece in pieces(_plain_rows(table), SECTION_MAX))


def _plain_rows(table: Table) -> str:
    """A table as lines: on a phone, columns that are wider than the screen are unreadable."""
    if not table.rows:
        return f"*{plain(table.caption)}*: nothing"
    texts = (
        "• *" + plain(_shown(row[0])) + "*: " + ", ".join(
            f"{plain(column)} {plain(_shown(cell))}"
            for column, cell in zip(table.columns[1:], row[1:], strict=True)
            if _shown(cell)
        )
        for row in table.rows
    )  # fmt: skip
    return "\n".join((f"*{plain(table.caption)}*", *texts))


def _chart(chart: Chart, native: bool) -> Iterable[tuple[Block, str]]:
    """Slack's own chart, with what it has no place for below it; without ``native``, or where it cannot be drawn, as text."""
    if not (native and can_be_drawn(chart)):
        yield from _units(Text(chart_text(chart)), native)
        return
    yield chart_block(chart), chart_text(chart)
    for part in beyond_the_chart(chart):
        yield from _units(part, native)


def _chunks(items: Sequence[Any], most: int) -> Iterable[Sequence[Any]]:
    return (items[i : i + most] for i in range(0, len(items), most))
