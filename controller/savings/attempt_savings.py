"""The arithmetic of savings, in whole millionths of a dollar, from measured usage and useful training seconds.

For one attempt, by the SageMaker guide's page model-managed-spot-training (billable seconds are on-demand-equivalent seconds):

    actual          billable seconds × instances × the rate of spot training where the price list has one, else the on-demand rate
    counterfactual  useful training seconds × instances × the lower of the first attempt's rate and this attempt's rate: the
                    on-demand cost of the same progress on the instance type that the job's owner chose. If the family's
                    history shows the speed of both types, the seconds are those that the first type would have needed
    saved           counterfactual − actual; it may be negative
    wasted          the part of the actual cost that paid for lost training

Both costs also contain the billable seconds of a warm pool after the job, at the on-demand rate. The total of a lineage, a team
or a day is the sum of its attempts. The counterfactual of an on-demand attempt is at most its own bill, so it saves nothing.
AWS's own percentage (1 − billable ÷ training) is reported beside these figures; it also counts training that was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime

from controller.ledger.entry import Credited, Entry, Measured, Unmeasured
from controller.savings.progress import UsefulBasis
from controller.units.money import Micros, cost_micros
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """A total over attempts. Seconds are instance-seconds, so that jobs with any number of instances add up.

    * Dollars cover only attempts with a known price; ``unpriced`` and ``unmeasured`` count the others.
    * ``bounded`` counts attempts whose useful seconds are a minimum, ``never_started`` those that never trained and cost nothing.
    * ``stopped_with_model`` counts attempts that MaxRuntimeInSeconds or a tuner stopped and whose model was stored: their cost
      counts neither as saved nor as wasted.
    * ``speed_unknown`` counts useful attempts on other instances than the first attempt's, whose relative speed is not known.
    * The ``spot_`` figures cover spot attempts. The ``movable`` figures cover first attempts that ran on-demand and could have
      run on spot. ``missed_micros`` is what these would have saved on spot, by the savings of spot jobs in the same pool on that
      day; ``missed_unknown`` counts those in pools without a spot job on that day. A day's rollup sets both.
    """

    attempts: int = 0
    training_s: int = 0
    billable_s: int = 0
    useful_s: int = 0
    spent_micros: Micros = 0
    counterfactual_micros: Micros = 0
    wasted_micros: Micros = 0
    spot_spent_micros: Micros = 0
    spot_counterfactual_micros: Micros = 0
    movable: int = 0
    movable_micros: Micros = 0
    missed_micros: Micros = 0
    missed_unknown: int = 0
    unpriced: int = 0
    unmeasured: int = 0
    bounded: int = 0
    never_started: int = 0
    stopped_with_model: int = 0
    speed_unknown: int = 0

    def __add__(self, other: Savings) -> Savings:
        return Savings(**{name: getattr(self, name) + getattr(other, name) for name in FIELDS})

    @property
    def saved_micros(self) -> Micros:
        return self.counterfactual_micros - self.spent_micros

    @property
    def saved_percent(self) -> float | None:
        """The saved part of the counterfactual, in percent (0 to 100, or negative); None without a counterfactual."""
        return 100 * self.saved_micros / self.counterfactual_micros if self.counterfactual_micros > 0 else None

    @property
    def aws_percent(self) -> float | None:
        """AWS's figure for the same attempts: 1 − billable ÷ training, in percent; None without training."""
        return None if self.training_s == 0 else 100 * (1 - self.billable_s / self.training_s)

    @property
    def spot_share(self) -> float | None:
        """The saved part of the spot attempts' counterfactual, as a fraction; None if no spot attempt was useful."""
        if self.spot_counterfactual_micros <= 0:
            return None
        return 1 - self.spot_spent_micros / self.spot_counterfactual_micros


FIELDS = tuple(field.name for field in fields(Savings))


def savings_of(measured: Measured, credited: Credited | None) -> Savings:
    """What one attempt spent, saved and wasted. Without a Credited entry, none of its training counts as useful."""
    width = measured.instance_count
    useful_s = min(credited.useful_s, measured.training_s) if credited else 0
    with_model = credited is not None and credited.basis == UsefulBasis.STOPPED
    nothing = measured.training_s == measured.billable_s == measured.retained_s == 0
    seconds = Savings(
        attempts=1, training_s=measured.training_s * width, billable_s=measured.billable_s * width, useful_s=useful_s * width,
        bounded=int(credited is not None and credited.basis == UsefulBasis.BOUND), stopped_with_model=int(with_model),
        never_started=int(nothing and not measured.interruptions),  # interrupted in its first hour, a job costs nothing either
        speed_unknown=int(measured.other_instances and measured.first_permille is None and useful_s > 0),
    )  # fmt: skip
    rate, first_rate = measured.rate_micros_per_h, measured.first_rate_micros_per_h
    if nothing:
        return seconds
    if rate is None or (measured.number > 1 and first_rate is None):
        return seconds + Savings(unpriced=1)
    billed = billed_rate(measured) or rate
    trained, retained = cost_micros(measured.billable_s, width, billed), cost_micros(measured.retained_s, width, rate)
    spent = trained + retained
    worth_s = useful_s if measured.spot else min(useful_s, measured.billable_s)
    counterfactual = spent if with_model else _worth_micros(measured, rate, worth_s) + retained
    useful_share_s = measured.billable_s * useful_s // measured.training_s if measured.training_s else 0
    wasted = 0 if with_model else trained - cost_micros(useful_share_s, width, billed)
    if measured.spot:
        by_market = Savings(spot_spent_micros=spent, spot_counterfactual_micros=counterfactual)
    else:
        first = int(measured.number == 1 and measured.spot_possible)
        by_market = Savings(movable=first, movable_micros=spent * first)
    return seconds + by_market + Savings(spent_micros=spent, counterfactual_micros=counterfactual, wasted_micros=wasted)


def _worth_micros(measured: Measured, rate: Micros, useful_s: int) -> Micros:
    """The on-demand cost of the same progress: on the first attempt's instances, at their speed where it is known."""
    width = measured.instance_count
    first_rate = measured.first_rate_micros_per_h if measured.first_rate_micros_per_h is not None else rate
    if measured.first_permille is None:
        return cost_micros(useful_s, width, min(rate, first_rate))
    there = cost_micros(useful_s * measured.first_permille // 1000, width, first_rate)
    return min(cost_micros(useful_s, width, rate), there)


def billed_rate(measured: Measured) -> Micros | None:
    """The price of a billable hour: that of spot training where the price list has one, else the on-demand price."""
    own = measured.spot_rate_micros_per_h if measured.spot else None
    return own if own is not None else measured.rate_micros_per_h


def sum_savings(entries: Iterable[Entry], group: Callable[[Measured | Unmeasured], str]) -> dict[str, Savings]:
    """Sum the attempts of entries, in any order, by the name that ``group`` returns for each."""
    totals: dict[str, Savings] = {}
    for entry, one in attempts_of(entries):
        name = group(entry)
        totals[name] = totals.get(name, Savings()) + one
    return totals


def attempts_of(entries: Iterable[Entry]) -> Iterable[tuple[Measured | Unmeasured, Savings]]:
    """Each attempt with its savings. A Measured entry replaces the Unmeasured entry of its job; of several Credited entries the
    largest counts.

    The name of a deleted job can be used again, so a job is identified by its name and its end.
    """
    latest: dict[Life, Measured | Unmeasured] = {}
    most: dict[Life, Credited] = {}
    for entry in entries:
        match entry:
            case Measured():
                latest[life_of(entry)] = entry
            case Unmeasured():
                latest.setdefault(life_of(entry), entry)
            case Credited():
                before = most.get(life_of(entry))
                most[life_of(entry)] = entry if before is None else better_credit(before, entry)
    for life, entry in latest.items():
        yield entry, savings_of(entry, most.get(life)) if isinstance(entry, Measured) else Savings(attempts=1, unmeasured=1)


Life = tuple[str, datetime]
"""A job's name and its end."""


def life_of(entry: Measured | Unmeasured | Credited) -> Life:
    """The key of the attempt to which an entry belongs."""
    return entry.job, entry.at


def better_credit(one: Credited, other: Credited) -> Credited:
    """The one of two credits of an attempt that counts: more seconds; with equal seconds, one whose basis is not LOST."""
    return max(one, other, key=lambda credit: (credit.useful_s, credit.basis != UsefulBasis.LOST))


def spent_micros(measured: Iterable[Measured]) -> Micros:
    """What SageMaker billed for these attempts, in millionths of a dollar; attempts without a price are left out."""
    return sum(
        cost_micros(e.billable_s, e.instance_count, billed_rate(e) or e.rate_micros_per_h)
        + cost_micros(e.retained_s, e.instance_count, e.rate_micros_per_h)
        for e in measured
        if e.rate_micros_per_h is not None
    )
