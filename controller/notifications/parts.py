"""The parts of a message. Text, Small and Fields contain mrkdwn, with other people's text escaped; the others plain text."""

from __future__ import annotations

from controller.units.value import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """The title of a message, in plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of mrkdwn."""

    mrkdwn: str


@dataclass(frozen=True, slots=True)
class Small:
    """Small print, in mrkdwn."""

    mrkdwn: str


@dataclass(frozen=True, slots=True)
class Fields:
    """Short mrkdwn texts in two columns."""

    mrkdwn: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Slack sends ``action_id`` and ``value`` back with a click. ``style`` is primary, danger or empty.

    ``confirm`` is the question of a dialog before the click counts; empty: no dialog.
    """

    text: str
    action_id: str
    value: str
    style: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons beside each other."""

    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A cell of a table that is sorted by its value and shows its text."""

    value: float
    text: str


Cell = str | Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table in plain text. Each row has a cell for each column."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """``kind`` is bar, line or area. Each series has one value for each category. ``unit`` is written before a value ($)."""

    title: str
    kind: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    unit: str = ""


Part = Header | Text | Small | Fields | Buttons | Table | Chart
