"""What ``spotwarden doctor`` checks about the schedules: the last sweep, the last check for digests, and waiting messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Outbox

SWEEP_MAX = timedelta(minutes=15)
DIGESTS_MAX = timedelta(hours=3)
MESSAGE_MAX = timedelta(minutes=30)


def last_sweep(cloudwatch: Any, stack: str, now: datetime) -> tuple[bool, str]:
    """Whether the sweep ran in the last 15 minutes, by its metric: it writes no row if nothing is overdue."""
    answer = cloudwatch.get_metric_statistics(
        Namespace="Spotwarden", MetricName="OverdueSeconds", StartTime=now - SWEEP_MAX, EndTime=now + timedelta(minutes=1),
        Dimensions=[{"Name": "service", "Value": "spotwarden"}, {"Name": "stack", "Value": stack}], Period=60,
        Statistics=["Maximum"],
    )  # fmt: skip
    seen = [point["Timestamp"] for point in answer["Datapoints"]]
    if not seen:
        return False, "no metric of it in the last 15 minutes, and it runs each minute: look at its rule, throttles and log"
    return True, f"the last one was at {max(seen):%Y-%m-%d %H:%M}"


def last_digests(ledger: Ledger, now: datetime) -> tuple[bool, str]:
    """Whether the function Digests has run in the last three hours; it runs each hour."""
    at = ledger.digests.checked_at()
    if at is None or now - at > DIGESTS_MAX:
        when = f"last ran at {at:%Y-%m-%d %H:%M}" if at else "has never run"
        return False, f"the function Digests {when}, and should run each hour: look at its rule and its errors"
    return True, f"the function Digests last ran at {at:%Y-%m-%d %H:%M}"


def messages(outbox: Outbox, now: datetime) -> tuple[bool, str]:
    """Whether messages are waiting for more than 30 minutes, because a channel accepts none, or were refused by Slack."""
    waits = {}
    for channel in outbox.channels():
        if waiting := outbox.waiting(channel, 1):
            waits[channel] = waiting[0].at
    late = [f"{channel} since {at:%Y-%m-%d %H:%M}" for channel, at in sorted(waits.items()) if now - at > MESSAGE_MAX]
    if late:
        return False, f"messages wait for {', '.join(late)}: invite the app there, or see channel waits in the log of Drain"
    aside = outbox.aside()
    if aside:
        return False, f"Slack refused {len(aside)}: spotwarden status says why, spotwarden redrive sends them again"
    return True, "no message waits for long"
