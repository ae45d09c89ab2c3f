"""Whether a job can be a spot job, and what SageMaker would refuse in its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.job import Job
from controller.jobs.spot_possible import EXCLUDING, refusals, why_not_spot
from tests.builders import algorithm, job

NEVER_SAVES = algorithm(checkpoints=False, why="it is known not to checkpoint")
HOUR = 3600


@pytest.mark.parametrize("member", EXCLUDING)
def test_each_member_that_excludes_spot_is_the_reason(member: str) -> None:
    assert why_not_spot(job(spot=False, excludes_spot=(member,))) == EXCLUDING[member]


def test_an_algorithm_that_cannot_checkpoint_may_run_an_hour_on_spot() -> None:
    assert why_not_spot(job(algorithm=NEVER_SAVES, runtime_s_max=HOUR)) is None
    why = why_not_spot(job(algorithm=NEVER_SAVES, runtime_s_max=HOUR + 1))
    assert why is not None
    assert "cannot checkpoint" in why
    assert why_not_spot(job()) is None


def refused(**changes: Any) -> list[tuple[str, str]]:
    about: Job = replace(job(), **changes)
    return [(refusal.field.rpartition(".")[2], refusal.wanted) for refusal in refusals(about)]


def test_a_request_as_people_write_them_is_not_refused() -> None:
    assert refused() == []
    assert refused(spot=False, wait_s_max=None) == []
    assert refused(spot=False, wait_s_max=None, runtime_s_max=None) == []


@pytest.mark.parametrize(
    ("changes", "field", "wanted"),
    [
        ({"runtime_s_max": 2_419_201, "wait_s_max": 2_419_201}, "MaxRuntimeInSeconds", "at most 28 days (2419200 s)"),
        ({"spot": False}, "MaxWaitTimeInSeconds", "none, or EnableManagedSpotTraining: true"),
        ({"wait_s_max": None}, "MaxWaitTimeInSeconds", "at least MaxRuntimeInSeconds, which is 10 hours (36000 s)"),
        ({"wait_s_max": 35_999}, "MaxWaitTimeInSeconds", "at least MaxRuntimeInSeconds, which is 10 hours (36000 s)"),
        ({"wait_s_max": None, "runtime_s_max": None}, "MaxWaitTimeInSeconds", "which is 1 day (86400 s)"),
        (
            {"algorithm": NEVER_SAVES, "runtime_s_max": HOUR, "wait_s_max": HOUR + 1},
            "MaxWaitTimeInSeconds", "at most 1 hour (3600 s) on spot: it is known not to checkpoint",
        ),
        (
            {"algorithm": NEVER_SAVES, "runtime_s_max": HOUR + 1, "wait_s_max": None},
            "MaxRuntimeInSeconds", "at most 1 hour (3600 s) on spot: it is known not to checkpoint",
        ),
    ],
)  # fmt: skip
def test_what_sagemaker_refuses_is_named_with_what_it_wants(changes: dict[str, Any], field: str, wanted: str) -> None:
    assert any(found == field and wanted in said for found, said in refused(**changes))


def test_an_algorithm_that_cannot_checkpoint_may_wait_for_an_hour() -> None:
    assert refused(algorithm=NEVER_SAVES, runtime_s_max=HOUR, wait_s_max=HOUR) == []
    assert refused(algorithm=NEVER_SAVES, spot=False, runtime_s_max=9 * HOUR, wait_s_max=None) == []


def test_a_member_that_excludes_spot_is_refused_on_spot_alone() -> None:
    member = "KeepAlivePeriodInSeconds" if "KeepAlivePeriodInSeconds" in EXCLUDING else next(iter(EXCLUDING))
    assert [field for field, _ in refused(excludes_spot=(member,), wait_s_max=None)] == ["EnableManagedSpotTraining"]
    assert refused(excludes_spot=(member,), spot=False, wait_s_max=None) == []


def test_what_is_unknown_is_not_refused() -> None:
    assert refused(wait_s_max=None, unknown=frozenset({"wait_s_max"})) == []
