"""``spot-worth-it``: a spot job that has not begun to train is likely to finish in time, and to cost no more than on-demand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.jobs.job import Job
from controller.jobs.unknown_fields import Unsaid
from controller.policy.bounds import Factor, Percent
from controller.policy.findings import NO_DEMAND, Demand
from controller.policy.rules.kind import Evidence, RuleKind, Violation
from controller.policy.spot_worth import Prospect, SpotWorth, cost_of, expected_of, percent_of, prospect_of
from controller.units.duration import span
from controller.units.plural import times
from controller.units.value import dataclass

MORE = 1.001  # a factor on the allowed cost: with a smaller difference, both amounts may be shown as the same
NEVER = 10  # a factor on the training of a run: with more expected hours, somebody would stop the job before
ON_DEMAND = Demand(request={"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    chance_at_least: Percent = 50.0  # the least probability, in percent, to finish within MaxWaitTimeInSeconds
    times_on_demand: Factor = 1.0  # the highest cost on spot, as a multiple of the on-demand cost


def judge(job: Job, options: Options, evidence: Evidence) -> Violation | None:
    """Raises Unsaid if the verdict depends on something unknown, such as whether the job writes checkpoints."""
    if not job.spot or job.training or not job.alive:
        return None
    worth = evidence.spot_worth
    if worth is None:
        raise Unsaid("spot_worth")
    if job.instance_type != worth.instance_type or job.wait_s_max != worth.wait_s_max:
        raise Unsaid("spot_worth")  # it was computed for another request
    prospects = _possible(job, worth)
    broken = [_breaks(prospect, options) for prospect in prospects]
    if not any(broken) and None not in broken:
        return None
    if not all(broken):
        raise Unsaid("checkpoint_scan" if len(prospects) > 1 else "spot_worth")
    return _violation(job, options, worth, prospects[0])


def _possible(job: Job, worth: SpotWorth) -> Sequence[Prospect]:
    """The prospects that may apply to the job, the better one first: two if it is unknown whether it writes checkpoints."""
    if job.checkpoint_uri is None or job.algorithm.checkpoints is False:
        return (worth.without,)
    if job.checkpoint_uri != worth.checkpoint_uri or worth.written:
        return (worth.checkpointed,)  # with another URI, it is the job after a fix, whose CheckpointConfig is meant to be used
    return (worth.without,) if worth.written is False else (worth.checkpointed, worth.without)


def _breaks(prospect: Prospect, options: Options) -> bool | None:
    """Whether a prospect breaks the rule; None if its cost is unknown or only a lower bound."""
    if 100 * prospect.chance < options.chance_at_least:
        return True
    if prospect.share is not None and prospect.share > options.times_on_demand * MORE:
        return True
    return False if prospect.share is not None and prospect.exact else None


def _violation(job: Job, options: Options, worth: SpotWorth, seen: Prospect) -> Violation:
    late = 100 * seen.chance < options.chance_at_least
    word = "would most likely not finish in time" if seen.chance < 0.5 else "is not sure enough to finish in time"
    if seen.chance < 0.5 and seen.hours >= NEVER * worth.on_demand.hours:
        word = "would most likely never finish"
    said = word if late else "costs more than on-demand"
    wanted = ", or ".join(_what_helps(job, options, worth)) or "a shorter run"
    return Violation(
        field="EnableManagedSpotTraining",
        found=f"on spot this job {said}: {expected_of(seen)}, on-demand {cost_of(worth.on_demand)}",
        wanted=wanted,
        demand=_demand(job, options, worth),
        risk=(
            f"A run trains for {span(worth.run_s)}, its chance to finish within MaxWaitTimeInSeconds is"
            f" {percent_of(seen.chance)}, and jobs of this pool were interrupted {times(worth.interruptions)} in"
            f" {span(worth.pool_s)} of training. What would change it: {wanted}."
        ),
    )


def _what_helps(job: Job, options: Options, worth: SpotWorth) -> Iterator[str]:
    """Changes after which the job would keep the rule, as text for people."""
    if _may_checkpoint(job, options, worth):
        yield f"a checkpoint every {span(worth.every_s)} ({prospect_of(worth.checkpointed)})"
    if worth.other is not None and _breaks(worth.other, options) is False:
        yield f"{worth.other_type} ({prospect_of(worth.other)})"
    if worth.on_demand.chance > 0:
        yield f"on-demand ({cost_of(worth.on_demand)})"


def _may_checkpoint(job: Job, options: Options, worth: SpotWorth) -> bool:
    written = job.checkpoint_uri is not None and worth.written is not False
    return not written and job.algorithm.checkpoints is not False and _breaks(worth.checkpointed, options) is False


def _demand(job: Job, options: Options, worth: SpotWorth) -> Demand:
    if _may_checkpoint(job, options, worth):
        return Demand(checkpoint=True) if job.checkpoint_uri is None else NO_DEMAND  # the code must write them
    return ON_DEMAND if worth.on_demand.chance > 0 else NO_DEMAND


SPOT_WORTH_IT = RuleKind(
    id="spot-worth-it",
    needs=frozenset({"spot", "checkpoint_uri", "wait_s_max", "instance_type", "algorithm", "spot_worth"}),
    options=Options,
    judge=judge,
)
