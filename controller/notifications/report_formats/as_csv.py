"""A report as CSV: one row for each line of the report, such as a team, with columns of the FinOps FOCUS specification 1.2.

BilledCost is what SageMaker billed, ListCost the on-demand cost of the same useful seconds. Other columns begin with ``x_``, as
FOCUS requires. Amounts are dollars with six decimals, the precision of the ledger.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import date

from controller.notifications.report_formats.shared import NAME_MAX
from controller.savings.report import By, Line, Report
from controller.units.calendar import month_start
from controller.units.free_text import one_line

FORMULA = re.compile(r"(^|[;,|\t\"'])(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")  # also after other separators of cells
Column = Callable[[Report, Line], object]

COLUMNS: Mapping[str, Column] = {
    "BillingPeriodStart": lambda report, _: _moment(month_start(report.since)),
    "ChargePeriodStart": lambda report, _: _moment(report.since),
    "ChargePeriodEnd": lambda report, _: _moment(report.until),
    "ProviderName": lambda *_: "AWS",
    "ServiceCategory": lambda *_: "AI and Machine Learning",
    "ServiceName": lambda *_: "Amazon SageMaker",
    "ChargeCategory": lambda *_: "Usage",
    "BillingCurrency": lambda *_: "USD",
    "BilledCost": lambda _, line: _dollars(line.savings.spent_micros),
    "EffectiveCost": lambda _, line: _dollars(line.savings.spent_micros),
    "ListCost": lambda _, line: _dollars(line.savings.counterfactual_micros),
    "ConsumedQuantity": lambda _, line: line.savings.billable_s,
    "ConsumedUnit": lambda *_: "Seconds",
    "RegionId": lambda report, line: harmless(line.name.rpartition(" ")[2]) if report.by is By.POOL else "",
    "SubAccountId": lambda report, _: harmless(report.origin.account) if report.origin else "",
    "x_GeneratedAt": lambda report, _: f"{report.origin.made_at:%Y-%m-%dT%H:%M:%SZ}" if report.origin else "",
    "x_GroupedBy": lambda report, _: str(report.by),
    "x_Group": lambda _, line: harmless(line.name),
    "x_SavedCost": lambda _, line: _dollars(line.savings.saved_micros),
    "x_WastedCost": lambda _, line: _dollars(line.savings.wasted_micros),
    "x_MissedCost": lambda _, line: _dollars(line.missed_micros),
    "x_SavedPercent": lambda _, line: _share(line.savings.saved_percent),
    "x_AwsSavedPercent": lambda _, line: _share(line.savings.aws_percent),
    "x_TrainingSeconds": lambda _, line: line.savings.training_s,
    "x_UsefulSeconds": lambda _, line: line.savings.useful_s,
    "x_Attempts": lambda _, line: line.savings.attempts,
    "x_AttemptsWithoutPrice": lambda _, line: line.savings.unpriced,
    "x_AttemptsOfUnknownUsage": lambda _, line: line.savings.unmeasured,
    "x_AttemptsNeverStarted": lambda _, line: line.savings.never_started,
    "x_AttemptsStoppedWithModel": lambda _, line: line.savings.stopped_with_model,
    "x_AttemptsAtLowerBound": lambda _, line: line.savings.bounded,
    "x_JobsOfUnknownMiss": lambda _, line: line.missed_unknown,
    "x_PolicyRevision": lambda report, _: harmless(report.origin.policy) if report.origin else "",  # new columns are added here
}


def as_csv(report: Report) -> str:
    """The report as CSV, with a row of column names."""
    out = io.StringIO()
    written = csv.writer(out)
    written.writerow(COLUMNS)
    written.writerows([column(report, line) for column in COLUMNS.values()] for line in report.lines)
    return out.getvalue()


def harmless(text: str) -> str:
    """Other people's text, changed so that a spreadsheet does not read it as a formula."""
    return FORMULA.sub(r"\1\2'", one_line(text, NAME_MAX))


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _dollars(micros: int) -> str:
    sign, size = ("-" if micros < 0 else ""), abs(micros)
    return f"{sign}{size // 1_000_000}.{size % 1_000_000:06d}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.2f}"
