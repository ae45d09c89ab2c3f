"""The backtest runs the controller's own decision and other strategies, and names what it cannot run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.cli import main
from controller.cli.backtest_deadline.cases import DeadlineCase, Shape, Trace, cases_of
from controller.cli.backtest_deadline.command import STRATEGIES, WITHOUT_CHECKPOINTS
from controller.cli.backtest_deadline.market import play
from controller.cli.backtest_deadline.optimum import optimum

DATA = Path(os.environ.get("SPOTWARDEN_DATA", "../shared/data")) / "spot-traces"
HALF = 0.5


def case(capacity: str, work: int, overhead: int = 1, *, checkpoints: bool = True) -> DeadlineCase:
    """A job over samples, written as ``#`` (spot capacity) and ``.`` (none)."""
    samples = tuple(sample == "#" for sample in capacity)
    return DeadlineCase(capacity=samples, gap_s=600, work=work, overhead=overhead, checkpoints=checkpoints)


def folder(tmp_path: Path, *traces: Any) -> str:
    for number, trace in enumerate(traces):
        (tmp_path / f"{number}.json").write_text(trace if isinstance(trace, str) else json.dumps(trace))
    return str(tmp_path)


def trace(data: list[int], gap_s: int = 600) -> dict[str, Any]:
    return {"metadata": {"gap_seconds": gap_s}, "data": data}


def played(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["backtest", "deadline", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_job_on_spot_throughout_costs_its_work_and_one_start_at_the_spot_price() -> None:
    assert play(case("######", 3), STRATEGIES["spotwarden"](case("######", 3)), HALF).cost == 4 * HALF


def test_a_job_without_spot_waits_as_long_as_possible_and_then_runs_on_demand() -> None:
    outcome = play(case("......", 3), STRATEGIES["spotwarden"](case("......", 3)), HALF)
    assert (outcome.cost, outcome.missed, outcome.moves) == (4.0, False, 1)


def test_managed_spot_without_capacity_misses_and_is_charged_as_on_demand() -> None:
    outcome = play(case("......", 3), STRATEGIES["managed-spot"](case("......", 3)), HALF)
    assert (outcome.cost, outcome.missed) == (3.0, True)


def test_the_optimum_uses_spot_where_available_and_on_demand_for_the_rest() -> None:
    assert optimum(case("####....", 3), HALF) == 4 * HALF
    assert optimum(case("........", 3), HALF) == 4.0
    assert optimum(case("###.....", 5, overhead=0), HALF) == 3 * HALF + 2


def test_without_checkpoints_an_interruption_and_a_move_lose_all_work() -> None:
    again = case("###.####", 3, checkpoints=False)
    assert play(again, STRATEGIES["managed-spot"](again), HALF).cost == 7 * HALF
    assert optimum(again, HALF) == 4 * HALF
    assert optimum(case("###.....", 3, checkpoints=False), HALF) == 4.0


def test_an_uninterrupted_job_without_checkpoints_is_not_killed_shortly_before_its_end() -> None:
    nearly = case("." * 4 + "#" * 13 + "." * 11, 12, checkpoints=False)  # the latest moment for a move is during its last samples
    outcome = play(nearly, STRATEGIES["spotwarden"](nearly), HALF)
    assert (outcome.missed, outcome.moves, outcome.cost) == (False, 0, 13 * HALF)


def test_a_job_without_checkpoints_that_just_began_is_moved_only_where_the_policy_says_so() -> None:
    begun = case("." * 8 + "##" + "." * 14, 12, checkpoints=False)
    assert play(begun, WITHOUT_CHECKPOINTS["spotwarden, move_without_checkpoint"](begun), HALF).missed is False
    assert play(begun, WITHOUT_CHECKPOINTS["spotwarden"](begun), HALF).moves <= 1


def test_a_job_that_cannot_be_finished_has_no_optimum() -> None:
    assert optimum(case("..", 3), HALF) == float("inf")


@settings(max_examples=60)
@given(st.lists(st.booleans(), min_size=12, max_size=40), st.integers(1, 8), st.integers(0, 2), st.booleans())
def test_no_strategy_is_cheaper_than_the_optimum(capacity: list[bool], work: int, overhead: int, checkpoints: bool) -> None:
    job = DeadlineCase(capacity=tuple(capacity), gap_s=600, work=work, overhead=overhead, checkpoints=checkpoints)
    best = optimum(job, 0.317)
    for strategy in STRATEGIES.values():
        outcome = play(job, strategy(job), 0.317)
        assert outcome.missed or outcome.cost >= best - 1e-9


def test_starts_are_spread_over_the_trace() -> None:
    ramp = Trace(name="ramp", gap_s=600, capacity=tuple(number % 2 == 0 for number in range(100)))
    cases = list(cases_of(ramp, Shape(work_s=1200, deadline_s=3600), starts=4, overhead_s=601))
    assert len(cases) == 4
    assert [c.capacity[0] for c in cases] == [int(k * 93 / 4) % 2 == 0 for k in range(4)]
    assert {(len(c.capacity), c.work, c.overhead) for c in cases} == {(6, 2, 2)}


def test_json_has_one_line_for_each_policy_and_ours_is_spotwarden(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = folder(tmp_path, trace([1, 0] * 200))
    code, out, _ = played(capsys, "--traces", where, "--shapes", "4h/8h", "--format", "json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert lines[0]["policy"] == "spotwarden"
    assert {"cost_over_ondemand", "cost_over_optimal", "missed", "runs", "moves_mean"} <= lines[0].keys()
    assert lines[-1]["cost_over_optimal"] == 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--traces", "nowhere"], "--traces: found nothing at nowhere, wanted a folder of spot traces"),
        (["--shapes", "48h"], "--shapes: found '48h', wanted work/deadline such as 48h/52h"),
        (["--shapes", "52h/48h"], "--shapes: found '52h/48h', wanted work above zero and a deadline that leaves time for it"),
        (["--shapes", "4x/8h"], "--shapes: found '4x', wanted a duration such as 90s, 15m, 48h or 7d"),
        (["--overhead", "6"], "--overhead: found '6', wanted a duration"),
        (["--spot-price", "0"], "--spot-price: found 0.0, wanted a share of the on-demand price above 0"),
        (["--overhead", "366d"], "--overhead: found '366d', wanted a duration of at most 365d"),
        (["--starts", "0"], "--starts: found 0, wanted at least 1"),
        (["--shapes", "400h/500h"], "as long as any deadline, wanted at least one"),
    ],
)
def test_bad_arguments_are_named(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = folder(tmp_path, trace([1, 0] * 200))
    code, _, err = played(capsys, "--traces", where, *arguments)
    assert code == 2
    assert message in err


@pytest.mark.parametrize("document", ["not json", {"data": [1]}, trace([]), trace([1], gap_s=0), trace(["x"])])  # type: ignore[list-item]  # no numbers
def test_a_file_in_another_format_is_named(document: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = played(capsys, "--traces", folder(tmp_path, document))
    assert code == 2
    assert "0.json" in err
    assert "wanted" in err


def test_a_trace_that_is_too_short_is_skipped_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = folder(tmp_path, trace([1, 0] * 200), trace([1, 0]))
    code, _, err = played(capsys, "--traces", where, "--shapes", "4h/8h")
    assert code == 0
    assert err == "skipped: 1.json is shorter than a deadline of 28800 s\n"


@pytest.mark.parametrize(("signal", "most"), [("none", 1.105), ("fleet", 1.067), ("probe", 1.067)])
def test_on_recorded_capacity_no_deadline_is_missed_and_the_goal_is_met(
    signal: str, most: float, capsys: pytest.CaptureFixture[str]
) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no spot traces in {DATA} (SPOTWARDEN_DATA names their folder)")
    code, out, _ = played(capsys, "--traces", str(DATA), "--signal", signal, "--format", "json")
    ours = json.loads(out.splitlines()[0])
    assert code == 0
    assert (ours["policy"], ours["missed"], ours["runs"]) == ("spotwarden", 0, 192)
    assert ours["cost_over_optimal"] <= most


def test_on_recorded_capacity_a_job_without_checkpoints_that_may_be_moved_seldom_misses(
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no spot traces in {DATA} (SPOTWARDEN_DATA names their folder)")
    code, out, _ = played(capsys, "--traces", str(DATA), "--no-checkpoints", "--format", "json")
    stays, moves = (json.loads(line) for line in out.splitlines()[:2])
    assert code == 0
    assert (stays["policy"], moves["policy"]) == ("spotwarden", "spotwarden, move_without_checkpoint")
    assert moves["missed"] <= 1 < stays["missed"]
    assert stays["cost_over_optimal"] < moves["cost_over_optimal"] <= 1.08
