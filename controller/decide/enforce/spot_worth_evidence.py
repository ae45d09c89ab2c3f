"""What is expected of a job on spot, from its facts: the evidence of the rule ``spot-worth-it``."""

from __future__ import annotations

from collections.abc import Mapping

from controller.decide.deadline.outlook import proven_lineage_s
from controller.decide.facts import Facts
from controller.decide.observe import FIRST_SCAN_AFTER
from controller.ledger.entry import CheckpointScanned
from controller.ledger.pool import PoolMemory
from controller.policy.spot_worth import SpotWorth
from controller.savings.spot_worth import Run, run_length_s, spot_worth
from controller.units.money import Rate


def worth_of(facts: Facts, pools: Mapping[str, PoolMemory], rates: Mapping[str, Rate]) -> SpotWorth | None:
    """What is expected of the job on spot; None where its training time, or the history of its pool, is not known."""
    job = facts.job
    length_s = run_length_s(facts.directives.expected_s, facts.history or ())
    if length_s is None:
        return None
    waited_s = max(round((facts.now - job.created_at).total_seconds()), 0)
    left_s = max(job.wait_s_max - waited_s, 1) if job.wait_s_max is not None else 0
    run = Run(length_s=length_s, proven_s=proven_lineage_s(facts), limit_s=left_s, written=_written(facts))
    return spot_worth(job, run, pools, rates)


def _written(facts: Facts) -> bool | None:
    """Whether the job writes checkpoints: True if one was seen.

    False without a prefix, for an algorithm that writes none, or if a scan found none although the attempt trained long enough.
    None where that is not known.
    """
    uri = facts.job.checkpoint_uri
    if uri is None or facts.job.algorithm.checkpoints is False:
        return False
    if facts.checkpoint_seen:
        return True
    bare = (
        e for e in facts.lineage.entries
        if isinstance(e, CheckpointScanned) and e.uri == uri and e.problem is None and e.complete and e.newest_at is None
    )  # fmt: skip
    return False if any(e.at_risk_s >= FIRST_SCAN_AFTER.total_seconds() for e in bare) else None
