"""Records in a lineage what people asked for in Slack: the function for Slack only writes a row, and may not write lineages."""

from __future__ import annotations

from controller.decide.call_off import recorded
from controller.decide.user_requests import accepted_requests
from controller.ledger.lineage import mode_of
from controller.ledger.lineage_id import LineageId
from controller.runtime.ports.all_ports import Ports

TRIES = 3
AT_ONCE = 20  # requests that one transaction records; the others wait for the sweep's next trigger


def take_in_requests(id: LineageId, ports: Ports) -> bool:
    """Check the waiting requests against the lineage and the policy, record those that are accepted, and remove all of them.

    Returns whether the lineage changed. If others change it at the same time, the requests wait for the next trigger.
    """
    waiting = ports.ledger.user_requests.waiting(id)[:AT_ONCE]
    if not waiting:
        ports.ledger.user_requests.remove(id, ())  # rows that cannot be read
        return False
    for _ in range(TRIES):
        lineage, now = ports.ledger.lineages.load(id), ports.clock.now()
        policy = ports.policies.current()
        entries = accepted_requests(waiting, lineage, policy, now)
        decision = recorded(entries, lineage, now).under(policy.revision, mode_of(lineage)).leased(now, now)
        if entries and not ports.ledger.lineages.commit(lineage, decision):
            continue
        ports.ledger.user_requests.remove(id, waiting)  # after the commit: a request that is still there is not recorded twice
        return bool(entries)
    return False
