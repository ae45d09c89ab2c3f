"""Returns a job to the resources that worked, if an attempt on others that the controller chose failed in its code.

Resources are the instance type and count, the subnets and the volume: what a container can notice. It cannot notice whether its
instances are spot, or how long SageMaker waits for them, so these changes are not undone.
"""

from __future__ import annotations

from dataclasses import field, replace

from controller.decide.facts import Facts
from controller.jobs.job import Job, Outcome
from controller.ledger.entry import Ended, Measured, Started
from controller.ledger.lineage import Lineage
from controller.ledger.move_cause import MoveCause
from controller.units.value import dataclass

# Failures that other instances may cause. DISK too, because on some types the disk has a fixed size, whatever VolumeSizeInGB is.
FAILED_IN_CODE = frozenset({Outcome.ALGORITHM, Outcome.CLIENT, Outcome.MEMORY, Outcome.DISK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What an attempt ran on, and whether it trained there. If ``volume_gb`` is None, the subnets are not known either."""

    instance_type: str
    instance_count: int
    volume_gb: int | None = None
    subnets: tuple[str, ...] = ()
    trained: bool = field(default=True, compare=False)

    @property
    def instances(self) -> tuple[str, int]:
        return self.instance_type, self.instance_count

    def like(self, other: Resources) -> bool:
        """Whether both are the same. Volumes and subnets are compared only where both are known."""
        known = self.volume_gb is not None and other.volume_gb is not None
        return self.instances == other.instances and (not known or self == other)


def changed_by_us(facts: Facts) -> bool:
    """Whether the job failed in its code on resources that the controller chose and on which no attempt trained before.

    An unclassified failure (``Outcome.FAILED``) counts too, if no earlier attempt failed that way and there are resources to
    return to. If only the volume or the subnets differ from the owner's, there must be resources to return to.
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
    """The resources on which an attempt trained last; else those that the owner chose, unless they failed in code too.

    None otherwise, and after one return.
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
