"""Records EC2's spot interruption warnings and rebalance recommendations. They concern the spot market, and name no job."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from controller import wiring
from controller.runtime.market_signals import note_signal
from controller.runtime.refused_creates import is_api_call, note_refused_create
from handlers.observed import observed

interruptions = Blueprint(__name__)


@observed
@interruptions.on_cw_event(
    {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"],
    }
)
def market_signalled(event: Any) -> dict[str, Any]:
    """Record the signal for its instance family and region; or a refused CreateTrainingJob, where CloudTrail's events come."""
    if is_api_call(event.to_dict()):
        return {"RefusedCreates": int(note_refused_create(event.to_dict(), wiring.reading_ports()))}
    signal = note_signal(event.to_dict(), wiring.reading_ports())
    return {"Signals": 1, "kind": str(signal.kind), "pool": signal.pool}
