"""``spotwarden backtest deadline``: runs the deadline decision on recorded spot capacity."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from controller.cli.backtest_deadline.cases import DeadlineCase, Shape, Trace, cases_of, duration_s, shapes_of, traces_in
from controller.cli.backtest_deadline.market import RunResult, SpotSignal, Strategy, play
from controller.cli.backtest_deadline.strategies import ManagedSpot, SpotElseOnDemand, Spotwarden, UniformProgress
from controller.cli.input.options import Format, OutputFormat
from controller.cli.output.errors import BadInput
from controller.cli.output.printable import json_text

SHAPES = "48h/52h,48h/60h,48h/70h,12h/18h,12h/24h,4h/8h"

STRATEGIES: Mapping[str, Callable[[DeadlineCase], Strategy]] = {
    "spotwarden": lambda _: Spotwarden(),
    "managed-spot": lambda _: ManagedSpot(),
    "spot-else-on-demand": lambda case: SpotElseOnDemand(case.capacity),
    "uniform-progress": lambda case: UniformProgress(case.capacity),
}
WITHOUT_CHECKPOINTS: Mapping[str, Callable[[DeadlineCase], Strategy]] = {
    "spotwarden": lambda _: Spotwarden(move_without_checkpoint=False),
    "spotwarden, move_without_checkpoint": lambda _: Spotwarden(),
    **{name: strategy for name, strategy in STRATEGIES.items() if name != "spotwarden"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the result. Both costs are means over all runs: divided by the cost on-demand, and by the optimum."""

    policy: str
    cost_over_ondemand: float
    cost_over_optimal: float
    missed: int
    runs: int
    moves_mean: float
    starts_mean: float


def run(
    traces: Annotated[Path, typer.Option("--traces", metavar="DIR", help="Spot traces as in skypilot-org/spot-traces.")],
    shapes: Annotated[str, typer.Option("--shapes", help="Work/deadline of the jobs, separated by commas.")] = SHAPES,
    overhead: Annotated[str, typer.Option("--overhead", help="The billed time of each start before it makes progress.")] = "6m",
    spot_price: Annotated[float, typer.Option("--spot-price", help="The spot price as a share of the on-demand price.")] = 0.317,
    starts: Annotated[int, typer.Option("--starts", help="Jobs of each shape on each trace, evenly spread.")] = 4,
    signal: Annotated[
        SpotSignal, typer.Option("--signal", help="How the controller learns that spot capacity is back.")
    ] = SpotSignal.NONE,
    no_checkpoints: Annotated[
        bool, typer.Option("--no-checkpoints", help="Jobs write no checkpoints: each interruption and each move loses all work.")
    ] = False,
    format_: Format = OutputFormat.TEXT,
) -> int:
    """Print one line for each strategy and one for the optimum."""
    if not 0 < spot_price <= 1:
        raise BadInput(f"--spot-price: found {spot_price}, wanted a share of the on-demand price above 0, at most 1")
    if starts < 1:
        raise BadInput(f"--starts: found {starts}, wanted at least 1")
    cases = _cases(
        traces_in(traces), shapes_of(shapes), starts=starts, overhead_s=duration_s(overhead, "--overhead"),
        checkpoints=not no_checkpoints,
    )  # fmt: skip
    if not cases:
        raise BadInput(f"--traces: no trace in {traces} is as long as any deadline, wanted at least one")
    results = tuple(_results(cases, spot_price, signal, WITHOUT_CHECKPOINTS if no_checkpoints else STRATEGIES))
    if format_ is OutputFormat.JSON:
        for result in results:
            print(json_text(asdict(result)))
    else:
        _print(results)
    return 0


def _cases(
    traces: Sequence[Trace], shapes: Sequence[Shape], *, starts: int, overhead_s: int, checkpoints: bool
) -> tuple[DeadlineCase, ...]:
    """Every job to run; a warning on standard error for each trace that is too short for a shape."""
    cases: list[DeadlineCase] = []
    for trace in traces:
        for shape in shapes:
            runs = tuple(cases_of(trace, shape, starts=starts, overhead_s=overhead_s, checkpoints=checkpoints))
            cases += runs
            if not runs:
                print(f"skipped: {trace.name} is shorter than a deadline of {shape.deadline_s} s", file=sys.stderr)
    return tuple(cases)


def _results(
    cases: Sequence[DeadlineCase],
    spot_price: float,
    signal: SpotSignal,
    strategies: Mapping[str, Callable[[DeadlineCase], Strategy]],
) -> Iterable[Result]:
    from controller.cli.backtest_deadline.optimum import optimum

    bests = [_affordable(optimum(case, spot_price), case) / case.work for case in cases]
    best = sum(bests) / len(cases)
    for name, strategy in strategies.items():
        given = signal if name.startswith("spotwarden") else SpotSignal.NONE
        yield _result(name, cases, [play(case, strategy(case), spot_price, given) for case in cases], best)
    yield Result(
        policy="omniscient", cost_over_ondemand=round(best, 4), cost_over_optimal=1.0, missed=0, runs=len(cases),
        moves_mean=0.0, starts_mean=0.0,
    )  # fmt: skip


def _affordable(cost: float, case: DeadlineCase) -> float:
    """The optimum, or the cost of a missed deadline if no strategy can meet it."""
    return min(cost, float(case.work)) if cost == float("inf") else cost


def _result(name: str, cases: Sequence[DeadlineCase], outcomes: Sequence[RunResult], best: float) -> Result:
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
    print(f"{'policy':35} {'over optimum':>12} {'of on-demand':>12} {'missed':>10} {'moves':>6} {'starts':>7}")
    for r in results:
        missed = f"{r.missed}/{r.runs}"
        print(
            f"{r.policy:35} {100 * (r.cost_over_optimal - 1):>+11.1f}% {100 * r.cost_over_ondemand:>11.1f}% {missed:>10}"
            f" {r.moves_mean:>6.1f} {r.starts_mean:>7.1f}"
        )
