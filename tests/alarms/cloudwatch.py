"""A small CloudWatch: metrics as the real handlers emit them on the local host, and alarms as the stack defines them.

``Deployed.minutes`` lets virtual time pass as AWS does: schedules fire, and each invocation is counted as Lambda counts it. What
only AWS measures (throttles, undelivered dead letters) is said with ``aws_says``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from infra.alarms import ALARMS, Alarm
from infra.local.host import Host
from infra.logical_ids import logical_id

MINUTE = timedelta(minutes=1)
STACK = "spotwarden"
HOURLY = ("discover", "digests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    at: datetime
    value: float


@dataclass(slots=True)
class Deployed:
    """The local host under observation."""

    host: Host
    points: list[Point] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)  # functions whose rule is disabled

    def __post_init__(self) -> None:
        self.host.bus.on_end = self._ended

    @property
    def now(self) -> datetime:
        return self.host.clock.at

    def minutes(self, count: int, *, step: int = 1) -> None:
        """Let minutes pass; with ``step``, only each so many of them is played."""
        for _ in range(0, count, step):
            self.host.clock.at += step * MINUTE
            self.fire("sweep", "drain")
            self.observe(lambda: self.host.bus.advance())
            if self.now.minute < step:
                self.fire(*HOURLY)
            self._count_dead_letters()

    def fire(self, *names: str) -> None:
        for name in names:
            if name not in self.silent:
                self.observe(lambda name=name: self.host.bus.fire(name))  # type: ignore[misc]

    def observe(self, act: Any) -> None:
        """Run something, and read the metrics that it prints (CloudWatch's embedded metric format)."""
        printed, log = io.StringIO(), Path(self.host.log.name)
        self.host.log.flush()
        before = log.stat().st_size
        with redirect_stdout(printed):
            act()
        self.host.log.flush()
        for line in [*printed.getvalue().splitlines(), *log.read_bytes()[before:].decode().splitlines()]:
            if line.startswith("{") and '"_aws"' in line:
                self._read(json.loads(line))

    def aws_says(self, metric: str, function: str, value: float, count: int, period: timedelta) -> None:
        """Add values that AWS alone measures, one a period up to now."""
        for number in range(count):
            self._add("AWS/Lambda", metric, {"FunctionName": function}, self.now - number * period, value)

    def _read(self, emitted: Mapping[str, Any]) -> None:
        for group in emitted["_aws"]["CloudWatchMetrics"]:
            for names in group["Dimensions"]:
                dimensions = {name: emitted[name] for name in names}
                for metric in group["Metrics"]:
                    for value in emitted[metric["Name"]]:
                        self._add(group["Namespace"], metric["Name"], dimensions, self.now, value)

    def _ended(self, name: str, error: Exception | None) -> None:
        function = {"FunctionName": logical_id(name)}
        self._add("AWS/Lambda", "Invocations", function, self.now, 1)
        self._add("AWS/Lambda", "Errors", function, self.now, error is not None)

    def _count_dead_letters(self) -> None:
        count = len(self.host.bus.dead_letters)
        self._add("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "DeadLetters"}, self.now, count)

    def _add(self, namespace: str, name: str, dimensions: Mapping[str, str], at: datetime, value: float) -> None:
        self.points.append(
            Point(namespace=namespace, name=name, dimensions=frozenset(dimensions.items()), at=at, value=float(value))
        )

    # ── alarms ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def fires(self, name: str) -> bool:
        """Whether an alarm is in alarm now: enough of its last periods breach."""
        [alarm] = [alarm for alarm in ALARMS if alarm.name == name]
        period = timedelta(seconds=alarm.period_s)
        breaching = sum(self._breaches(alarm, self.now - (number + 1) * period) for number in range(alarm.periods))
        return breaching >= alarm.breaching

    def _breaches(self, alarm: Alarm, begin: datetime) -> bool:
        """Whether the period that begins then breaches; its end belongs to it."""
        end = begin + timedelta(seconds=alarm.period_s)
        dimensions = frozenset((name, _value(value)) for name, value in alarm.dimensions.items())
        values = [
            point.value
            for point in self.points
            if (point.namespace, point.name, point.dimensions) == (alarm.namespace, alarm.metric, dimensions)
            and begin < point.at <= end
        ]
        if not values:
            return alarm.missing == "breaching"
        found = {"Maximum": max, "Sum": sum, "SampleCount": len}[alarm.statistic](values)
        threshold = 900 if isinstance(alarm.threshold, Mapping) else float(alarm.threshold)
        return found < threshold if alarm.below else found > threshold


def _value(value: Any) -> str:
    """What a dimension of the template is here: functions and queues are named by their logical ids."""
    if isinstance(value, str):
        return value
    if value == {"Ref": "AWS::StackName"}:
        return STACK
    return str(value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0])
