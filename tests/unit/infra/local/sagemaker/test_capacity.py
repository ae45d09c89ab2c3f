"""The supply of spot instances: steps, traces and generated patterns."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from infra.local.sagemaker.capacity import ALWAYS, PLENTY, Steps, from_trace, generate
from tests.unit.infra.local.sagemaker.requests import T0, after

TRACES = Path(os.environ.get("SPOTWARDEN_DATA", Path(__file__).parents[6] / "shared" / "data")) / "spot-traces"


def test_a_trace_is_a_count_every_gap() -> None:
    trace = from_trace({"metadata": {"gap_seconds": 600}, "data": [1, 1, 0, 2]}, T0)
    assert [trace.at(after(seconds)) for seconds in (0, 599, 1199, 1200, 1799, 1800)] == [1, 1, 1, 0, 0, 2]


def test_equal_counts_are_no_change() -> None:
    trace = from_trace({"metadata": {"gap_seconds": 600}, "data": [1, 1, 0, 2]}, T0)
    assert trace.next_change(T0) == after(1200)
    assert trace.next_change(after(1200)) == after(1800)


def test_a_trace_begins_anew_after_its_end() -> None:
    trace = from_trace({"metadata": {"gap_seconds": 600}, "data": [1, 0]}, T0)
    assert trace.next_change(after(600)) == after(1200)
    assert [trace.at(after(seconds)) for seconds in (1200, 1800, 12_600)] == [1, 0, 0]


def test_before_its_beginning_the_first_count_holds() -> None:
    assert from_trace({"metadata": {"gap_seconds": 600}, "data": [3, 0]}, T0).at(after(-5000)) == 3


def test_a_pool_that_is_never_short_never_changes() -> None:
    assert (ALWAYS.at(T0), ALWAYS.next_change(T0)) == (PLENTY, None)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"data": [1]}, 'the trace: wanted {"metadata": {"gap_seconds": seconds}, "data": .* found {"data": \\[1\\]}'),
        ({"metadata": {"gap_seconds": 600}, "data": ["many"]}, "found .*many"),
        ({"metadata": {"gap_seconds": 0}, "data": [1]}, "wanted a gap above 0 s .* found 0.0 s"),
        ({"metadata": {"gap_seconds": 600}, "data": []}, "at least one count of 0 or more"),
        ({"metadata": {"gap_seconds": 600}, "data": [1, -1]}, r"found 600.0 s and \[1, -1\]"),
    ],
)
def test_a_trace_of_another_form_is_refused_with_what_was_found(document: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        from_trace(document)


def test_a_trace_file_is_named_when_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(json.dumps({"prices": []}))
    with pytest.raises(ValueError, match=r"odd\.json: wanted"):
        from_trace(tmp_path / "odd.json")
    (tmp_path / "text.json").write_text("not JSON")
    with pytest.raises(ValueError, match=r"text\.json: wanted JSON, found 'not JSON'"):
        from_trace(tmp_path / "text.json")


@pytest.mark.skipif(not TRACES.is_dir(), reason="the shared spot traces are not on this machine (SPOTWARDEN_DATA)")
def test_the_published_traces_can_be_read() -> None:
    for path in sorted(TRACES.glob("*.json")):
        document, trace = json.loads(path.read_text()), from_trace(path, T0)
        assert [trace.at(T0 + index * timedelta(seconds=600)) for index in range(len(document["data"]))] == document["data"]


def test_generated_capacity_depends_only_on_the_seed() -> None:
    def look(seed: str) -> list[int]:
        pool = generate(seed, T0)
        return [pool.at(after(3600 * hour)) for hour in range(14 * 24)]

    assert look("1/ml.p3.2xlarge") == look("1/ml.p3.2xlarge")
    assert look("1/ml.p3.2xlarge") != look("2/ml.p3.2xlarge")


def test_generated_pools_differ_and_some_are_empty_at_times() -> None:
    pools = [generate(seed, T0) for seed in range(40)]
    empty_hours = [sum(pool.at(after(3600 * hour)) == 0 for hour in range(14 * 24)) for pool in pools]
    assert min(empty_hours) == 0
    assert max(empty_hours) > 24


def test_every_change_is_after_the_moment_that_was_asked_about() -> None:
    pool, at = generate("walk", T0), T0
    for _ in range(500):
        later = pool.next_change(at)
        assert later is not None
        assert later > at
        at = later


def test_the_steps_of_a_pool_may_be_written_down() -> None:
    pool = Steps(T0, [(0, 2), (60, 2), (120, 0)], period_s=180)
    assert (pool.next_change(T0), pool.at(after(130))) == (after(120), 0)
