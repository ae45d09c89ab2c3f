"""Records EC2's spot signals per instance family and region. They name no job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.ledger.pool import MarketSignal
from controller.runtime.ports.all_ports import Ports
from controller.runtime.read_events import market_warning_of


def note_signal(event: Mapping[str, Any], ports: Ports) -> MarketSignal:
    """Record an interruption warning or rebalance recommendation once. Raises BadEvent and Unreachable.

    The event names only an instance, so one call of DescribeInstances finds its family. An instance that is gone has none: then
    only the region is recorded.
    """
    kind, instance_id, region, at = market_warning_of(event)
    family = ports.instances.family_of(instance_id)
    signal = MarketSignal(kind=kind, instance_id=instance_id, family=family, region=region, at=at)
    ports.ledger.market_signals.note_signal(signal)
    return signal
