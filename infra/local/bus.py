"""A local EventBridge with Lambda: matches events, calls the handlers, retries, and stores dead letters.

The rules are those that Chalice packages, from the registered blueprints of `app.py`. A handler is found as in Lambda: the module
is imported and the attribute read, so that decorators around Chalice's are applied too.

The bus never waits. `put` calls matching handlers immediately, and `advance` makes the retries that are due on the given clock.
Schedules do not fire by themselves: `fire` fires one, and `schedule.next_fire` returns when EventBridge would.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from infra.local import event_pattern
from infra.local.lambda_context import LambdaContext
from infra.local.schedule import check_expression
from infra.logical_ids import logical_id

Event = Mapping[str, Any]
Handler = Callable[[dict[str, Any], LambdaContext], Any]
RESOURCES = Path(__file__).resolve().parents[1] / "resources.json"
RETRY_AFTER_S = (60, 120)  # Lambda's waits between the three tries of an asynchronous call


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as Chalice deploys it: a function, and either an event pattern or a schedule expression.

    `target` is the function's handler string, such as "handlers.jobs.job_changed". `retries` is how often Lambda retries a failed
    asynchronous invocation.
    """

    name: str
    handler: Handler
    target: str = ""
    retries: int = len(RETRY_AFTER_S)
    pattern: Event | None = None
    schedule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one function, which is delivered at `due_at`. `tries` is the number of failed tries, `error` the last one."""

    rule: Rule
    event: Event
    due_at: datetime
    tries: int = 0
    error: Exception | None = None


def rules(app: Any) -> tuple[Rule, ...]:
    """Read the rules of a Chalice app, with the retries that infra/resources.json sets.

    Raises ValueError for an event source, a pattern or a schedule that the local bus does not support.
    """
    return tuple(_rule(source) for source in app.event_sources)


def _rule(source: Any) -> Rule:
    if hasattr(source, "event_pattern"):
        event_pattern.check(source.event_pattern)
        return _rule_for(source, pattern=source.event_pattern)
    if hasattr(source, "schedule_expression"):
        expression = source.schedule_expression
        text = expression if isinstance(expression, str) else expression.to_string()
        check_expression(text)
        return _rule_for(source, schedule=text)
    raise ValueError(f"{source.name}: the local bus does not support the event source {type(source).__name__}")


def _rule_for(source: Any, **trigger: Any) -> Rule:
    module, _, attribute = source.handler_string.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return Rule(name=source.name, handler=handler, target=source.handler_string, retries=_retries(source.name), **trigger)


def _retries(function: str) -> int:
    function_of = json.loads(RESOURCES.read_text())["Resources"].get(logical_id(function), {}).get("Properties", {})
    return int(function_of.get("EventInvokeConfig", {}).get("MaximumRetryAttempts", len(RETRY_AFTER_S)))


class Bus:
    """Delivers events to handlers, with Lambda's retries on a given clock."""

    def __init__(self, rules: Iterable[Rule], clock: Callable[[], datetime], account: str, region: str) -> None:
        self.rules = {rule.name: rule for rule in rules}
        self.clock = clock
        self.account = account
        self.region = region
        self.waiting: list[Delivery] = []
        self.dead_letters: list[Delivery] = []
        self.invocations = 0
        self.on_end: Callable[[str, Exception | None], object] = lambda name, error: None  # called after each invocation

    def put(self, event: Event) -> int:
        """Deliver an EventBridge event to the function of each rule that matches, and return the number of rules that match."""
        matching = [r for r in self.rules.values() if r.pattern is not None and event_pattern.matches(r.pattern, event)]
        for rule in matching:
            self._attempt(Delivery(rule=rule, event=event, due_at=self.clock()))
        return len(matching)

    def fire(self, name: str) -> None:
        """Fire the schedule of a rule now. Raises KeyError without such a rule, ValueError for a rule without a schedule."""
        rule = self.rules[name]
        if rule.schedule is None:
            raise ValueError(f"{name} has no schedule")
        self._attempt(Delivery(rule=rule, event=self._scheduled_event(rule), due_at=self.clock()))

    def invoke(self, name: str, payload: Event) -> None:
        """Call a function asynchronously with any payload, as Lambda's Invoke does. Raises KeyError for an unknown name."""
        self._attempt(Delivery(rule=self.rules[name], event=payload, due_at=self.clock()))

    def next_at(self) -> datetime | None:
        """Return when the next retry is due; None if no delivery waits for one."""
        return min((d.due_at for d in self.waiting), default=None)

    def advance(self) -> int:
        """Make the retries that are due, oldest first, and return their number."""
        due = sorted((d for d in self.waiting if d.due_at <= self.clock()), key=lambda d: d.due_at)
        self.waiting = [d for d in self.waiting if d not in due]
        for delivery in due:
            self._attempt(delivery)
        return len(due)

    def _attempt(self, delivery: Delivery) -> None:
        self.invocations += 1
        context = LambdaContext(
            function=delivery.rule.name,
            account=self.account,
            region=self.region,
            request=f"{self.invocations:032x}",
            clock=self.clock,
        )
        try:
            delivery.rule.handler(json.loads(json.dumps(delivery.event)), context)
        except Exception as error:  # for Lambda, every exception is a failed invocation
            self.on_end(delivery.rule.name, error)
            self._retry_later(replace(delivery, tries=delivery.tries + 1, error=error))
        else:
            self.on_end(delivery.rule.name, None)

    def _retry_later(self, failed: Delivery) -> None:
        if failed.tries > failed.rule.retries:
            self.dead_letters.append(failed)
        else:
            wait = timedelta(seconds=RETRY_AFTER_S[failed.tries - 1])
            self.waiting.append(replace(failed, due_at=self.clock() + wait))

    def _scheduled_event(self, rule: Rule) -> Event:
        return envelope(
            "aws.events",
            "Scheduled Event",
            {},
            at=self.clock(),
            account=self.account,
            region=self.region,
            event_id=f"{rule.name}-{self.clock():%Y%m%dT%H%M%S}",
            resources=[f"arn:aws:events:{self.region}:{self.account}:rule/{rule.name}"],
        )


def envelope(
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    *,
    at: datetime,
    account: str,
    region: str,
    event_id: str,
    resources: Iterable[str] = (),
) -> dict[str, Any]:
    """Build an EventBridge event around a service's detail; `at` is an aware UTC datetime."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }
