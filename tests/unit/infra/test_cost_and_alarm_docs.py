"""docs/operations.md shows the alarms and the bill as the code makes them, and each step's command exists."""

from __future__ import annotations

import re
from pathlib import Path

from infra.alarms import ALARMS, table
from infra.cost import lines
from infra.cost import table as bill

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_the_page_has_a_line_for_each_alarm() -> None:
    assert table() in PAGE, "run: python -m infra.alarms"
    assert all(alarm.meaning and alarm.runbook for alarm in ALARMS)


def test_the_page_has_the_bill_that_is_computed() -> None:
    assert bill(1000) in PAGE, "run: python -m infra.cost"


def test_the_readme_rounds_the_bill_of_a_month() -> None:
    month = sum(line.dollars for line in lines(1000))
    assert f"about {month:.0f} dollars a month" in (ROOT / "README.md").read_text("utf-8")


def test_a_thousand_jobs_cost_less_than_a_dollar_beyond_the_stack() -> None:
    assert sum(line.dollars for line in lines(1000) if line.what.startswith("1000 jobs")) < 1


def test_the_page_installs_in_ten_steps() -> None:
    section = PAGE.partition("## Installing in ten steps\n")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", section, re.MULTILINE) == [str(number) for number in range(1, 11)]
