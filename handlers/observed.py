"""The decorators of the handlers: structured logs and metrics. Only this module imports Powertools.

``observed`` is applied outside Chalice's decorator, because Chalice's middleware does not run on Lambda (aws/chalice#1566). Names
are logged, event bodies never: hyperparameters and environment variables may contain secrets.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from controller import wiring
from controller.decide.decision import DeciderProblem
from controller.runtime.read_events import event_in, not_of

logger = Logger(service="spotwarden")
metrics = Metrics(namespace="Spotwarden", service="spotwarden")

UNITS: Mapping[str, MetricUnit] = {
    "OverdueSeconds": MetricUnit.Seconds, "OldestMessageSeconds": MetricUnit.Seconds, "SweepLagSeconds": MetricUnit.Seconds,
}  # fmt: skip
# The metrics of the runtime's tally, and the number by which each sum is divided.
TALLIED: Mapping[str, int] = {
    "Decisions": 1, "Intents": 1, "Interruptions": 1, "JobsStarted": 1, "SavedDollars": 1_000_000, "WastedDollars": 1_000_000,
}  # fmt: skip

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def observed(handler: Callable[[Any, Any], Any]) -> Handler:
    """Log and count the outcome of each invocation. An exception is logged, counted and raised again, so that Lambda retries.

    A dead letter is handled as the event that it contains. An event of another account or region is not handled, but logged and
    counted.
    """

    @wraps(handler)
    def observing(event: dict[str, Any], context: Any) -> dict[str, Any]:
        logger.clear_state()
        logger.append_keys(function=context.function_name, event_id=event.get("id"))
        _of_this_stack()
        try:
            event = dict(event_in(event))
            logger.append_keys(event_id=event.get("id"))
            foreign = not_of(*_home(context), event)
            if foreign:
                logger.error("event refused", extra={"problem": foreign})
                metrics.add_metric(name="EventsOfOthers", unit=MetricUnit.Count, value=1)
                return {"EventsOfOthers": 1}
            outcome: dict[str, Any] = handler(event, context)
        except Exception as problem:
            logger.exception("failed", extra=_log_fields(problem))
            metrics.add_metric(name="Failures", unit=MetricUnit.Count, value=1)
            raise
        else:
            logger.info("done", extra=outcome)
            if "policy" in outcome:
                metrics.add_metadata(key="policy", value=outcome["policy"])  # not a metric: a revision is no number
            for name, value in outcome.items():
                if isinstance(value, int):
                    metrics.add_metric(name=name, unit=UNITS.get(name, MetricUnit.Count), value=value)
            return outcome
        finally:
            metrics.flush_metrics()
            _flush_tally()

    return observing


def _flush_tally() -> None:
    """Write one log line for each sum of the tally, since each has its own dimensions. A look at a job at rest counts nothing."""
    for name, by, number in wiring.tally.taken():
        ours = {"service": "spotwarden", "stack": _stack(), **by}
        with single_metric(name, MetricUnit.Count, number / TALLIED[name], namespace="Spotwarden", default_dimensions=ours):
            pass


def _log_fields(problem: Exception) -> dict[str, str]:
    """The log's fields for an error: its text, and what an operator can do, where that is known."""
    to_do = wiring.advice_on(problem)
    return {"problem": str(problem), **({"to_do": to_do} if to_do else {})}


def log_decider_problems(problems: Iterable[tuple[str, DeciderProblem]]) -> None:
    """Log each decider that raised: its job, the exception's class and the line. The text is left out: it may quote values."""
    for job, problem in problems:
        logger.error("decider failed", extra={"job": job, "decider": problem.decider, "problem": problem.error, "at": problem.at})


def log_unaccounted_members(found: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Log the members of each job's description that this version does not know. Such a job is not submitted again."""
    for job, members in found:
        logger.warning("description has unknown members", extra={"job": job, "members": members})


def answered(route: Callable[[], Any]) -> Callable[[], Any]:
    """As ``observed``, for a route of the API: its HTTP status is counted, and neither request nor response is logged."""

    @wraps(route)
    def answering() -> Any:
        logger.clear_state()
        logger.append_keys(route=route.__name__)
        _of_this_stack()
        try:
            answer = route()
            logger.info("answered", extra={"status": answer.status_code})
            metrics.add_metric(
                name="SlackRequests" if answer.status_code == 200 else "SlackRefused", unit=MetricUnit.Count, value=1
            )
            return answer
        except Exception as problem:
            failed(problem)
            raise
        finally:
            metrics.flush_metrics()

    return answering


def _of_this_stack() -> None:
    """Give the metrics the stack's name as a dimension, so that two stacks of one account have separate metrics."""
    metrics.add_dimension(name="stack", value=_stack())
    for name, variable in (("account", "SPOTWARDEN_ACCOUNT"), ("region", "AWS_REGION")):
        if found := os.environ.get(variable):
            metrics.add_metadata(key=name, value=found)  # beside the metric, not a dimension: each costs by its dimensions


def _stack() -> str:
    return os.environ.get("SPOTWARDEN_STACK") or "none"


def _home(context: Any) -> tuple[str, str]:
    """The account and region that the function runs in: arn:aws:lambda:<region>:<account>:function:<name>."""
    _, _, _, region, account, *_ = str(context.invoked_function_arn).split(":")
    return account, region


def hidden(problems: Iterable[Exception]) -> None:
    """Log errors that the answer to a person in Slack left out."""
    for problem in problems:
        logger.warning("not answered", extra=_log_fields(problem))


def failed(problem: Exception) -> None:
    """Log and count the failure of a route."""
    logger.exception("failed", extra=_log_fields(problem))
    metrics.add_metric(name="Failures", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="SlackFailures", unit=MetricUnit.Count, value=1)  # the route still answers: Lambda counts no error
