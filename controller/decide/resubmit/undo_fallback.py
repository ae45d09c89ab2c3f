"""Sends a job back to the resources that worked, after an attempt on others that the controller chose failed in its code.

Elsewhere is another instance type or count, other subnets, another volume: what a container sees of where it runs. Whether its
machines are spot it does not see, nor how long SageMaker waits for them: these changes are not taken back.
"""

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
class Resources:
    """What an attempt ran on, and whether it trained there. ``volume_gb`` is None where neither it nor the subnets are known."""

    instance_type: str
    instance_count: int
    volume_gb: int | None = None
    subnets: tuple[str, ...] = ()
    trained: bool = field(default=True, compare=False)

    @property
    def instances(self) -> tuple[str, int]:
        return self.instance_type, self.instance_count

    def like(self, other: Resources) -> bool:
        """Whether both are the same, as far as is known."""
        known = self.volume_gb is not None and other.volume_gb is not None
        return self.instances == other.instances and (not known or self == other)


def changed_by_us(facts: Facts) -> bool:
    """Whether the job failed in its code on resources that its owner did not choose and on which no attempt trained before.

    A failure of no known class counts too, where no attempt before failed so and there are resources to go back to. The same
    holds where the instances are those that the owner chose.
    """
    job, root = facts.job, facts.lineage.entry(Started, facts.lineage.id.root)
    if root is None or facts.number == 1 or not (job.outcome in FAILED_IN_CODE or _failed_unknown_here(facts)):
        return False
    ours, theirs = resources_of(job), resources_of(root)
    if ours.like(theirs) or any(ours.like(resources_of(e)) for e in _attempts_that_worked(facts)):
        return False
    return ours.instances != theirs.instances or resources_that_worked(facts) is not None


def _failed_unknown_here(facts: Facts) -> bool:
    before = (e for e in facts.lineage.entries if isinstance(e, Ended) and e.job != facts.job.name)
    only_here = facts.job.outcome is Outcome.FAILED and all(e.outcome is not Outcome.FAILED for e in before)
    return only_here and resources_that_worked(facts) is not None


def resources_that_worked(facts: Facts) -> Resources | None:
    """Where an attempt trained last, else what the owner chose.

    None after going back once, and where that failed in its code too.
    """
    back = (submit for submit, _ in facts.lineage.submits() if submit.cause is MoveCause.CHANGED_BACK)
    if any(submit.number <= facts.number for submit in back):
        return None
    worked = sorted(_attempts_that_worked(facts), key=lambda e: e.number)
    if worked:
        return resources_of(worked[-1])
    root = facts.lineage.entry(Started, facts.lineage.id.root)
    failed = root is None or _failed_in_code(facts.lineage, root)
    return replace(resources_of(root), trained=False) if root is not None and not failed else None


def _attempts_that_worked(facts: Facts) -> tuple[Started, ...]:
    """The earlier attempts that trained and did not fail in their code."""
    before = (e for e in facts.lineage.entries if isinstance(e, Started) and e.number < facts.number)
    return tuple(e for e in before if _trained(facts.lineage, e) and not _failed_in_code(facts.lineage, e))


def _trained(lineage: Lineage, attempt: Started) -> bool:
    ended, measured = lineage.entry(Ended, attempt.job), lineage.entry(Measured, attempt.job)
    return bool((ended is not None and ended.ran_s) or (measured is not None and measured.training_s))


def _failed_in_code(lineage: Lineage, attempt: Started) -> bool:
    ended = lineage.entry(Ended, attempt.job)
    return ended is not None and ended.outcome in FAILED_IN_CODE


def resources_of(attempt: Started | Job) -> Resources:
    """What an attempt ran on."""
    return Resources(
        instance_type=attempt.instance_type, instance_count=attempt.instance_count, volume_gb=attempt.volume_gb,
        subnets=tuple(sorted(attempt.subnets)),
    )  # fmt: skip
