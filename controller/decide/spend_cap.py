"""What an attempt may cost, and whether a lineage's cap has room for it."""

from __future__ import annotations

from controller.decide.deadline.outlook import expected_s, proven_lineage_s
from controller.decide.facts import Facts
from controller.decide.record_usage import measured_of
from controller.ledger.entry import Started
from controller.ledger.message import CapFacts
from controller.policy.resubmission import Resubmission
from controller.savings.arithmetic import spent_micros
from controller.units.money import Micros, Rate, cost_micros

DAY_S = 86_400  # SageMaker's own MaxRuntimeInSeconds, where a job gives none


def expected_cost_micros(facts: Facts, block: Resubmission | None) -> Micros | None:
    """What the next attempt costs at most: what is still to do, or MaxRuntime where nobody knows, at the on-demand rate."""
    job, rate = facts.job, facts.rate
    if rate is None:
        return None
    total_s = expected_s(facts, block.deadline) if block else None
    runtime_s = job.runtime_s_max or DAY_S
    left_s = runtime_s if total_s is None else min(max(total_s - proven_lineage_s(facts), 0), runtime_s)
    return cost_micros(left_s, job.instance_count, rate.micros_per_h)


def over_spend_cap(facts: Facts, block: Resubmission, cost: Micros | None) -> CapFacts | None:
    """The lineage's cap, where the next attempt does not fit it; None where it does, or where there is no cap."""
    cap = block.cap_micros
    if cap is None:
        return None
    if cost is None or facts.rate is None:
        return CapFacts(cap_micros=cap)
    spent = spent_micros(measured_of(facts)) + _unmeasured_micros(facts, facts.rate)
    if spent + cost <= cap:
        return None
    return CapFacts(cap_micros=cap, spent_micros=spent, next_micros=cost)


def _unmeasured_micros(facts: Facts, rate: Rate) -> Micros:
    """What the attempts may have cost whose usage SageMaker has not said: all of their MaxRuntime, if they ever started."""
    known, job = {e.job for e in measured_of(facts)}, facts.job
    before = sum(
        cost_micros(e.runtime_s_max or DAY_S, e.instance_count, rate.micros_per_h)
        for e in facts.lineage.entries
        if isinstance(e, Started) and e.job not in known and e.job != job.name
    )
    if job.name in known or job.started_at is None:
        return before
    return before + cost_micros(job.runtime_s_max or DAY_S, job.instance_count, rate.micros_per_h)
