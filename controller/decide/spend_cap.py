"""What an attempt costs at most, and whether a spend cap has room for it.

    recorded spend + what ran and is not recorded yet + the next attempt at most  ≤  cap

The attempt's maximum comes from the request that will be sent: its instance type, count and MaxRuntimeInSeconds, at the highest
rate that may be billed. Nothing that the job's creator writes lowers it. If the family's completed runs show that less time is
enough, the request is sent with a shorter MaxRuntimeInSeconds, so that SageMaker itself enforces it. What a team spends in a
month is reserved right before the call: ``controller.runtime.perform.reserve_spend``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import ceil

from controller.decide.call_off import called_off_numbers
from controller.decide.decision import Need
from controller.decide.facts import Facts
from controller.decide.record_usage import measured_of
from controller.jobs.job import FAMILY_TAG, family_of
from controller.jobs.request import RequestChange, merged
from controller.ledger.entry import Ended, Started
from controller.ledger.intent import Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.ledger.messages.message import CapFacts, CostFacts
from controller.policy.resubmission import NO_CAPS
from controller.savings.attempt_savings import spent_micros
from controller.savings.job_history import RUNS_MIN
from controller.units.calendar import month_key
from controller.units.money import Micros, cost_micros
from controller.units.value import dataclass

HOUR_S = 3600
DAY_S = 86_400  # SageMaker's default of MaxRuntimeInSeconds
NEVER_MADE = (IntentResult.REFUSED, IntentResult.ABANDONED)
HISTORY_MARGIN = 1.25  # over the longest completed run of a family


@dataclass(frozen=True, slots=True, kw_only=True)
class Affordable:
    """An attempt that its caps have room for.

    ``changes`` may shorten its MaxRuntimeInSeconds. ``cost_micros`` is the most it may cost; None without a cap, where no price
    is known.
    """

    changes: RequestChange
    cost_micros: Micros | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """What a Stop reserves under a team's monthly cap for the attempt that follows; ``month`` is empty without such a cap."""

    cost_micros: Micros | None
    cap_micros: Micros | None = None
    month: str = ""


def afford(facts: Facts, changes: RequestChange, *, capped: bool = True) -> Affordable | CapFacts:
    """The attempt as its caps allow it, or the cap that has no room for it. ``capped=False`` checks no cap."""
    cost = attempt_cost_micros(facts, changes)
    caps = facts.policy.spend_caps_for(facts.job) if capped else NO_CAPS
    if caps.lowest is None:
        return Affordable(changes=changes, cost_micros=cost)
    lineage_cap = caps.lineage_micros
    spent = 0 if lineage_cap is None else lineage_spent_micros(facts)
    if cost is None or spent is None:
        return CapFacts(cap_micros=caps.lowest)
    left = replace(caps, lineage_micros=None if lineage_cap is None else lineage_cap - spent).lowest or 0
    if cost <= left:
        return Affordable(changes=changes, cost_micros=cost)
    shorter = _shortened(facts, changes)
    less = attempt_cost_micros(facts, shorter) if shorter is not None else None
    if shorter is not None and less is not None and less <= left:
        return Affordable(changes=shorter, cost_micros=less)
    return CapFacts(cap_micros=caps.lowest if lineage_cap is None else lineage_cap, spent_micros=spent, next_micros=cost)


def reservation_for(facts: Facts, changes: RequestChange) -> Reservation | CapFacts | Need:
    """What a Stop reserves for the attempt with these changes that follows it; or the cap without room; or what to look up.

    A job that is stopped and not submitted again is lost, so the team's cap is checked before the stop too.
    """
    allowed = afford(facts, changes)
    if isinstance(allowed, CapFacts):
        return allowed
    cap, cost, spent = facts.policy.spend_caps_for(facts.job).team_month_micros, allowed.cost_micros, facts.team_spent_micros
    if cap is None:
        return Reservation(cost_micros=cost)
    if Need.TEAM_SPENT not in facts.looked_up:
        return Need.TEAM_SPENT
    if spent + (cost or 0) > cap:
        return CapFacts(cap_micros=cap, spent_micros=spent, next_micros=cost)
    return Reservation(cost_micros=cost, cap_micros=cap, month=month_key(facts.now))


def still_reserved(begun: Intent | None, now: datetime) -> Stop | None:
    """An open Stop that was already tried and keeps its reservation; None where the reservation has to be decided again.

    A Stop that was held up until the next month reserves in that month, because the room under the old month's cap does not count
    there.
    """
    if begun is None or not begun.open or begun.claim == 0 or not isinstance(begun.action, Stop):
        return None
    return begun.action if begun.leased_until is not None or begun.action.month in ("", month_key(now)) else None


def stop_before(submit: str, about: str, lineage: Lineage) -> Stop | None:
    """The Stop of a move or a repair after which the submission with this key comes, and that may have reserved for it.

    None for a return after AWS refused the new place: the cap is checked for it as for any other attempt.
    """
    stop = lineage.intent(f"stop/{about}")
    if stop is None or not isinstance(stop.action, Stop) or stop.claim == 0:
        return None
    if stop.action.purpose is not Purpose.MOVE and not (stop.action.purpose is Purpose.REPAIR and stop.action.month):
        return None
    nothing = any(other.about == about and other.key != submit for other in came_to_nothing(lineage))
    return None if nothing else stop.action


def came_to_nothing(lineage: Lineage) -> tuple[Submit, ...]:
    """The submissions that were refused, abandoned or called off, and created no job; without those whose name is used up."""
    return tuple(
        submit
        for submit, intent in lineage.submits()
        if (intent.closed in NEVER_MADE or _called_off(submit, intent, lineage)) and lineage.entry(Started, submit.job) is None
    )


def _called_off(submit: Submit, intent: Intent, lineage: Lineage) -> bool:
    """Whether a person called the attempt off after an earlier try had reserved its cost."""
    return intent.closed is IntentResult.WITHDRAWN and submit.number in called_off_numbers(lineage, submit.about)


def attempt_cost_micros(facts: Facts, changes: RequestChange) -> Micros | None:
    """What one attempt of the request with these changes costs at most; None where one of its prices is not known.

    Also None for a job with separate instances for Debugger or Profiler rules, because their prices are not known here.
    """
    if facts.job.rule_instances:
        return None
    job, resources = facts.job, changes.get("ResourceConfig", {})
    chosen, count = resources.get("InstanceType"), int(resources.get("InstanceCount") or job.instance_count)
    machines = ((chosen, count),) if chosen else (*job.choices, (job.instance_type, count))
    costs = [_cost(facts, kind, count, runtime_s(facts, changes)) for kind, count in machines]
    known = [cost for cost in costs if cost is not None]
    return max(known) if len(known) == len(costs) else None


def runtime_s(facts: Facts, changes: RequestChange) -> int:
    """The MaxRuntimeInSeconds of the request with these changes."""
    changed = changes.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return int(changed or facts.job.runtime_s_max or DAY_S)


def lineage_spent_micros(facts: Facts) -> Micros | None:
    """What the lineage spent at most: recorded usage, and for other attempts the time that they ran. None without a price."""
    measured = measured_of(facts)
    if any(e.rate_micros_per_h is None and e.billable_s + e.retained_s > 0 for e in measured):
        return None
    known = {e.job for e in measured}
    costs = [_unmeasured_micros(facts, e) for e in _attempts(facts) if e.job not in known]
    unmeasured = [cost for cost in costs if cost is not None]
    return spent_micros(measured) + sum(unmeasured) if len(unmeasured) == len(costs) else None


def cost_facts(facts: Facts) -> CostFacts:
    """What messages show: what the lineage cost so far, and, until the job ends, what the job costs per hour and at most."""
    alive, measured = facts.job.alive, measured_of(facts)
    billed = [e for e in measured if e.billable_s + e.retained_s > 0]
    priced = [e for e in billed if e.rate_micros_per_h is not None]
    known = {e.job for e in measured}
    over = (e for e in _attempts(facts) if e.job not in known and not (alive and e.job == facts.job.name))
    unmeasured = [e for e in over if _ran_s(facts, e) != 0]
    hour = attempt_cost_micros(facts, {"StoppingCondition": {"MaxRuntimeInSeconds": HOUR_S}}) if alive else None
    return CostFacts(
        spent_micros=spent_micros(priced), measured=len(priced), unknown=len(billed) - len(priced) + len(unmeasured),
        hour_micros=hour, most_micros=attempt_cost_micros(facts, {}) if alive else None,
    )  # fmt: skip


def unmeasured_micros(facts: Facts) -> Micros | None:
    """What the job itself cost at most, by the time that it ran; None without a price."""
    return next((_unmeasured_micros(facts, e) for e in _attempts(facts) if e.job == facts.job.name), None)


def _attempts(facts: Facts) -> tuple[Started, ...]:
    """Every attempt of the lineage, the job itself included where it is not recorded yet."""
    job = facts.job
    known = tuple(e for e in facts.lineage.entries if isinstance(e, Started))
    if any(e.job == job.name for e in known):
        return known
    mine = Started(
        job=job.name, at=job.created_at, team=job.team, number=facts.number, spot=job.spot, instance_type=job.instance_type,
        instance_count=job.instance_count, region=job.region, service=job.service, checkpoint_uri=job.checkpoint_uri,
        runtime_s_max=job.runtime_s_max,
    )  # fmt: skip
    return (*known, mine)


def _unmeasured_micros(facts: Facts, attempt: Started) -> Micros | None:
    """What an attempt without recorded usage cost at most, by the time that it ran; 0 if it never started."""
    most_s = attempt.runtime_s_max or DAY_S
    ran_s = _ran_s(facts, attempt)
    seconds = most_s if ran_s is None else min(ran_s, most_s)
    return _cost(facts, attempt.instance_type, attempt.instance_count, seconds) if seconds else 0


def _ran_s(facts: Facts, attempt: Started) -> int | None:
    """Seconds from TrainingStartTime to the end; 0 for a job that never started, None where that is not recorded."""
    if attempt.job == facts.job.name:
        return facts.ran_s
    ended = facts.lineage.entry(Ended, attempt.job)
    return ended.ran_s if ended is not None else None


def _cost(facts: Facts, instance_type: str, instances: int, seconds: int) -> Micros | None:
    rate = facts.rates.get(instance_type) or (facts.rate if instance_type == facts.job.instance_type else None)
    return cost_micros(seconds, instances, rate.micros_per_h) if rate is not None else None


def _shortened(facts: Facts, changes: RequestChange) -> RequestChange | None:
    """The changes with a shorter MaxRuntimeInSeconds that the family's completed runs show to be enough; None without one.

    A family from a tag does not count, because the job's creator chose it. Since the limit is sent to SageMaker, the cap holds
    even if the history misleads.
    """
    runs = facts.history or ()
    if len(runs) < RUNS_MIN or FAMILY_TAG in facts.job.tags or facts.family != family_of(facts.job.name):
        return None
    enough_s = max(ceil(max(runs) * HISTORY_MARGIN), 60)
    if enough_s >= runtime_s(facts, changes):
        return None
    return merged(changes, {"StoppingCondition": {"MaxRuntimeInSeconds": enough_s}})
