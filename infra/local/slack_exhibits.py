"""Draws what of a message is more than text: buttons, tables, charts and forms. Everything a message says is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

import pygal
from pygal.style import Style

COMMAND = (
    '<form class="say" method="post" action="/do/command"><input name="text" value="help" aria-label="The words after /spot">'
    "<button>/spot</button></form>"
)
STYLE = Style(
    background="transparent", plot_background="transparent", foreground="var(--faint)", foreground_strong="var(--ink)",
    foreground_subtle="var(--line)", colors=("#12936b", "#4f83e0", "#d3602a", "#8a6fd1", "#b3892a", "#5b7a8c"),
    font_family="inherit", label_font_size=14, major_label_font_size=14, legend_font_size=15,
)  # fmt: skip
SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)  # pygal's configuration, for a script that is not there
KINDS = {"bar": pygal.Bar, "line": pygal.Line, "area": pygal.Line}


def buttons(block: Mapping[str, Any], ts: str, live: bool) -> str:
    """Each button a form of its own, which works without a script."""
    told = "".join(_button(element, ts, live) for element in block["elements"])
    note = "" if live else "<small>Buttons work on the live page.</small>"
    return f'<div class="buttons">{told}{note}</div>'


def _button(element: Mapping[str, Any], ts: str, live: bool) -> str:
    words, confirm = _attribute(element["text"]["text"]), element.get("confirm")
    title = f' title="{_attribute(confirm["text"]["text"])}"' if confirm else ""
    looks = f'class="{_attribute(element.get("style", ""))}"{title}{"" if live else " disabled"}'
    hidden = f'<input type="hidden" name="ts" value="{_attribute(ts)}">'
    hidden += f'<input type="hidden" name="action_id" value="{_attribute(element["action_id"])}">'
    return f'<form method="post" action="/do/press">{hidden}<button {looks}>{words}</button></form>'


def table(block: Mapping[str, Any]) -> str:
    head, *rows = block["rows"]
    columns = "".join(f'<th scope="col">{escape(cell["text"])}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    label = _attribute(block["caption"])
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption>{escape(block['caption'])}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(cell: Mapping[str, Any]) -> str:
    return f"<td{'' if cell['type'] == 'raw_number' else ' class=text'}>{escape(cell['text'])}</td>"


def chart(block: Mapping[str, Any]) -> str:
    """The chart, and its values in a table for who cannot see it."""
    found = block["chart"]
    categories = found["axis_config"]["categories"]
    drawn = KINDS[found["type"]](
        style=STYLE, js=[], width=760, height=300, legend_at_bottom=True, show_minor_y_labels=False, pretty_print=False,
        disable_xml_declaration=True, no_prefix=True, explicit_size=False, x_label_rotation=20, fill=found["type"] == "area",
    )  # fmt: skip
    drawn.uuid = "chart"
    drawn.x_labels = categories
    for series in found["series"]:
        drawn.add(series["name"], [point["value"] for point in series["data"]])
    svg = SCRIPT.sub("", drawn.render(is_unicode=True)).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    rows = [[{"type": "raw_text", "text": label}, *_values(found, n)] for n, label in enumerate(categories)]
    head = [{"type": "raw_text", "text": name} for name in ("", *(series["name"] for series in found["series"]))]
    values = table({"caption": f"{block['title']}: the values", "rows": [head, *rows]})
    label = _attribute(f"{block['title']} ({found['type']} chart)")
    return (
        f'<figure><b>{escape(block["title"])}</b><div role="img" aria-label="{label}">{svg}</div>'
        f"<details><summary>The values</summary>{values}</details></figure>"
    )


def _values(found: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    return [{"type": "raw_number", "text": f"{series['data'][number]['value']:,.2f}"} for series in found["series"]]


def modal(view: Mapping[str, Any]) -> str:
    """A modal as a form."""
    fields = "".join(_field(block, view["errors"].get(block["block_id"], "")) for block in view["blocks"])
    hidden = f'<input type="hidden" name="view" value="{_attribute(view["id"])}">'
    submit = f'<button class="primary" formaction="/do/submit">{escape(view["submit"]["text"])}</button>'
    cancel = f'<button formaction="/do/cancel" formnovalidate>{escape(view["close"]["text"])}</button>'
    title = escape(view["title"]["text"])
    return (
        f'<form class="modal" method="post" role="dialog" aria-label="{_attribute(view["title"]["text"])}"><b>{title}</b>'
        f'{hidden}{fields}<div class="buttons">{submit}{cancel}</div></form>'
    )


def _field(block: Mapping[str, Any], error: str) -> str:
    element, label = block["element"], escape(block["label"]["text"])
    name = _attribute(element["action_id"])
    match element["type"]:
        case "static_select":
            options = "".join(
                f'<option value="{_attribute(o["value"])}">{escape(o["text"]["text"])}</option>' for o in element["options"]
            )
            control = f'<select id="f-{name}" name="{name}">{options}</select>'
        case "datepicker":
            control = f'<input id="f-{name}" name="{name}" type="date" value="{_attribute(element.get("initial_date", ""))}">'
        case _ if element.get("multiline"):
            control = f'<textarea id="f-{name}" name="{name}" rows="3"></textarea>'
        case _:
            control = f'<input id="f-{name}" name="{name}">'
    wrong = f'<span class="error">{escape(error)}</span>' if error else ""
    return f'<label for="f-{name}">{label}</label>{control}{wrong}'


def _attribute(text: str) -> str:
    return escape(str(text), quote=True)
