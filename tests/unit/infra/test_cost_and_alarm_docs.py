"""docs/operations.md has the alarms and the bill that the code computes, and installation steps with commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

from infra.alarms import ALARMS, table
from infra.cost import lines, metrics, widget
from infra.cost import table as bill
from infra.stack import merge_template

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_the_page_has_a_line_for_each_alarm() -> None:
    assert table() in PAGE, "run: python -m infra.alarms"
    assert all(alarm.meaning and alarm.runbook for alarm in ALARMS)


def test_the_page_has_the_bill_that_is_computed() -> None:
    assert bill(1000) in PAGE, "run: python -m infra.cost"


def test_each_metric_of_ours_on_the_dashboard_is_one_that_the_handlers_send_and_the_page_explains() -> None:
    body = merge_template("python3.14", "arm64")["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
    shown = set(re.findall(r'"Spotwarden", "(\w+)"', body)) | set(re.findall(r'\{Spotwarden,[^}]*\} MetricName=\\+"(\w+)', body))
    assert {"Decisions", "Intents", "SavedDollars", "Interruptions", "JobsStarted", "SweepLagSeconds", "OverdueSeconds"} <= shown
    assert shown <= metrics()
    assert [name for name in metrics() if f"`{name}`" not in PAGE] == []


def test_the_dashboard_computes_the_cost_of_a_thousand_jobs_from_each_function_s_calls() -> None:
    [expression] = [m[0]["expression"] for m in widget()["properties"]["metrics"] if "label" in m[0]]
    values = {"jobs": 1000, "FILL": lambda value, _: value}
    values |= {f"{kind}{n}": 0 for kind in "dirw" for n in range(7)}
    job_changed = {"d0": 40_000 * 500.0, "i0": 40_000}  # as the bill of the page assumes
    table = {"r0": 40_000 * 6, "w0": 40_000}
    cost = eval(expression, {"__builtins__": {}}, values | job_changed | table)  # noqa: S307 (our own expression)
    assert round(cost, 2) == round(sum(line.dollars for line in lines(1000) if line.what.startswith("1000 jobs")), 2)


def test_the_readme_rounds_the_bill_of_a_month() -> None:
    month = sum(line.dollars for line in lines(1000))
    assert f"about {month:.0f} dollars a month" in (ROOT / "README.md").read_text("utf-8")


def test_a_thousand_jobs_cost_less_than_a_dollar_beyond_the_stack() -> None:
    assert sum(line.dollars for line in lines(1000) if line.what.startswith("1000 jobs")) < 1


def test_the_page_installs_in_ten_steps() -> None:
    section = PAGE.partition("## Installing in ten steps\n")[2].partition("\n## ")[0]
    assert re.findall(r"^(\d+)\. ", section, re.MULTILINE) == [str(number) for number in range(1, 11)]
