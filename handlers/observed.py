"""The decorators of the handlers: structured logs and metrics. Only this module imports Powertools.

``observed`` stands outside Chalice's decorator, because Chalice's middleware never runs on Lambda (aws/chalice#1566). Names are
logged, event bodies never: hyperparameters and environment variables may contain secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger(service="spotwarden")
metrics = Metrics(namespace="Spotwarden", service="spotwarden")

UNITS: Mapping[str, MetricUnit] = {"OverdueSeconds": MetricUnit.Seconds}

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def observed(handler: Callable[[Any, Any], Any]) -> Handler:
    """Log and count the result of each invocation. An exception is logged, counted and raised again, so that Lambda retries."""

    @wraps(handler)
    def observing(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.clear_state()
        logger.append_keys(function=context.function_name, event_id=event.get("id"))
        try:
            outcome: dict[str, Any] = handler(event, context)
        except Exception as problem:
            logger.exception("failed", extra={"problem": str(problem)})
            metrics.add_metric(name="Failures", unit=MetricUnit.Count, value=1)
            raise
        else:
            logger.info("done", extra=outcome)
            for name, value in outcome.items():
                if isinstance(value, int):
                    metrics.add_metric(name=name, unit=UNITS.get(name, MetricUnit.Count), value=value)
            return outcome
        finally:
            metrics.flush_metrics()

    return observing


def answered(route: Callable[[], Any]) -> Callable[[], Any]:
    """The same for a route of the API. Its status is counted; neither the request nor the response is logged."""

    @wraps(route)
    def answering() -> Any:
        logger.clear_state()
        logger.append_keys(route=route.__name__)
        try:
            answer = route()
            logger.info("answered", extra={"status": answer.status_code})
            metrics.add_metric(
                name="SlackRequests" if answer.status_code == 200 else "SlackRefused", unit=MetricUnit.Count, value=1
            )
            return answer
        except Exception as problem:
            logger.exception("failed", extra={"problem": type(problem).__name__})
            metrics.add_metric(name="Failures", unit=MetricUnit.Count, value=1)
            raise
        finally:
            metrics.flush_metrics()

    return answering
