"""Checks before each act whether it may be done now: no halt, and room in the hour's rate limit and the team's spend cap."""

from __future__ import annotations

from typing import assert_never

from controller.ledger.entry import Started
from controller.ledger.halt import HALT_LOOK
from controller.ledger.intent import Announce, Intent, Probe, Publish, Purpose, RefreshCard, Settle, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.runtime.perform.rate_limits import OnHold, one_probe, rate_limit
from controller.runtime.perform.reserve_spend import reserve_for_move, reserve_for_submit
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Refused


def why_not_now(intent: Intent, lineage: Lineage, ports: Ports) -> OnHold | Refused | None:
    """Why an act has to wait, or is refused; None where it may be done now."""
    action = intent.action
    if isinstance(action, Wake | Publish | RefreshCard | Settle):
        return None  # neither a halt nor a limit applies to looking and recording
    if isinstance(action, Submit) and lineage.entry(Started, action.job):
        return None  # an earlier try created the attempt, and only the Submit is still open
    halt = ports.ledger.halts.halt()
    if halt is not None:
        from controller.notifications.messages.text import halted  # here: most triggers do not need it

        return OnHold(halted(halt), int(HALT_LOOK.total_seconds()))
    match action:
        case Announce():
            return None
        case Stop(purpose=Purpose.MOVE):
            return reserve_for_move(action, lineage, ports)  # the rate limit is for rules that stop too many jobs
        case Stop(purpose=Purpose.REPAIR):
            held = rate_limit("stop", ports.policies.current().rate_limits.stops_per_h, intent, lineage, ports)
            return held or reserve_for_move(action, lineage, ports)
        case Stop():
            return rate_limit("stop", ports.policies.current().rate_limits.stops_per_h, intent, lineage, ports)
        case Probe(pool=pool):
            held = rate_limit("submit", ports.policies.current().rate_limits.submissions_per_h, intent, lineage, ports)
            return held or one_probe(pool, intent, lineage, ports)
        case Submit():
            held = rate_limit("submit", ports.policies.current().rate_limits.submissions_per_h, intent, lineage, ports)
            return held or reserve_for_submit(action, intent, lineage, ports)
        case _:
            assert_never(action)
