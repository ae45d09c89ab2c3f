"""Reads EventBridge events as doorbells: which job to look at, which instance the market warned of.

Everything else in an event is a hint that may be late, doubled or out of order. What is no such event is refused aloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.ledger.lineage import LineageId
from controller.ledger.pool import MarketSignalKind

MARKET_SIGNALS: Mapping[str, MarketSignalKind] = {
    "EC2 Spot Instance Interruption Warning": MarketSignalKind.INTERRUPTION,
    "EC2 Instance Rebalance Recommendation": MarketSignalKind.REBALANCE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A doorbell: look at this job. ``lineage`` is known where the ledger itself rings."""

    job: str
    lineage: LineageId | None = None


class BadEvent(ValueError):
    """An event that rings for nothing: what was found, what was wanted, and where."""


def trigger_of(event: Mapping[str, Any]) -> Trigger:
    """The job that a training-job event rings for. Raises BadEvent."""
    detail = _detail(event, source="aws.sagemaker")
    return Trigger(job=_text(detail, "TrainingJobName", event))


def market_warning_of(event: Mapping[str, Any]) -> tuple[MarketSignalKind, str, str, datetime]:
    """Kind, instance id, region and time of an EC2 spot event. Raises BadEvent."""
    detail = _detail(event, source="aws.ec2")
    kind = MARKET_SIGNALS.get(str(event.get("detail-type")))
    if kind is None:
        raise BadEvent(
            f"detail-type is {event.get('detail-type')!r}, wanted one of {', '.join(map(repr, MARKET_SIGNALS))}{_which(event)}"
        )
    stamp = str(event.get("time"))
    try:
        at = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        raise BadEvent(f"time is {stamp!r}, wanted an ISO 8601 time{_which(event)}") from None
    return kind, _text(detail, "instance-id", event), str(event.get("region", "")), at


def _detail(event: Mapping[str, Any], *, source: str) -> Mapping[str, Any]:
    if event.get("source") != source:
        raise BadEvent(f"source is {event.get('source')!r}, wanted {source!r}{_which(event)}")
    detail = event.get("detail")
    if not isinstance(detail, Mapping):
        raise BadEvent(f"detail is {type(detail).__name__}, wanted an object{_which(event)}")
    return detail


def _text(detail: Mapping[str, Any], name: str, event: Mapping[str, Any]) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not value:
        raise BadEvent(f"detail.{name} is {value!r}, wanted a name{_which(event)}")
    return value


def _which(event: Mapping[str, Any]) -> str:
    return f" (event {event.get('id', 'without id')})"
