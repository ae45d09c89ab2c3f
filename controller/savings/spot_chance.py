"""How likely a spot job finishes in time, and how long it trains until it does, by the history of its pool.

Interruptions are a Poisson process. Its rate λ has a Gamma posterior (``interruption_rates``). Work is done in segments: a
segment that is interrupted starts over. A job without checkpoints is one segment. A job that writes a checkpoint each half hour
has one segment for each half hour of its work.

A try of a segment of length s fails with the probability q = 1 − exp(−λs). The mean training until the segment is done is
(exp(λs) − 1) / λ (A. Duda, "The effects of checkpointing on program execution time", IPL 16, 1983; J. T. Daly, "A higher order
estimate of the optimum checkpoint interval for restart dumps", FGCS 22, 2006, here without the time to write). Over a Gamma
posterior with shape a and h hours, its mean is

    h / (a − 1) · ((h / (h − s))^(a − 1) − 1)

for s < h. For a longer segment there is no mean: h hours of history are too few for such a run.

The number of failures of n segments is negative binomial (n, q). Each failure costs the training that it loses, which is
exponential but shorter than s, and the wait for the next start, which is assumed to be exponential. The sum has a compound
distribution, which Panjer's recursion computes on a lattice (H. H. Panjer, "Recursive evaluation of a family of compound
distributions", ASTIN Bulletin 12, 1981). The chance is the probability that the sum fits into the spare time (the limit less the
work), averaged over the rate of the run.

The rate of one run varies more than the posterior of the pool's mean rate does, because capacity comes and goes for hours. So the
chance uses a Gamma distribution with the same mean, but as wide as after four hours of history, or after a quarter of the run. If
the rate is a multiple of the mean, waits are longer by the same factor. Both choices were tested on recorded capacity
(docs/performance.md). The expected training uses the posterior itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, pairwise
from math import exp, expm1, log, sqrt

from controller.savings.interruption_rates import RatePosterior
from controller.units.value import dataclass

LATTICE = 64  # steps of the spare time
NODES = 16  # points at which the distribution of the rate is evaluated
SPELL_H, SPELL_SHARE = 4.0, 0.25  # hours of history, and share of a run, that set how much one run's rate varies
UNBILLED_H = 1.0  # an interval lost to an interruption within its first hour is not in TrainingTimeInSeconds (SageMaker guide)
TINY = 1e-12
HUGE = 1e200  # numbers of the recursion are scaled down from here, before they overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotRun:
    """A run on spot, in hours: the training that is left, the length of a segment, the time that it may take from now on
    (training and waiting), and the mean wait for each start.
    """

    work_h: float
    segment_h: float
    limit_h: float
    start_h: float


def training_h(run: SpotRun, rate: RatePosterior) -> float | None:
    """The expected hours of billed training until the run is finished, without regard to its limit.

    None if there is no mean (see above). Without checkpoints, training that is lost within the first hour of an interval is not
    billed; with checkpoints, all training counts.
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
    return max(whole, segment) * run.work_h / segment  # at a very high rate, rounding can make the difference above too small


def training_least_h(run: SpotRun, rate: RatePosterior) -> float:
    """A lower bound of ``training_h``: the hours at the posterior's mean rate.

    It is lower, because the hours grow faster than the rate.
    """
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
    """The mean of (exp(λ·longest) − exp(λ·(longest − upper))) / λ over the posterior of λ."""
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
    """Points of a Gamma distribution, as multiples of its mean, with weights whose sum is 1.

    For a shape of at least 1: the trapezoidal rule in log(x), because the density there falls to 0 on both sides. For a smaller
    shape, where it hardly falls on the left side: the midpoint rule in x^shape, where the density is exp(−shape·x).
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
    """The chance for a known rate: the probability that lost training and waits fit into the spare time."""
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
    """The distribution, on the lattice, of the training that a failed try loses: exponential, and shorter than the segment."""
    edges = [0.0, *(min((n + 0.5) * step, segment) for n in range(LATTICE + 1))]
    below = [-expm1(-rate * edge) / -expm1(-rate * segment) for edge in edges]
    return [after - before for before, after in pairwise(below)]


def _waited(spread: list[float], repeats: float) -> Iterator[float]:
    """The distribution, on the lattice, of the sum of a variable with distribution ``spread`` and a geometric wait."""
    return accumulate(((1 - repeats) * one for one in spread), lambda before, one: repeats * before + one)
