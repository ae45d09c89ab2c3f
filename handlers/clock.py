"""The scheduled handlers: sweep and drain each minute, discover and digests each hour, prices every six hours."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from controller import wiring
from controller.runtime.digests.close_days import close_days
from controller.runtime.digests.queue_digests import queue_digests
from controller.runtime.discover import discover as run_discover
from controller.runtime.outbox.drain import drain as drain_outbox
from controller.runtime.refresh_prices import refresh_prices
from controller.runtime.sweep import SweepResult
from controller.runtime.sweep import sweep as run_sweep
from handlers.observed import log_decider_problems, log_unaccounted_members, logger, observed

clock = Blueprint(__name__)


@observed
@clock.schedule("rate(1 minute)")
def sweep(event: Any) -> dict[str, Any]:
    """Trigger every overdue intent."""
    lag = _lag_s(event)
    done = run_sweep(wiring.ports())
    refused = done.policy_refused
    if refused is not None:
        to_do = f"write a good one with spotwarden compile DIR --to {refused.place}; until then the last good one is in force"
        told = {"place": refused.place, "version": refused.version, "problem": refused.problem, "to_do": to_do}
        logger.error("policy refused", extra=told)
    return {
        **_metrics_of(done), "OverdueSeconds": done.overdue_s, "RingsFailing": done.failing,
        "PoliciesRefused": int(refused is not None), "SweepLagSeconds": lag, "policy": done.policy,
    }  # fmt: skip


@observed
@clock.schedule("rate(1 hour)")
def discover(event: Any) -> dict[str, Any]:
    """Trigger every job that changed since the last complete pass, because its event may have been lost."""
    return _metrics_of(run_discover(wiring.ports()))


@observed
@clock.schedule("rate(1 minute)")
def drain(event: Any) -> dict[str, Any]:
    """Send the messages that wait in the outbox."""
    sent = drain_outbox(wiring.reading_ports())
    for channel, why in sent.paused:
        logger.warning("channel waits", extra={"channel": channel, "why": why})
    for channel, message, why in sent.set_aside:
        logger.error("message set aside", extra={"channel": channel, "slack_message": message, "why": why})
    return {
        "MessagesSent": sent.sent,
        "MessagesShelved": sent.shelved,
        "MessagesSetAside": len(sent.set_aside),
        "ChannelsWaiting": len(sent.paused) + len(sent.shut),
        "OldestMessageSeconds": sent.oldest_s,
        "DigestsWaiting": sent.digests,
    }


@observed
@clock.schedule("rate(1 hour)")
def digests(event: Any) -> dict[str, Any]:
    """Close the days that are over, and queue the digests that are due."""
    try:
        closed = close_days(wiring.reading_ports())
    finally:  # digests can be made without closed days: they roll up open days themselves
        queued = queue_digests(wiring.reading_ports())
    return {"DaysClosed": closed, "Digests": queued}


@observed
@clock.schedule("rate(6 hours)")
def prices(event: Any) -> dict[str, Any]:
    """Refresh the prices of this region from AWS's Price List."""
    changed, problems = refresh_prices(wiring.region(), wiring.reading_ports())
    for problem in problems:
        logger.warning("a price could not be read", extra={"problem": problem})
    return {"PricesChanged": changed, "PriceProblems": len(problems)}


def _lag_s(event: Any) -> int:
    """How many seconds after its scheduled minute the sweep began."""
    due = str(event.to_dict().get("time", ""))
    try:
        return max(int((wiring.clock().now() - datetime.fromisoformat(due)).total_seconds()), 0)
    except (TypeError, ValueError):  # no time, or one without a zone
        return 0


def _metrics_of(done: SweepResult) -> dict[str, Any]:
    """The result of a pass as metrics. Also logs each failure, with the name of its job."""
    for job, problem in done.failed:
        logger.error("trigger failed", extra={"job": job, "problem": f"{type(problem).__name__}: {problem}"})
    log_decider_problems(done.problems)
    log_unaccounted_members(done.unaccounted)
    return {
        "Rings": done.triggered, "RingsFailed": len(done.failed), "DecidersFailed": len(done.problems),
        "JobsNotUnderstood": len(done.unaccounted), "left": done.left,
    }  # fmt: skip
