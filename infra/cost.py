"""What a stack costs in a month: ``python -m infra.cost --jobs 1000`` prints the bill, at list prices of us-east-1, no free tier.

Numbers of alarms, metrics and schedules come from the stack. What one invocation needs is assumed; each line states it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.alarms import ALARMS
from infra.logical_ids import logical_id

DAILY = frozenset({"SavedDollars", "WastedDollars", "Interruptions"})
HANDLERS = Path(__file__).resolve().parents[1] / "handlers"
MONTH_MIN, MONTH_H = 43_800, 730
GB_SECOND = 0.0000133334  # Lambda on arm64
REQUEST = 0.20 / 1e6
READ, WRITE = 0.125 / 1e6, 0.625 / 1e6  # DynamoDB on demand, per unit
ALARM, METRIC, DASHBOARD, SECRET, LOG_GB = 0.10, 0.30, 3.00, 0.40, 0.50
DAY_S = 86_400
CONFIG = json.loads((HANDLERS.parent / ".chalice" / "config.json").read_text("utf-8"))
# Metrics that have further dimensions: four verdicts, and ten usual pairs of an intent's kind and result. The metrics of a day
# (``DAILY``) are sent in one hour of the day; CloudWatch bills metrics by the hour, so they cost a twenty-fourth.
BY_KIND = 4 + 10
TRIGGERS_PER_JOB = 40  # events, hourly Wakes, discover and drains of a job that runs for a day and is resubmitted once


READS = frozenset({"GetItem", "Query", "Scan"})
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
INDEXED = 2  # a factor: a write of an indexed row is also billed as a write to the index
INVOCATION_S, INVOCATION_GB = 0.5, 0.25


def of_calls(calls: Mapping[str, float], invocations: float) -> float:
    """Return the dollars that DynamoDB calls (by operation) and Lambda invocations cost, each of half a second at 256 MB.

    ``calls["TransactedRow"]`` is the number of rows in transactions, each of which costs two write units. All rows are assumed to
    be indexed.
    """
    reads = sum(number for name, number in calls.items() if name in READS)
    writes = sum(number for name, number in calls.items() if name in WRITES) + 2 * calls.get("TransactedRow", 0)
    return reads * READ + writes * INDEXED * WRITE + invocations * (REQUEST + INVOCATION_S * INVOCATION_GB * GB_SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bill, in dollars a month."""

    what: str
    how: str
    dollars: float


def metrics() -> set[str]:
    """Return the names of the metrics that the handlers emit."""
    emitted = re.compile(r'"([A-Z]\w+)": |add_metric\(\s*name="(\w+)"|"(Slack\w+)"')
    text = "".join((HANDLERS / f"{name}.py").read_text("utf-8") for name in ("clock", "jobs", "interruptions", "observed"))
    found = {name for match in emitted.findall(text) for name in match if name}
    return {name for name in found if not name.startswith("Content")}


def widget() -> dict[str, Any]:
    """Return the dashboard widget that computes what 1,000 jobs cost, from CloudWatch's counts and the prices above.

    The function of the API is left out, because not every stack has it.
    """
    memory_mb = {f: c.get("lambda_memory_size", CONFIG["lambda_memory_size"]) for f, c in CONFIG["lambda_functions"].items()}
    del memory_mb["api_handler"]
    metrics: list[list[Any]] = []
    spent = []
    for n, (function, megabytes) in enumerate(memory_mb.items()):
        for kind, metric in (("d", "Duration"), ("i", "Invocations")):
            metrics.append(
                ["AWS/Lambda", metric, "FunctionName", f"${{{logical_id(function)}}}", {"id": f"{kind}{n}", "visible": False}]
            )
        spent.append(f"FILL(d{n},0)/1000*{megabytes / 1024:g}*{GB_SECOND:.10f}+FILL(i{n},0)*{REQUEST:.7f}")
    for kind, metric, price in (("r", "ConsumedReadCapacityUnits", READ), ("w", "ConsumedWriteCapacityUnits", WRITE)):
        for n, dimensions in enumerate(("TableName", "TableName,GlobalSecondaryIndexName")):
            found = f"SEARCH('{{AWS/DynamoDB,{dimensions}}} MetricName=\"{metric}\" TableName=\"${{Table}}\"', 'Sum', {DAY_S})"
            metrics.append([{"id": f"{kind}{n}", "expression": f"SUM({found})", "visible": False}])
            spent.append(f"FILL({kind}{n},0)*{price:.9f}")
    jobs = ["Spotwarden", "JobsStarted", "service", "spotwarden", "stack", "${AWS::StackName}", {"id": "jobs", "visible": False}]
    metrics += [jobs, [{"expression": f"1000*({'+'.join(spent)})/jobs", "label": "dollars for 1,000 jobs", "id": "cost"}]]
    title = "Own cost of 1,000 jobs at list prices: Lambda and the table, schedules included"
    return {
        "type": "metric", "x": 12, "y": 36, "width": 12, "height": 6,
        "properties": {
            "title": title, "region": "${AWS::Region}", "stat": "Sum", "period": DAY_S, "view": "timeSeries", "metrics": metrics
        },
    }  # fmt: skip


def lines(jobs: int) -> Iterator[Line]:
    """Yield the bill of a month with that many jobs."""
    yield Line(what="alarms", how=f"{len(ALARMS)} x ${ALARM:.2f}", dollars=len(ALARMS) * ALARM)
    count = len(metrics() - DAILY - {"Decisions", "Intents"}) + BY_KIND
    yield Line(what="custom metrics", how=f"{count} x ${METRIC:.2f}", dollars=count * METRIC)
    yield Line(what="dashboard", how=f"1 x ${DASHBOARD:.2f}", dollars=DASHBOARD)
    yield Line(what="secret", how=f"1 x ${SECRET:.2f}", dollars=SECRET)
    idle_s = MONTH_MIN * (0.1 * 0.5 + 0.1 * 0.25) + MONTH_H * (0.5 * 0.5 + 0.5 * 1)
    yield Line(
        what="schedules, Lambda", how="sweep and drain each minute 0.1 s, discover and digests each hour 0.5 s",
        dollars=idle_s * GB_SECOND + (2 * MONTH_MIN + 2 * MONTH_H) * REQUEST,
    )  # fmt: skip
    yield Line(what="schedules, ledger", how="sweep 5 reads, drain 2, each minute", dollars=MONTH_MIN * 7 * READ)
    yield Line(
        what=f"{jobs} jobs, Lambda", how=f"{TRIGGERS_PER_JOB} triggers of 0.5 s at 256 MB",
        dollars=jobs * TRIGGERS_PER_JOB * (0.125 * GB_SECOND + REQUEST),
    )  # fmt: skip
    yield Line(
        what=f"{jobs} jobs, ledger", how=f"{TRIGGERS_PER_JOB} x 6 reads, 40 writes",
        dollars=jobs * (TRIGGERS_PER_JOB * 6 * READ + 40 * WRITE),
    )  # fmt: skip
    log_gb = (2 * MONTH_MIN + jobs * TRIGGERS_PER_JOB) * 700 / 1e9
    yield Line(what="logs", how="700 bytes an invocation", dollars=log_gb * LOG_GB)


def table(jobs: int) -> str:
    """Return the bill as text."""
    bill = list(lines(jobs))
    rows = [f"{line.what:<20} {line.how:<72} {line.dollars:6.2f}" for line in bill]
    ours = sum(line.dollars for line in bill if line.what.startswith(f"{jobs} jobs"))
    total = sum(line.dollars for line in bill)
    return "\n".join([*rows, f"{'a month':<20} {'':<72} {total:6.2f}", f"{jobs} jobs alone cost ${ours:.2f}"])


def main(arguments: list[str] | None = None) -> int:
    """Print the bill; returns the exit code."""
    parser = argparse.ArgumentParser(description="Print what a Spotwarden stack costs a month, at list prices.")
    parser.add_argument("--jobs", type=int, default=1000, help="training jobs a month")
    print(table(parser.parse_args(arguments).jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
