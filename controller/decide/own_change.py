"""An attempt that the controller put on other instances and that fails in its code there goes back to those that worked."""

from __future__ import annotations

from dataclasses import field, replace

from controller.decide.facts import Facts
from controller.jobs.job import Job, Outcome
from controller.ledger.entry import Ended, Measured, Started
from controller.ledger.lineage import Lineage
from controller.ledger.move_cause import MoveCause
from controller.units.value import dataclass

# What other instances may cause: DISK too, because some types have a fixed disk, whatever VolumeSizeInGB says.
FAILED_IN_CODE = frozenset({Outcome.ALGORITHM, Outcome.CLIENT, Outcome.MEMORY, Outcome.DISK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances:
    """The instances of an attempt, and whether it trained there."""

    instance_type: str
    instance_count: int
    trained: bool = field(default=True, compare=False)


def changed_by_us(facts: Facts) -> bool:
    """Whether the job failed in its code on instances that its owner did not choose and on which no attempt trained before.

    A failure of no known class counts too, where no attempt before failed so and there are instances to go back to.
    """
    job, root = facts.job, facts.lineage.entry(Started, facts.lineage.id.root)
    if root is None or facts.number == 1 or not (job.outcome in FAILED_IN_CODE or _failed_unknown_here(facts)):
        return False
    ours = _of(job)
    return ours != _of(root) and ours not in [_of(e) for e in _worked(facts)]


def _failed_unknown_here(facts: Facts) -> bool:
    before = (e for e in facts.lineage.entries if isinstance(e, Ended) and e.job != facts.job.name)
    only_here = facts.job.outcome is Outcome.FAILED and all(e.outcome is not Outcome.FAILED for e in before)
    return only_here and instances_that_worked(facts) is not None


def instances_that_worked(facts: Facts) -> Instances | None:
    """Where an attempt trained last, else what the owner chose.

    None after going back once, and where that failed in its code too.
    """
    back = (submit for submit, _ in facts.lineage.submits() if submit.cause is MoveCause.CHANGED_BACK)
    if any(submit.number <= facts.number for submit in back):
        return None
    worked = sorted(_worked(facts), key=lambda e: e.number)
    if worked:
        return _of(worked[-1])
    root = facts.lineage.entry(Started, facts.lineage.id.root)
    failed = root is None or _failed_in_code(facts.lineage, root)
    return replace(_of(root), trained=False) if root is not None and not failed else None


def _worked(facts: Facts) -> tuple[Started, ...]:
    """The earlier attempts that trained and did not fail in their code."""
    before = (e for e in facts.lineage.entries if isinstance(e, Started) and e.number < facts.number)
    return tuple(e for e in before if _trained(facts.lineage, e) and not _failed_in_code(facts.lineage, e))


def _trained(lineage: Lineage, attempt: Started) -> bool:
    ended, measured = lineage.entry(Ended, attempt.job), lineage.entry(Measured, attempt.job)
    return bool((ended is not None and ended.ran_s) or (measured is not None and measured.training_s))


def _failed_in_code(lineage: Lineage, attempt: Started) -> bool:
    ended = lineage.entry(Ended, attempt.job)
    return ended is not None and ended.outcome in FAILED_IN_CODE


def _of(attempt: Started | Job) -> Instances:
    return Instances(instance_type=attempt.instance_type, instance_count=attempt.instance_count)
