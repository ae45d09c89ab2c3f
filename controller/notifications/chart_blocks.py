"""A chart as a data_visualization block within Slack's limits (docs.slack.dev/reference/block-kit/blocks), and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from controller.notifications.mrkdwn import plain, shortened
from controller.notifications.parts import Chart, Part, Small, Text
from controller.units.free_text import one_line

TITLE_MAX = 50
SERIES_MAX = 6
POINTS_MAX = 20
LABEL_MAX = 20
NAME_MAX = 200  # characters of a category's name, before it is shortened to a label


def can_be_drawn(chart: Chart) -> bool:
    """Whether Slack can draw the chart: it needs one to six series and at least one point."""
    return bool(chart.categories) and 0 < len(chart.series) <= SERIES_MAX


def chart_block(chart: Chart) -> dict[str, Any]:
    """The data_visualization block of the chart's first 20 points, with labels of at most 20 characters."""
    labels = _labels(chart.categories[:POINTS_MAX])
    series = [
        {"name": shortened(one_line(name, LABEL_MAX) or "–", LABEL_MAX), "data": _points(labels, values)}
        for name, values in chart.series
    ]
    return {
        "type": "data_visualization", "title": shortened(one_line(chart.title, TITLE_MAX) or "–", TITLE_MAX),
        "chart": {"type": chart.kind, "series": series, "axis_config": {"categories": labels}},
    }  # fmt: skip


def beyond_the_chart(chart: Chart) -> tuple[Part, ...]:
    """What the block cannot contain: the full names of shortened labels, and the points after the twentieth."""
    shown = chart.categories[:POINTS_MAX]
    names = [f"{plain(label)} is {plain(name)}" for label, name in zip(_labels(shown), shown, strict=True) if label != name]
    found: list[Part] = [Small("; ".join(names))] if names else []
    if len(chart.categories) > POINTS_MAX:
        series = tuple((name, values[POINTS_MAX:]) for name, values in chart.series)
        rest = replace(chart, title=f"{chart.title}: the others", categories=chart.categories[POINTS_MAX:], series=series)
        found.append(Text(chart_text(rest)))
    return tuple(found)


def chart_text(chart: Chart) -> str:
    """The chart as mrkdwn: a line for each category."""
    lines = (
        f"• {plain(category)}: " + ", ".join(f"{plain(name)} {_amount(chart, values[number])}" for name, values in chart.series)
        for number, category in enumerate(chart.categories)
    )
    return "\n".join((f"*{plain(chart.title)}*", *lines))


def _amount(chart: Chart, value: float) -> str:
    """A value with the sign before the unit: ``-$6.71``; zero has no sign."""
    size = f"{abs(value):,.2f}"
    return f"{'-' if value < 0 and size != '0.00' else ''}{chart.unit}{size}"


def _points(labels: Sequence[str], values: Sequence[float]) -> list[dict[str, Any]]:
    return [{"label": label, "value": value} for label, value in zip(labels, values, strict=False)]


def _labels(names: Sequence[str]) -> list[str]:
    """Labels of at most 20 characters, all different: a number is added to a label that is already used."""
    taken: list[str] = []
    for name in names:
        name = one_line(name, NAME_MAX) or "–"
        label, number = shortened(name, LABEL_MAX), 1
        while label in taken:
            number += 1
            label = f"{shortened(name, LABEL_MAX - len(str(number)) - 1)} {number}"
        taken.append(label)
    return taken
