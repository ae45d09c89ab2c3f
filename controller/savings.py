"""Books what a finished job measured, and folds the books into what was saved and spent.

SageMaker bills ``BillableTimeInSeconds`` × instances at the on-demand rate: for a spot job those are its productive seconds'
cost in on-demand-equivalent seconds. So spent = billable × instances × rate, saved = (training − billable) × instances × rate,
and AWS's own percentage is 1 − billable ÷ training. On-demand jobs save nothing, whatever their two figures are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from controller.decision import Decision
from controller.entry import Entry, Measured, Unmeasured
from controller.facts import Facts
from controller.money import cost_micros

USAGE_PATIENCE = timedelta(days=1)  # usage may follow the ending by minutes; after a day it is declared unknown


def book(facts: Facts) -> Decision:
    """Book a finished job's usage as soon as SageMaker says it, or declare it unknown after a day."""
    job, rate = facts.job, facts.rate
    if job.ending is None:
        return Decision()
    at = job.ended_at or facts.now
    if job.usage is not None:
        measured = Measured(
            job=job.name, at=at, team=job.team, training_s=job.usage.training_s, billable_s=job.usage.billable_s,
            spot=job.spot, instance_type=job.instance_type, instance_count=job.instance_count, region=job.region,
            rate_micros_per_h=rate.micros_per_h if rate else None, rate_as_of=rate.as_of if rate else None,
            rate_source=rate.source if rate else None,
        )  # fmt: skip
        return Decision(entries=(measured,))
    if facts.now >= at + USAGE_PATIENCE:
        return Decision(entries=(Unmeasured(job=job.name, at=at, team=job.team, spot=job.spot),))
    return Decision()


def measured_of(facts: Facts) -> tuple[Measured, ...]:
    """What is measured of the job's whole lineage, the job's own usage included as soon as SageMaker says it."""
    known = {e.job: e for e in (*facts.lineage.entries, *book(facts).entries) if isinstance(e, Measured)}
    return tuple(known.values())


def spent_micros(measured: Iterable[Measured]) -> int:
    """What SageMaker billed for them, as far as a price is known."""
    return sum(
        cost_micros(e.billable_s, e.instance_count, e.rate_micros_per_h) for e in measured if e.rate_micros_per_h is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """A total. Dollars cover the priced jobs only; ``unpriced`` and ``unmeasured`` count those they do not cover."""

    jobs: int = 0
    training_s: int = 0
    billable_s: int = 0
    spent_micros: int = 0
    saved_micros: int = 0
    unpriced: int = 0
    unmeasured: int = 0

    def __add__(self, other: Savings) -> Savings:
        return Savings(
            jobs=self.jobs + other.jobs,
            training_s=self.training_s + other.training_s,
            billable_s=self.billable_s + other.billable_s,
            spent_micros=self.spent_micros + other.spent_micros,
            saved_micros=self.saved_micros + other.saved_micros,
            unpriced=self.unpriced + other.unpriced,
            unmeasured=self.unmeasured + other.unmeasured,
        )

    @property
    def aws_percent(self) -> float | None:
        """AWS's figure over the same jobs: 1 − billable ÷ training, in percent; None where nothing was trained."""
        return None if self.training_s == 0 else 100 * (1 - self.billable_s / self.training_s)


def savings_of(measured: Measured) -> Savings:
    """What one job saved and spent; instance-seconds, so that jobs of any width add up."""
    training_s = measured.training_s * measured.instance_count
    billable_s = measured.billable_s * measured.instance_count
    rate = measured.rate_micros_per_h
    if rate is None:
        return Savings(jobs=1, training_s=training_s, billable_s=billable_s, unpriced=1)
    spent_micros = cost_micros(measured.billable_s, measured.instance_count, rate)
    spared_s = measured.training_s - measured.billable_s if measured.spot else 0
    return Savings(
        jobs=1, training_s=training_s, billable_s=billable_s, spent_micros=spent_micros,
        saved_micros=cost_micros(spared_s, measured.instance_count, rate),
    )  # fmt: skip


def fold(entries: Iterable[Entry], group: Callable[[Entry], str]) -> dict[str, Savings]:
    """Total the measurements among some entries by group; a Measured overrules the Unmeasured of its job."""
    latest: dict[str, Measured | Unmeasured] = {}
    for entry in entries:
        if isinstance(entry, Measured) or (isinstance(entry, Unmeasured) and entry.job not in latest):
            latest[entry.job] = entry
    totals: dict[str, Savings] = {}
    for entry in latest.values():
        one = savings_of(entry) if isinstance(entry, Measured) else Savings(jobs=1, unmeasured=1)
        totals[group(entry)] = totals.get(group(entry), Savings()) + one
    return totals
