"""The fallback ladder: which step the next attempt stands on, and what its request changes for it.

A ladder is read from the policy as single steps: the same again, each other instance type, other subnets, on-demand. A lineage
climbs: how high it stands is folded from its submissions, and each cause says whether the next attempt stays or climbs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.change import Fragment, in_subnets, on_demand, on_instances, on_volume, together
from controller.entry import Started
from controller.facts import Facts
from controller.failure import Cause, Next
from controller.instance import equivalents
from controller.interruption import order
from controller.policy import Budget, Resubmission, Rung, RungKind

EQUIVALENTS_MAX = 3  # of all types that would do, so many are tried: each try waits for capacity as long as MaxWait


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Where the next attempt stands, and what its request changes."""

    rung: int
    changes: Fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class NoStep:
    """Why there is no next attempt that differs enough."""

    why: str


def next_step(facts: Facts, block: Resubmission, cause: Cause, budget: Budget | None = None) -> Step | NoStep:
    """The step after an ending, or after a move: a pure function of what happened and of the interruption memory."""
    height = _height(facts)
    match cause.next:
        case Next.SAME | Next.NAMED:
            return Step(rung=max(height, 0), changes={})
        case Next.RESUME if facts.resumable:
            return Step(rung=max(height, 0), changes={})
        case Next.RESUME if cause is Cause.OVERRAN:
            return NoStep(why="it reached MaxRuntimeInSeconds and wrote no checkpoint: the same again would end the same way")
        case Next.RESUME:
            climbed = climb(facts, block, height, least=1)
            if isinstance(climbed, NoStep):
                return NoStep(why="it has no checkpoint to go on from, and its policy no other pool: it would starve again")
            return climbed
        case Next.ELSEWHERE:
            climbed = climb(facts, block, height, least=1 if cause is Cause.NEVER_LAUNCHED else 0)
            return Step(rung=max(height, 0), changes={}) if isinstance(climbed, NoStep) else climbed
        case Next.LARGER:
            return _larger(facts, height, budget)
        case Next.OURS if cause is Cause.INTERRUPTIONS:
            return climb(facts, block, height, least=1)
        case Next.OURS | Next.NEVER:
            return NoStep(why="nothing that a ladder has would help")


def steps(facts: Facts, block: Resubmission) -> tuple[Rung, ...]:
    """The ladder's single steps for this job: an instance type is a step each, and subnets are none for a job without a VPC."""
    single: list[Rung] = []
    for rung in block.ladder or (Rung(kind=RungKind.SAME),):
        match rung.kind:
            case RungKind.INSTANCE_TYPES:
                single += [rung] * len(rung.values)
            case RungKind.EQUIVALENTS:
                alike = equivalents(_root_type(facts))[:EQUIVALENTS_MAX]
                single += [Rung(kind=RungKind.INSTANCE_TYPES, values=alike)] * len(alike)
            case RungKind.SUBNETS:
                single += [rung] if facts.job.subnets else []
            case RungKind.ON_DEMAND:
                single += [rung] if block.on_demand else []
            case RungKind.SAME:
                single += [rung]
    return tuple(single)


def candidates(facts: Facts, block: Resubmission) -> tuple[str, ...]:
    """Every instance type that the ladder may come to: what is to be known of pools and prices before it is climbed."""
    return tuple(sorted({t for rung in steps(facts, block) if rung.kind is RungKind.INSTANCE_TYPES for t in rung.values}))


def _height(facts: Facts) -> int:
    """The highest step that the lineage stood on by this attempt; -1 where people's own request is all there was."""
    return max((submit.rung for submit, _ in facts.lineage.submits() if submit.number <= facts.number), default=-1)


def climb(facts: Facts, block: Resubmission, height: int, *, least: int = 0) -> Step | NoStep:
    """One step up, at least to ``least``; instance types that were tried are passed over."""
    ladder = steps(facts, block)
    for rung in range(max(height + 1, least), len(ladder)):
        changes = _changes(facts, ladder[rung])
        if changes is not None:
            return Step(rung=rung, changes=changes)
    return NoStep(why="the ladder has no further step")


def _changes(facts: Facts, rung: Rung) -> Fragment | None:
    """What a step changes of the request as the last attempt had it; None for a step that has nothing new to offer."""
    match rung.kind:
        case RungKind.SAME:
            return {}
        case RungKind.INSTANCE_TYPES | RungKind.EQUIVALENTS:
            untried = _untried(facts, rung.values)
            return on_instances(order(untried, facts.pools, facts.rates)[0]) if untried else None
        case RungKind.SUBNETS:
            return together(_back_to_root(facts), in_subnets(rung.values))
        case RungKind.ON_DEMAND:
            return together(_back_to_root(facts), on_demand()) if facts.job.spot else _back_to_root(facts)


def _untried(facts: Facts, instance_types: Sequence[str]) -> tuple[str, ...]:
    tried = {e.instance_type for e in facts.lineage.entries if isinstance(e, Started)} | {facts.job.instance_type}
    return tuple(t for t in instance_types if t not in tried)


def _back_to_root(facts: Facts) -> Fragment:
    """The instance type that people asked for: the steps after other types begin from it again."""
    wanted = _root_type(facts)
    return {} if wanted == facts.job.instance_type else on_instances(wanted)


def _root_type(facts: Facts) -> str:
    root = facts.lineage.entry(Started, facts.lineage.id.root)
    return root.instance_type if root else facts.job.instance_type


def _larger(facts: Facts, height: int, budget: Budget | None) -> Step | NoStep:
    """A larger machine or volume, as the policy names it; never the same size again."""
    rung, job = max(height, 0), facts.job
    if budget is not None and budget.instance_type is not None and budget.instance_type != job.instance_type:
        return Step(rung=rung, changes=on_instances(budget.instance_type))
    if budget is not None and budget.volume_gb is not None and budget.volume_gb > (job.volume_gb or 0):
        return Step(rung=rung, changes=on_volume(budget.volume_gb))
    return NoStep(why="the policy names nothing larger than it had")
