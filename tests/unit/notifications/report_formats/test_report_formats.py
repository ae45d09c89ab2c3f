"""A report as text, JSON, CSV and HTML has the same figures, and nothing that a terminal, spreadsheet or browser executes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from controller.notifications.report_formats.as_csv import as_csv
from controller.notifications.report_formats.as_html import as_html
from controller.notifications.report_formats.as_json import as_json
from controller.notifications.report_formats.as_text import as_text
from controller.notifications.report_formats.shared import forecast_line
from controller.savings.report import By, Origin, RefusedLine, Report, report_of
from controller.savings.rollup import Mover, roll_up
from tests.builders import BEGIN
from tests.unit.savings.test_report import measured, told

FIRST = date(2026, 3, 2)
DAY = timedelta(days=1)
EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>'


def report(**changes: object) -> Report:
    entries = told(measured("a"), measured("b", team=EVIL), measured("c", rate_micros_per_h=None))
    return report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY, **changes)  # type: ignore[arg-type]


EMPTY = report_of({}, FIRST, FIRST + DAY)


def test_the_text_has_the_cost_and_what_it_does_not_cover() -> None:
    text = as_text(report())
    assert "Spot saved $1.40, 70 % of the on-demand cost." in text
    assert "1 attempt without a price (seconds only)." in text
    assert [line for line in text.splitlines() if line.endswith(" ")] == []  # figures are aligned to the right
    assert len({len(line) for line in text.splitlines() if line.endswith(("1", "2", "3", "Attempts"))}) == 1


def test_a_month_that_has_begun_says_why_it_has_no_forecast_and_other_periods_do_not() -> None:
    first, origin = FIRST.replace(day=1), Origin(made_at=BEGIN)
    month = report_of({first: roll_up(told(measured("a")))}, first, first + DAY, origin=origin)
    assert forecast_line(month) == "Too little of the month is known for a forecast."
    assert forecast_line(replace(month, until=first + 31 * DAY)) == "Too little of the month is known for a forecast."
    assert forecast_line(replace(month, since=first + DAY, until=first + 2 * DAY)) == ""
    assert forecast_line(replace(month, origin=Origin(made_at=BEGIN + 40 * DAY))) == ""


def test_a_whole_month_that_is_not_over_has_a_forecast_of_its_whole_days() -> None:
    first = FIRST.replace(day=1)
    days = {first + n * DAY: roll_up(told(measured(f"a-{n}", at=BEGIN + n * DAY))) for n in range(12)}
    now = datetime.combine(first + 11 * DAY, time(0, 5), UTC)
    for until in (first + 12 * DAY, first + 31 * DAY):
        month = report_of(days, first, until, origin=Origin(made_at=now))
        assert forecast_line(month).startswith("At the rate of its 11 days so far, March ends at about")


def test_a_report_names_the_policy_that_was_in_force_when_it_was_made() -> None:
    made = replace(report(), origin=Origin(made_at=BEGIN, policy="781e8d1c6120"))
    assert [text.count("policy 781e8d1c6120") for text in (as_text(made), as_html(made))] == [1, 1]
    assert json.loads(as_json(made))["origin"]["policy"] == "781e8d1c6120"
    assert "policy" not in as_text(replace(made, origin=Origin(made_at=BEGIN)))


def test_the_page_and_the_text_name_the_jobs_that_changed_the_figures_most_and_what_to_do() -> None:
    lost = Mover(EVIL, "<b>x", "ml.g5.xlarge", "us-east-1", True, -2_000_000, 2_000_000, 3, False)
    found = replace(report(), movers=(lost,))
    sentence = "cost $2.00 more than on-demand: interrupted 3 times without a checkpoint. Add a CheckpointConfig."
    assert f"  <b>x ({EVIL}) {sentence}\n" in as_text(found)
    page = as_html(found)
    assert sentence in page
    assert page.index(sentence) < page.index("By team")
    assert "<b>x" not in page.replace("<b>&lt;b&gt;x", "")
    nothing = replace(found, movers=())
    assert [text.count("largest losses and savings") for text in (as_text(nothing), as_html(nothing))] == [0, 0]


def test_refused_creates_are_in_every_format_that_people_read_and_in_json() -> None:
    found = replace(report(), refused=(RefusedLine(team="<vision>", limit="quota/ml.g5.xlarge for training job usage", count=3),))
    assert "Refused by SageMaker: ml.g5.xlarge for training job usage: 3 (<vision> 3)" in as_text(found)
    assert "<td>3 (&lt;vision&gt; 3)</td>" in as_html(found)
    assert json.loads(as_json(found))["refused"] == [
        {"team": "<vision>", "limit": "quota/ml.g5.xlarge for training job usage", "count": 3}
    ]
    assert ["efused" in write(report()) for write in (as_text, as_html)] == [False, False]


def test_the_json_is_whole_numbers_under_the_names_of_the_fields() -> None:
    found = json.loads(as_json(report()))
    assert (found["total"]["saved_micros"], found["total"]["unpriced"]) == (1_400_000, 1)
    assert found["lines"][0].keys() >= {"name", "spent_micros", "counterfactual_micros", "wasted_micros", "missed_micros"}
    assert found["since"] == "2026-03-02"


def test_the_csv_has_the_columns_of_focus_and_exact_dollars() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(report()))))
    vision = next(row for row in rows if row["x_Group"] == "vision")
    assert (vision["BilledCost"], vision["ListCost"], vision["x_SavedCost"]) == ("0.300000", "1.000000", "0.700000")
    assert (vision["ChargePeriodStart"], vision["BillingCurrency"]) == ("2026-03-02T00:00:00Z", "USD")
    counted = {name: value for name, value in vision.items() if name.startswith("x_Attempts")}
    assert counted == {
        "x_Attempts": "2", "x_AttemptsWithoutPrice": "1", "x_AttemptsOfUnknownUsage": "0", "x_AttemptsNeverStarted": "0",
        "x_AttemptsStoppedWithModel": "0", "x_AttemptsAtLowerBound": "0",
    }  # fmt: skip


def test_a_team_name_that_looks_like_a_formula_is_text_in_a_spreadsheet() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(report()))))
    assert f"'{EVIL}" in {row["x_Group"] for row in rows}


def test_by_pool_the_region_has_its_column() -> None:
    [row] = csv.DictReader(io.StringIO(as_csv(report(by=By.POOL))))
    assert row["RegionId"] == "us-east-1"


def test_the_page_escapes_names_in_its_tables_and_charts_and_loads_nothing() -> None:
    entries = told(measured("a", team=EVIL), measured("b", team="<script>b()"))
    page = as_html(report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY))
    assert "<script" not in page
    assert page.count("&lt;script&gt;b()") >= 2  # the table and the chart
    assert "http://x" in page
    assert not any(f'{name}="http' in page for name in ("src", "href"))


def test_the_page_shows_no_loss_as_a_saving() -> None:
    def lead(useful_s: int) -> str:
        one = measured("a")
        entries = [one, replace(told(one)[1], useful_s=useful_s)]
        page = as_html(report_of({FIRST: roll_up(entries)}, FIRST, FIRST + DAY))
        return next(line for line in page.splitlines() if '<p class="lead' in line)

    assert lead(0).startswith('<p class="lead loss">Spot')
    assert lead(1080).startswith('<p class="lead">Spot')
    assert lead(3600).startswith('<p class="lead">Spot')


def test_the_same_report_is_the_same_bytes() -> None:
    assert as_html(report()) == as_html(report())
    assert as_csv(report()) == as_csv(report())


def test_a_period_without_jobs_has_a_sentence_of_its_own() -> None:
    assert "No training job was billed." in as_text(EMPTY)
    assert "No training job was billed." in as_html(EMPTY)
    assert as_csv(EMPTY).count("\n") == 1
    assert json.loads(as_json(EMPTY))["lines"] == []
