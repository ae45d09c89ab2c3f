"""The rules about limits on waiting and running: their findings, and fixes that SageMaker accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.algorithm import AlgorithmClass, algorithm_of
from controller.jobs.spot_possible import refusals, runtime_of
from controller.policy.fix import applied
from tests.builders import algorithm, job
from tests.unit.policy.rules.judging import ask, fault_in, fix_in

CANNOT = algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False, why="kmeans cannot checkpoint")


def test_an_algorithm_that_cannot_checkpoint_waits_at_most_an_hour() -> None:
    at_limit = job(algorithm=CANNOT, runtime_s_max=3600, wait_s_max=3600)
    assert ask("uncheckpointed-cap", at_limit) is None
    fault = fault_in("uncheckpointed-cap", replace(at_limit, wait_s_max=3601))
    assert fault.field == "StoppingCondition.MaxWaitTimeInSeconds"
    assert (fault.found, fault.wanted) == ("3601 s", "at most 1 hour (3600 s): kmeans cannot checkpoint")
    fix = fix_in("uncheckpointed-cap", replace(at_limit, wait_s_max=3601))
    assert fix.request == {"StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600}}
    assert fix.sdk == {"max_run": 3600, "max_wait": 3600}


def test_a_request_without_a_waiting_time_is_capped_by_its_runtime() -> None:
    fault = fault_in("uncheckpointed-cap", job(algorithm=CANNOT, runtime_s_max=None, wait_s_max=None))
    assert (fault.field, fault.found) == ("StoppingCondition.MaxRuntimeInSeconds", "not set, so 1 day (86400 s)")


def test_an_algorithm_that_can_checkpoint_is_capped_only_without_a_config_and_only_where_the_rule_says_so() -> None:
    bare = job(checkpoint_uri=None)
    assert ask("uncheckpointed-cap", bare) is None
    fault = fault_in("uncheckpointed-cap", bare, without_config=True)
    assert fault.wanted == "at most 1 hour (3600 s): the job has no CheckpointConfig"
    assert fix_in("uncheckpointed-cap", bare, without_config=True).request.keys() == {"CheckpointConfig"}
    assert ask("uncheckpointed-cap", job(), without_config=True) is None


def test_on_demand_jobs_are_not_capped() -> None:
    assert ask("uncheckpointed-cap", job(spot=False, algorithm=CANNOT)) is None


def test_an_undescribed_algorithm_is_named_as_marketplace_in_the_finding() -> None:
    unseen = algorithm_of(image=None, algorithm_name="theirs", product_id=None, described=False, hyperparameters={})
    fault = fault_in("uncheckpointed-cap", job(algorithm=unseen))
    assert "no answer of DescribeAlgorithm" in fault.wanted
    assert "counts as a Marketplace algorithm" in fault.wanted


def test_waiting_is_limited_by_the_clock_and_by_what_the_job_may_run() -> None:
    patient = job(runtime_s_max=3600, wait_s_max=172_801)
    assert ask("max-wait-limit", job(wait_s_max=172_800), at_most_s=172_800) is None
    assert fault_in("max-wait-limit", patient, at_most_s=172_800).wanted == "at most 2 days (172800 s)"
    both = fault_in("max-wait-limit", patient, at_most_s=172_800, times_runtime=4)
    assert both.wanted == "at most 4 hours (14400 s): 4 × MaxRuntimeInSeconds (3600)"
    assert fix_in("max-wait-limit", patient, at_most_s=172_800, times_runtime=4).sdk == {"max_run": 3600, "max_wait": 14_400}


def test_a_limit_below_the_runtime_has_no_fix_because_only_the_owner_may_shorten_the_runtime() -> None:
    fix = fix_in("max-wait-limit", job(runtime_s_max=432_000, wait_s_max=604_800), at_most_s=172_800)
    assert (fix.request, fix.sdk) == ({}, {})
    assert "MaxRuntimeInSeconds of 5 days (432000 s)" in fix.why_not
    assert "use-spot" not in fix.why_not
    assert "max-wait-limit allows MaxWaitTimeInSeconds of at most 2 days (172800 s)" in fix.why_not


def test_on_demand_jobs_do_not_wait() -> None:
    assert ask("max-wait-limit", job(spot=False, wait_s_max=None), at_most_s=60) is None


def test_no_job_may_run_longer_than_the_limit() -> None:
    assert ask("max-runtime-limit", job(runtime_s_max=3600), at_most_s=3600) is None
    fault = fault_in("max-runtime-limit", job(spot=False, runtime_s_max=None), at_most_s=3600)
    assert (fault.found, fault.wanted) == ("not set, so 1 day (86400 s)", "at most 1 hour (3600 s)")
    assert "A fix never lowers it" in fix_in("max-runtime-limit", job(spot=False, runtime_s_max=None), at_most_s=3600).why_not


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
    if ask(kind, here, **options) is None:
        return
    fix = fix_in(kind, here, **options)
    if fix.why_not:
        return
    fixed = applied(here, fix.request)
    assert runtime_of(fixed) == runtime_of(here)
    assert not list(refusals(fixed))
    assert ask(kind, fixed, **options) is None
