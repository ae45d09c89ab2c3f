"""The pages in a real browser: complete, readable in dark mode, without errors, and with working buttons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from controller.notifications.report_formats.as_html import as_html
from controller.savings.report import report_of
from controller.savings.rollup import roll_up
from infra.browser import chromium, looking
from infra.local.slack.server import Slack
from infra.local.slack.users import AppRequests, AppResponse, Users
from tests.unit.savings.test_report import measured, told

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
BUTTON = {
    "type": "button", "text": {"type": "plain_text", "text": "Try again"}, "action_id": "spotwarden/try-again", "value": "{}",
    "style": "primary",
}  # fmt: skip
CHART = {
    "type": "data_visualization", "title": "Saved by team",
    "chart": {
        "type": "bar", "axis_config": {"categories": ["vision", "speech"]},
        "series": [{"name": "Saved", "data": [{"label": "vision", "value": 3}, {"label": "speech", "value": -1}]}],
    },
}  # fmt: skip
TABLE = {
    "type": "data_table", "caption": "By team",
    "rows": [[{"type": "raw_text", "text": f"column {n}"} for n in range(9)], [{"type": "raw_text", "text": "x" * 30}] * 9],
}  # fmt: skip
WORDS = {"type": "section", "text": {"type": "mrkdwn", "text": "*bert* `<!channel>` " + "long-name-" * 30}}
# The texts of a page with too little contrast (WCAG 2: 4.5, large text 3).
FAINT = """() => {
  const rgb = (s) => (s.match(/[\\d.]+/g) || []).map(Number)
  const linear = (v) => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4
  const light = (c) => { const [r, g, b] = c.slice(0, 3).map(linear)
    return .2126 * r + .7152 * g + .0722 * b }
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor)
    if (c.length === 3 || c[3] === 1) return c } return [255, 255, 255] }
  const faint = []
  for (const e of document.querySelectorAll('body *:not(svg *)')) {
    const words = [...e.childNodes].filter(n => n.nodeType === 3 && n.textContent.trim()).map(n => n.textContent.trim()).join(' ')
    if (!words || !e.offsetParent) continue
    const s = getComputedStyle(e), one = light(rgb(s.color)), other = light(behind(e))
    const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05)
    const large = parseFloat(s.fontSize) >= 24 || (parseFloat(s.fontSize) >= 18.66 && s.fontWeight >= 700)
    if (ratio < (large ? 3 : 4.5)) faint.push([words.slice(0, 40), ratio.toFixed(2)])
  }
  return faint
}"""

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium is installed: pages are tested where there is one")


@pytest.fixture
def report(tmp_path: Path) -> str:
    teams = [measured(f"job-{n}", team=f"team <b>{n}</b> \u202e\U0001f680", training_s=3600 + 99 * n) for n in range(16)]
    later = [replace(one, job=f"{one.job}-later", at=one.at.replace(day=3), rate_micros_per_h=None) for one in teams[:3]]
    days = {date(2026, 3, 2): roll_up(told(*teams)), date(2026, 3, 3): roll_up(told(*later))}
    page = tmp_path / "report.html"
    page.write_text(as_html(report_of(days, date(2026, 3, 1), date(2026, 4, 1))), "utf-8")
    return str(page)


@pytest.fixture
def slack() -> Iterator[Slack]:
    users = Users(app=AppRequests(clock=lambda: NOW))
    served = Slack(clock=lambda: NOW, users=users).serve()
    served.post({"channel": "#ml", "text": "bert", "blocks": [WORDS, CHART, TABLE, {"type": "actions", "elements": [BUTTON]}]})
    yield served
    served.close()


def wrong_with(address: str) -> list[str]:
    """What is wrong with a page, at two widths and in light and dark mode."""
    found = []
    for width in (360, 1280):
        for dark in (False, True):
            with looking(address, width=width, dark=dark) as (page, errors):
                where = f"{width} px, {'dark' if dark else 'light'}"
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                found += [f"{where}: {error}" for error in errors]
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                found += [f"{where}: {over} px too wide"] if over > 0 else []
                found += [f"{where}: faint {words}" for words in page.evaluate(FAINT)]
    return found


def test_the_report_is_readable_at_every_width_and_in_dark_mode(report: str) -> None:
    assert wrong_with(report) == []


SERIES = """() => {
  const linear = (v) => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4
  const light = (s) => { const [r, g, b] = (s.match(/[\\d.]+/g) || []).slice(0, 3).map(linear)
    return .2126 * r + .7152 * g + .0722 * b }
  const page = light(getComputedStyle(document.body).backgroundColor)
  return [...document.querySelectorAll('figure svg .series .line, figure svg .series rect')].map(e => {
    const one = light(getComputedStyle(e).stroke)
    return (Math.max(one, page) + .05) / (Math.min(one, page) + .05) })
}"""


def test_in_the_dark_lines_and_bars_stand_out_from_the_page(report: str) -> None:
    """A line is thin, and thinner on a phone: WCAG's least contrast of graphics, 3, is not enough for it."""
    with looking(report, width=390, dark=True) as (page, _):
        ratios = page.evaluate(SERIES)
    assert len(ratios) > 10
    assert min(ratios) >= 4.5


def test_the_report_shows_names_as_they_are_and_loads_nothing(report: str) -> None:
    with looking(report) as (page, _):
        assert "team <b>0</b>" in page.inner_text("main")
        assert page.evaluate("performance.getEntriesByType('resource').length") == 0


def test_no_heading_of_the_report_is_left_alone_at_the_end_of_a_printed_page(report: str) -> None:
    with looking(report) as (page, _):
        page.emulate_media(media="print")
        after = page.evaluate("[...document.querySelectorAll('h2')].map(e => getComputedStyle(e).breakAfter)")
    assert set(after) == {"avoid"}


def test_the_slack_page_is_readable_at_every_width_and_in_dark_mode(slack: Slack) -> None:
    assert wrong_with(slack.url) == []


def test_a_click_on_the_page_reaches_the_app_and_its_answer_is_shown(slack: Slack) -> None:
    pressed: list[str] = []

    class Listening(AppRequests):
        def interaction(self, payload: object) -> AppResponse:
            pressed.append(str(payload))
            slack.users.ephemerals.append("Noted: bert is tried again.")  # type: ignore[union-attr]  # there is one
            return AppResponse(status=200, body="")

    assert slack.users is not None
    slack.users.app = Listening(clock=lambda: NOW)
    with looking(slack.url) as (page, errors):
        page.get_by_role("button", name="Try again").click()
        page.wait_for_selector("text=Noted: bert is tried again.")
        assert errors == []
    assert "spotwarden/try-again" in pressed[0]
