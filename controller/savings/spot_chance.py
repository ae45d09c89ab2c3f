"""How likely a spot job finishes in time, and how long it trains for that, given what is known of its pool.

Interruptions come as a Poisson process whose rate has a Gamma posterior (``interruption_rates``). Work is done in segments: a
segment that is interrupted begins again. A job without checkpoints is one segment; one that writes a checkpoint each half hour
has a segment for each half hour of its work.

With a rate λ and a segment of length s, an attempt at a segment fails with the probability q = 1 − exp(−λs), and the training
until a segment is whole is (exp(λs) − 1) / λ on average (A. Duda, "The effects of checkpointing on program execution time", IPL
16, 1983; J. T. Daly, "A higher order estimate of the optimum checkpoint interval for restart dumps", FGCS 22, 2006, here without
the time to write). Over a Gamma posterior with shape a and h hours this has the mean

    h / (a − 1) · ((h / (h − s))^(a − 1) − 1)

for s < h, and none for a longer segment: a pool that was watched for h hours says too little of runs that take longer.

The failures of n segments are negative binomial (n, q). Each costs the training it loses, which is exponential and shorter than
s, and the wait for the next start, which is taken to be exponential. The sum has a compound distribution, which Panjer's
recursion gives on a lattice (H. H. Panjer, "Recursive evaluation of a family of compound distributions", ASTIN Bulletin 12,
1981). The chance is the share of it within the time that is left beside the work, averaged over the rate of the run.

The rate of one run varies more than the pool's mean rate is uncertain, because capacity comes and goes for hours. So the chance
takes the same mean with the spread of four hours of watching, or of a quarter of the run, and a time with many interruptions has
as much longer waits. Both were chosen on recorded capacity (docs/performance.md); the expected training follows the mean rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from math import exp, expm1, log, sqrt

from controller.savings.interruption_rates import RatePosterior
from controller.units.value import dataclass

LATTICE = 64  # steps of the time that is left beside the work
NODES = 16  # of the posterior, in the logarithm of the rate
SPELL_H, SPELL_SHARE = 4.0, 0.25  # hours of watching that say as much as is known of one run's own rate
UNBILLED_H = 1.0  # an interval lost to an interruption within its first hour is not in TrainingTimeInSeconds (SageMaker guide)
TINY = 1e-12
HUGE = 1e200  # where a number of the recursion would overflow soon


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotRun:
    """A run on spot, in hours: its training, the segment that an interruption loses, the time it may take from now on, and the
    mean wait for each start."""

    work_h: float
    segment_h: float
    limit_h: float
    start_h: float


def training_h(run: SpotRun, rate: RatePosterior) -> float | None:
    """The expected hours of training until the run is finished, however long that takes, as far as SageMaker bills them.

    None where the posterior has no mean. Of a run without checkpoints, attempts that are lost within their first hour are not
    billed; of one with checkpoints, everything counts.
    """
    segment = min(run.segment_h, run.work_h)
    if segment >= rate.hours:
        return None
    try:
        whole = _mean_of(rate, segment, segment)
        if segment == run.work_h:
            lost = min(UNBILLED_H, segment)
            longer = rate.hours - segment + lost
            whole -= _mean_of(rate, segment, lost) - lost * (rate.hours / longer) ** rate.shape
    except OverflowError:
        return None
    return max(whole, segment) * run.work_h / segment  # where the rate is huge, the difference above is lost to rounding


def training_least_h(run: SpotRun, rate: RatePosterior) -> float:
    """The same at the posterior's mean rate, which is less: it grows faster than the rate."""
    segment, mean = min(run.segment_h, run.work_h), rate.mean
    try:
        whole = expm1(mean * segment) / mean
        if segment == run.work_h:
            lost = min(UNBILLED_H, segment)
            whole -= exp(mean * segment) * (1 - exp(-mean * lost) * (1 + mean * lost)) / mean
        return max(whole, segment) * run.work_h / segment
    except OverflowError:
        return float("inf")


def _mean_of(rate: RatePosterior, longest: float, upper: float) -> float:
    """The posterior's mean of (exp(λ·longest) − exp(λ·(longest − upper))) / λ."""
    shape, hours = rate.shape, rate.hours
    if abs(shape - 1) < 1e-9:
        return hours * log((hours - longest + upper) / (hours - longest))
    power = 1 - shape
    near, far = (hours / (hours - longest)) ** -power, (hours / (hours - longest + upper)) ** -power
    return float(hours / (shape - 1) * (near - far))


def finish_chance(run: SpotRun, rate: RatePosterior) -> float:
    """The chance that the run finishes within its limit, from 0 to 1."""
    spare = run.limit_h - run.work_h
    if spare < 0:
        return 0.0
    total = 0.0
    for times, weight in _nodes(rate.shape * min(max(SPELL_H, SPELL_SHARE * run.work_h) / rate.hours, 1.0)):
        total += weight * _chance_at(max(times * rate.mean, TINY), replace(run, start_h=times * run.start_h), spare)
    return min(total, 1.0)


def _nodes(shape: float) -> Iterator[tuple[float, float]]:
    """Multiples of the mean of a Gamma distribution and their weights.

    From a shape of 1 on, the trapezoidal rule in the logarithm, in which the density falls off on both sides; below, where it
    hardly falls off to the left, the midpoint rule in x^shape, in which it is exp(−shape·x).
    """
    high = 1 + 5 / sqrt(shape) + 8 / shape
    if shape < 1:
        points = [high * ((n + 0.5) / NODES) ** (1 / shape) for n in range(NODES)]
        weights = [exp(-shape * point) for point in points]
    else:
        low, step = -(6 / sqrt(shape) + 5 / shape), 1 / (NODES - 1)
        points = [exp(low + (log(high) - low) * n * step) for n in range(NODES)]
        weights = [exp(shape * (log(point) - point + 1)) for point in points]  # 1 at the mean
    total = sum(weights)
    return zip(points, (weight / total for weight in weights), strict=True)


def _chance_at(rate: float, run: SpotRun, spare: float) -> float:
    """The chance for a known rate: the share of the compound distribution within the spare time."""
    segment = min(run.segment_h, run.work_h)
    segments, fails, step = run.work_h / segment, -expm1(-rate * segment), spare / LATTICE
    if step <= 0:
        return exp(-rate * run.work_h) if run.start_h == 0 else 0.0
    repeats = run.start_h / (step + run.start_h)
    costs = list(_waited(_lost(rate, segment, step), repeats))
    begin = max(1 - fails * costs[0], TINY)
    sums, scale = [1.0], segments * (-rate * segment - log(begin))
    for n in range(1, LATTICE + 1):
        more = fails * sum((1 + (segments - 1) * y / n) * costs[y] * sums[n - y] for y in range(1, n + 1)) / begin
        sums.append(more)
        if more > HUGE:
            sums, scale = [one / HUGE for one in sums], scale + log(HUGE)
    total = sum(_waited(sums, repeats))
    return min(exp(log(total) + scale), 1.0) if total > 0 else 0.0


def _lost(rate: float, segment: float, step: float) -> list[float]:
    """The training that a failed attempt at a segment loses, on the lattice: exponential, and shorter than the segment."""
    edges = [0.0, *(min((n + 0.5) * step, segment) for n in range(LATTICE + 1))]
    below = [-expm1(-rate * edge) / -expm1(-rate * segment) for edge in edges]
    return [after - before for before, after in pairwise(below)]


def _waited(spread: list[float], repeats: float) -> Iterator[float]:
    """A distribution on the lattice plus a geometric wait."""
    return accumulate(((1 - repeats) * one for one in spread), lambda before, one: repeats * before + one)
