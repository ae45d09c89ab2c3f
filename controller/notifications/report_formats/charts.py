"""The charts of the HTML page as SVG, drawn by pygal: no script, no rotated text, ticks at round amounts, labels beside the data.

The drawing is 480 units wide with text of 16 units, so it is legible at 390 pixels and on A4. The three colours, from the palette
by Okabe and Ito, differ for colour-blind readers and have enough contrast on light and dark backgrounds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import ceil, floor, log10

import pygal
from markupsafe import Markup
from pygal.style import Style

SCRIPT = re.compile(r"<script.*?</script>", re.DOTALL)  # pygal adds its configuration for a script that the page does not load
WIDTH = 480
ROW = 62  # the height of a group of three bars
NAME_MAX = 14
TICKS = 4
LABELS_MOST = 6  # on the axis of days
STYLE = Style(
    background="transparent", plot_background="transparent", foreground="var(--soft)", foreground_strong="var(--text)",
    foreground_subtle="var(--line)", colors=("#009e73", "#0072b2", "#d55e00"), font_family="inherit", label_font_size=16,
    major_label_font_size=16, legend_font_size=16, value_font_size=14, tooltip_font_size=14, value_label_font_size=15,
    opacity="1", guide_stroke_color="var(--line)", major_guide_stroke_color="var(--line)", guide_stroke_dasharray="1,0",
    major_guide_stroke_dasharray="1,0", value_colors=("var(--text)", "var(--text)", "var(--text)"),
)  # fmt: skip
Series = Sequence[tuple[str, Sequence[float]]]


def bars(names: Sequence[str], series: Series) -> Markup:
    """A group of horizontal bars for each name, with the amount at the end of each bar."""
    values = [value for _, amounts in series for value in amounts]
    chart = _chart(
        pygal.HorizontalBar, values, 96 + ROW * len(names), len(series), print_values=True, print_values_position="top"
    )
    chart.x_labels = [_short(name) for name in reversed(names)]
    for name, amounts in series:
        chart.add(name, [value if value else None for value in reversed(amounts)])
    return _svg(chart)


def lines(days: Sequence[str], series: Series) -> Markup:
    """A line for each series over days, with the last amount at its end."""
    values = [value for _, amounts in series for value in amounts]
    chart = _chart(
        pygal.Line, values, 330, len(series), dots_size=2.5, print_labels=True, show_minor_x_labels=False,
        x_labels_major_every=max(1, ceil(len(days) / LABELS_MOST)), show_x_guides=False,
    )  # fmt: skip
    chart.x_labels = list(days)
    for name, amounts in series:
        last = {"value": amounts[-1], "label": amount(amounts[-1])}
        chart.add(name, [*amounts[:-1], last], stroke_style={"width": 2.5})
    return _svg(chart)


def amount(value: float) -> str:
    """An amount in dollars as text: without cents from 100 dollars on, and for whole amounts."""
    sign, size = "-" if value < 0 else "", abs(value)
    return f"{sign}${size:,.0f}" if size >= 100 or size == round(size) else f"{sign}${size:,.2f}"


def ticks(low: float, high: float) -> list[float]:
    """At most seven round amounts whose range contains zero, ``low`` and ``high``."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-6:  # less than a micro-dollar
        return [0.0, 1.0]
    raw = (high - low) / TICKS
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return [round(n * step, 6) for n in range(floor(low / step), ceil(high / step) + 1)]


def _short(name: str) -> str:
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"


def _chart(kind: type, values: Sequence[float], height: int, legends: int, **looks: object) -> pygal.graph.graph.Graph:
    marks = ticks(min(values, default=0), max(values, default=0))
    chart = kind(
        style=STYLE, js=[], width=WIDTH, height=height, legend_at_bottom=True, legend_at_bottom_columns=legends,
        legend_box_size=14, truncate_label=-1, truncate_legend=-1,
        show_minor_y_labels=True, pretty_print=False, disable_xml_declaration=True, no_prefix=True, explicit_size=False,
        value_formatter=amount, range=(marks[0], marks[-1]), margin=6, margin_right=64, spacing=8, **looks,
    )  # fmt: skip
    chart.y_labels = marks
    chart.uuid = "chart"  # the same report gives the same page
    return chart


def _svg(chart: pygal.graph.graph.Graph) -> Markup:
    """The chart as markup. pygal escapes the names in it, which a test in test_report_formats.py checks."""
    svg = SCRIPT.sub("", chart.render(is_unicode=True)).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
    svg = svg.replace('class="value">-', 'class="value below">-')  # a negative amount is on the left of its bar
    return Markup(svg)  # noqa: S704 - pygal escapes the names, see above
