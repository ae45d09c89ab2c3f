"""Limits on waiting and running: what is found, what is wanted, and a fix that SageMaker accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.algorithm import AlgorithmClass, algorithm_of
from tests.builders import algorithm, job
from tests.unit.policy.rules.judging import ask, fault_in

CANNOT = algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False, why="kmeans cannot checkpoint")


def test_an_algorithm_that_cannot_checkpoint_waits_at_most_an_hour() -> None:
    at_limit = job(algorithm=CANNOT, runtime_s_max=3600, wait_s_max=3600)
    assert ask("uncheckpointed-cap", at_limit) is None
    fault = fault_in("uncheckpointed-cap", replace(at_limit, wait_s_max=3601))
    assert fault.field == "StoppingCondition.MaxWaitTimeInSeconds"
    assert (fault.found, fault.wanted) == ("3601 (60 min)", "at most 3600 (1 h): kmeans cannot checkpoint")
    assert fault.fix.request == {"StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600}}
    assert fault.fix.sdk == {"max_run": 3600, "max_wait": 3600}


def test_a_request_without_a_waiting_time_is_capped_by_its_runtime() -> None:
    fault = fault_in("uncheckpointed-cap", job(algorithm=CANNOT, runtime_s_max=None, wait_s_max=None))
    assert (fault.field, fault.found) == ("StoppingCondition.MaxRuntimeInSeconds", "not set, so 86400 (24 h)")


def test_an_algorithm_that_can_checkpoint_is_capped_only_without_a_config_and_only_where_the_rule_says_so() -> None:
    bare = job(checkpoint_uri=None)
    assert ask("uncheckpointed-cap", bare) is None
    fault = fault_in("uncheckpointed-cap", bare, without_config=True)
    assert fault.wanted == "at most 3600 (1 h): the job has no CheckpointConfig"
    assert ask("uncheckpointed-cap", job(), without_config=True) is None


def test_on_demand_jobs_are_not_capped() -> None:
    assert ask("uncheckpointed-cap", job(spot=False, algorithm=CANNOT)) is None


def test_an_undescribed_algorithm_is_named_as_marketplace_in_the_finding() -> None:
    unseen = algorithm_of(image=None, algorithm_name="theirs", product_id=None, described=False, hyperparameters={})
    fault = fault_in("uncheckpointed-cap", job(algorithm=unseen))
    assert "DescribeAlgorithm not seen" in fault.wanted
    assert "counts as Marketplace" in fault.wanted


def test_waiting_is_limited_by_the_clock_and_by_what_the_job_may_run() -> None:
    patient = job(runtime_s_max=3600, wait_s_max=172_801)
    assert ask("max-wait-limit", job(wait_s_max=172_800), at_most_s=172_800) is None
    assert fault_in("max-wait-limit", patient, at_most_s=172_800).wanted == "at most 172800 (2 d)"
    both = fault_in("max-wait-limit", patient, at_most_s=172_800, times_runtime=4)
    assert both.wanted == "at most 14400 (4 h): 4 × MaxRuntimeInSeconds (3600)"
    assert both.fix.sdk == {"max_run": 3600, "max_wait": 14_400}


def test_a_limit_below_the_runtime_shortens_the_runtime_too_as_sagemaker_wants_the_wait_to_hold_it() -> None:
    fault = fault_in("max-wait-limit", job(runtime_s_max=36_000, wait_s_max=72_000), at_most_s=7200)
    assert fault.fix.request == {"StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 7200}}


def test_on_demand_jobs_do_not_wait() -> None:
    assert ask("max-wait-limit", job(spot=False, wait_s_max=None), at_most_s=60) is None


def test_no_job_may_run_longer_than_the_limit() -> None:
    assert ask("max-runtime-limit", job(runtime_s_max=3600), at_most_s=3600) is None
    fault = fault_in("max-runtime-limit", job(spot=False, runtime_s_max=None), at_most_s=3600)
    assert (fault.found, fault.wanted) == ("not set, so 86400 (24 h)", "at most 3600 (1 h)")
    assert fault.fix.request == {"StoppingCondition": {"MaxRuntimeInSeconds": 3600}}


@given(
    st.sampled_from(["uncheckpointed-cap", "max-wait-limit", "max-runtime-limit"]),
    st.integers(1, 50),
    st.none() | st.integers(1, 50),
    st.none() | st.integers(1, 50),
    st.sampled_from([1, 1.5, 4]),
    st.booleans(),
)
def test_a_fixed_job_keeps_the_rule_and_is_valid_in_sagemaker(
    kind: str, at_most_h: int, runtime_h: int | None, more_h: int | None, times: float, spot: bool
) -> None:
    runtime_s = runtime_h * 3600 if runtime_h else None
    wait_s = (runtime_s or 86_400) + more_h * 3600 if more_h and spot else None
    options: dict[str, Any] = {"at_most_s": at_most_h * 3600} | ({"times_runtime": times} if kind == "max-wait-limit" else {})
    here = job(spot=spot, runtime_s_max=runtime_s, wait_s_max=wait_s, algorithm=CANNOT)
    fault = ask(kind, here, **options)
    if fault is None:
        return
    limits = fault.fix.request["StoppingCondition"]
    fixed_s, waiting_s = limits["MaxRuntimeInSeconds"], limits.get("MaxWaitTimeInSeconds")
    assert (waiting_s is not None) is spot
    assert waiting_s is None or waiting_s >= fixed_s
    assert fault.fix.sdk == {"max_run": fixed_s} | ({"max_wait": waiting_s} if spot else {})
    assert ask(kind, replace(here, runtime_s_max=fixed_s, wait_s_max=waiting_s), **options) is None
