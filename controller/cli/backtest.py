"""``spotwarden backtest deadline``: plays the controller's deadline decision over recorded spot capacity."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from controller.cli.backtest_deadline.cases import BadInput, Case, cases_of, duration_s, shapes_of, traces_in
from controller.cli.backtest_deadline.market import PlayResult, SpotSignal, Strategy, play
from controller.cli.backtest_deadline.strategies import ManagedSpot, SpotElseOnDemand, Spotwarden, UniformProgress

HELP = "play the controller's decisions over recorded spot capacity"
SHAPES = "48h/52h,48h/60h,48h/70h,12h/18h,12h/24h,4h/8h"

RIVALS: Mapping[str, Callable[[Case], Strategy]] = {
    "spotwarden": lambda _: Spotwarden(),
    "managed-spot": lambda _: ManagedSpot(),
    "spot-else-on-demand": lambda case: SpotElseOnDemand(case.capacity),
    "uniform-progress": lambda case: UniformProgress(case.capacity),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the report. Costs are means over all runs, per unit of work: of on-demand, and over the omniscient optimum."""

    policy: str
    cost_over_ondemand: float
    cost_over_optimal: float
    missed: int
    runs: int
    moves_mean: float
    starts_mean: float


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=("deadline",), help="deadline: when to leave spot, and whether to come back")
    parser.add_argument("--traces", type=Path, required=True, metavar="DIR", help="spot traces (skypilot-org/spot-traces)")
    parser.add_argument("--shapes", default=SHAPES, help=f"work/deadline, several by comma (default {SHAPES})")
    parser.add_argument("--overhead", default="6m", help="what a start bills before it makes progress (default 6m)")
    parser.add_argument("--spot-price", type=float, default=0.317, help="spot price as a share of on-demand (default 0.317)")
    parser.add_argument("--starts", type=int, default=4, help="jobs of each shape on each trace, evenly spread (default 4)")
    parser.add_argument("--signal", choices=tuple(SpotSignal), default="none", help="how the controller learns that spot is back")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: Namespace) -> int:
    try:
        cases = _cases(arguments)
    except BadInput as bad:
        print(f"spotwarden backtest: {bad}", file=sys.stderr)
        return 2
    results = tuple(_results(cases, arguments.spot_price, SpotSignal(arguments.signal)))
    if arguments.format == "json":
        for result in results:
            print(json.dumps(asdict(result)))
    else:
        _print(results)
    return 0


def _cases(arguments: Namespace) -> tuple[Case, ...]:
    """Every job that is to be played. Raises BadInput; says which traces are too short for which shape."""
    if not 0 < arguments.spot_price <= 1:
        raise BadInput(f"--spot-price: found {arguments.spot_price}, wanted a share of the on-demand price above 0, at most 1")
    if arguments.starts < 1:
        raise BadInput(f"--starts: found {arguments.starts}, wanted at least 1")
    overhead_s, shapes = duration_s(arguments.overhead, "--overhead"), shapes_of(arguments.shapes)
    cases: list[Case] = []
    for trace in traces_in(arguments.traces):
        for shape in shapes:
            played = tuple(cases_of(trace, shape, starts=arguments.starts, overhead_s=overhead_s))
            cases += played
            if not played:
                print(f"skipped: {trace.name} is shorter than a deadline of {shape.deadline_s} s", file=sys.stderr)
    if not cases:
        raise BadInput(f"--traces: no trace in {arguments.traces} is as long as any deadline, wanted at least one")
    return tuple(cases)


def _results(cases: Sequence[Case], spot_price: float, signal: SpotSignal) -> Iterable[Result]:
    from controller.cli.backtest_deadline.optimum import optimum

    bests = [_affordable(optimum(case, spot_price), case) / case.work for case in cases]
    best = sum(bests) / len(cases)
    for name, strategy in RIVALS.items():
        hears = signal if name == "spotwarden" else SpotSignal.NONE
        yield _result(name, cases, [play(case, strategy(case), spot_price, hears) for case in cases], best)
    yield Result(
        policy="omniscient", cost_over_ondemand=round(best, 4), cost_over_optimal=1.0, missed=0, runs=len(cases),
        moves_mean=0.0, starts_mean=0.0,
    )  # fmt: skip


def _affordable(cost: float, case: Case) -> float:
    """The optimum of a job that nobody could have finished is what a miss is charged."""
    return min(cost, float(case.work)) if cost == float("inf") else cost


def _result(name: str, cases: Sequence[Case], outcomes: Sequence[PlayResult], best: float) -> Result:
    runs = len(cases)
    cost = sum(outcome.cost / case.work for outcome, case in zip(outcomes, cases, strict=True)) / runs
    return Result(
        policy=name,
        cost_over_ondemand=round(cost, 4),
        cost_over_optimal=round(cost / best, 4),
        missed=sum(outcome.missed for outcome in outcomes),
        runs=runs,
        moves_mean=round(sum(outcome.moves for outcome in outcomes) / runs, 2),
        starts_mean=round(sum(outcome.starts for outcome in outcomes) / runs, 2),
    )


def _print(results: Iterable[Result]) -> None:
    print(f"{'policy':22} {'over optimum':>12} {'of on-demand':>12} {'missed':>10} {'moves':>6} {'starts':>7}")
    for r in results:
        missed = f"{r.missed}/{r.runs}"
        print(
            f"{r.policy:22} {100 * (r.cost_over_optimal - 1):>+11.1f}% {100 * r.cost_over_ondemand:>11.1f}% {missed:>10}"
            f" {r.moves_mean:>6.1f} {r.starts_mean:>7.1f}"
        )
