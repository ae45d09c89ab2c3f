"""Turns the parts of a message into Block Kit within Slack's limits. Longer content continues in another block or message.

The limits are from docs.slack.dev/reference/block-kit/blocks: 50 blocks in a message; header 150 characters, section 3,000,
field 2,000, ten fields; actions 25 elements; data_table a header and 100 rows, 20 columns, 10,000 characters in all tables of a
message; data_visualization two in a message, title 50, six series or segments, 20 points, labels 20. For ``text``, the page of
chat.postMessage advises at most 4,000. Slack also refuses a message with about 13,200 characters in all its blocks
(``msg_blocks_too_long``). It publishes no figure for that, so pages stay well below. Characters are counted as UTF-16 units,
which is never less than Slack counts.
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

BLOCKS_MAX = 49  # Slack accepts 50; a message for a webhook gets one more, with the name of its channel
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
PAGE_CHARS_MAX = 10_000  # characters of all texts in the blocks of a message
CHARTS_MAX = 2
PAGE_SIZE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message: its blocks, and the same content as ``text`` for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...]

    @property
    def json(self) -> str:
        """The page as JSON for the outbox; ``page_of`` parses it."""
        return json.dumps({"text": self.text, "blocks": list(self.blocks)})


def page_of(text: str) -> Page:
    """Parse the text that ``Page.json`` returned."""
    found = json.loads(text)
    return Page(text=found["text"], blocks=tuple(found["blocks"]))


def pages(parts: Iterable[Part], *, native: bool = True) -> tuple[Page, ...]:
    """The parts as messages: usually one, and more if one message cannot contain them. Without ``native``, tables and charts
    become text instead of data_table and data_visualization blocks.
    """
    made: list[list[tuple[Block, str]]] = [[]]
    for unit in (unit for part in parts for unit in _units(part, native)):
        if not _fits([*made[-1], unit]):
            made.append([])
        made[-1].append(unit)
    return tuple(Page(text=_text(words for _, words in page), blocks=tuple(block for block, _ in page)) for page in made if page)


def _units(part: Part, native: bool) -> Iterable[tuple[Block, str]]:
    """The blocks of one part, each with the same content as text (empty for buttons)."""
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
    """The characters of all texts in some blocks. Values of buttons are included, because it is not known what Slack counts."""
    return sum(map(size, _texts_in(found, COUNTED)))


def _texts_in(found: Any, names: Collection[str]) -> Iterable[str]:
    if isinstance(found, dict):
        yield from (value for name, value in found.items() if name in names and isinstance(value, str))
        found = list(found.values())
    if isinstance(found, list | tuple):
        for one in found:
            yield from _texts_in(one, names)


def halves(page: Page) -> tuple[Page, Page]:
    """Split a page of several blocks into two messages, after half of the blocks."""
    middle = len(page.blocks) // 2
    rest = page.blocks[middle:]
    words = _texts_in([block for block in rest if block["type"] != "actions"], SHOWN)
    return replace(page, blocks=page.blocks[:middle]), Page(text=_text(("(continued)", *words)), blocks=rest)


def _text(words: Iterable[str]) -> str:
    """The text of a page. If it is too long, it is cut, and a last line says that the message contains more."""
    whole = "\n".join(line for line in words if line) or "A message with buttons."
    if size(whole) <= TEXT_MAX:
        return whole
    return next(iter(pieces(whole, TEXT_MAX - 40))) + "\n… The message itself contains more."


# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": mrkdwn_object(mrkdwn)}


def _header(text: str) -> Iterable[tuple[Block, str]]:
    """A header block, or sections if the text is too long for a header."""
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
    """The fields in groups for one block each: at most ten fields, and at most ``PAGE_CHARS_MAX`` characters."""
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
    """The rows in groups for one table each: at most 100 rows, and at most ``TABLE_CHARS_MAX`` characters. Raises ValueError for
    too many columns.
    """
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
    """A table as one line for each row, because aligned columns are unreadable on the screen of a phone."""
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
    """A data_visualization block and, below it, what the block cannot contain. Without ``native``, or for a chart that Slack
    cannot draw, text.
    """
    if not (native and can_be_drawn(chart)):
        yield from _units(Text(chart_text(chart)), native)
        return
    yield chart_block(chart), chart_text(chart)
    for part in beyond_the_chart(chart):
        yield from _units(part, native)


def _chunks(items: Sequence[Any], most: int) -> Iterable[Sequence[Any]]:
    return (items[i : i + most] for i in range(0, len(items), most))
