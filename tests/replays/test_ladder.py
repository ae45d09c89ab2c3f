"""A step of the ladder that can never fit is passed at once, whatever the budgets say, and told once by the quota's name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from controller.ledger.intent import Announce
from infra.local.host import Host
from infra.local.sagemaker.settings import WorldSettings
from tests.security.lab import lab, launch, lineage_of, request, run, texts

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
resubmit:
  - name: again
    mode: enforce
    causes:
      capacity: {limit: 2, backoff: {first: 1m}}
      %s
    ladder: [%s]
"""
TYPES = "{instance_types: [ml.g4dn.2xlarge, ml.p3.8xlarge]}"
SPOT_QUOTA = "{} for spot training job usage"
ON_DEMAND_QUOTA = "{} for training job usage"


def attempts(host: Host) -> list[tuple[str, bool]]:
    """The instance type and the market of each attempt that was created, in order."""
    made = sorted((job for job in host.world.jobs.values() if job.name.startswith("job-")), key=lambda job: job.created_at)
    return [(job.pool[0], job.spot) for job in made]


def topics(host: Host) -> Counter[str]:
    """The kinds of the messages about the lineage."""
    return Counter(i.action.topic.split("/")[0] for i in lineage_of(host, "job").intents if isinstance(i.action, Announce))


def failed_for_capacity(*, quotas: dict[str, int] | None = None, ladder: str = TYPES, causes: str = "", **more: Any) -> Any:
    settings = WorldSettings(usage_delay_s=60, quotas=quotas or {}, **{k: v for k, v in more.items() if k == "not_offered"})
    return lab(POLICY % (causes, ladder), settings=settings)


def begin(host: Host, **more: Any) -> None:
    launch(host, request("job", "vision", runtime_h=2, work_s=3000, fails_with="capacity", fails_times=1, **more))


@pytest.mark.parametrize("causes", ["", "quota: {limit: 5, backoff: {first: 1m}}", "quota: {limit: 0}"])
def test_a_type_with_a_quota_of_zero_is_passed_at_once(causes: str) -> None:
    with failed_for_capacity(
        quotas={SPOT_QUOTA.format("ml.g4dn.2xlarge"): 0, SPOT_QUOTA.format("ml.p3.8xlarge"): 4}, causes=causes
    ) as host:
        begin(host)
        run(host, hours=1)
        assert attempts(host) == [("ml.p3.8xlarge", True)]
        assert "ml.g4dn.2xlarge for spot training job usage" in texts(host)
        assert topics(host)["step-skipped"] == 1


def test_a_request_above_its_limit_and_a_type_that_the_region_does_not_have_are_passed_too() -> None:
    quotas = {SPOT_QUOTA.format("ml.p3.8xlarge"): 1}
    with failed_for_capacity(quotas=quotas, ladder=f"{TYPES}, on-demand", not_offered=("ml.g4dn.2xlarge",)) as host:
        begin(host, instances=2)
        run(host, hours=1)
        assert attempts(host) == [("ml.g5.xlarge", False)]
        assert "Unsupported instance type" in texts(host)
        assert topics(host) == {"resubmitting": 3, "step-skipped": 2}


def test_the_limit_over_all_spot_jobs_leaves_on_demand() -> None:
    quotas = {"Number of instances across all spot training jobs": 0}
    with failed_for_capacity(quotas={}, ladder=f"{TYPES}, on-demand") as host:
        begin(host)
        host.world.settings.quotas.update(quotas)  # type: ignore[attr-defined]
        run(host, hours=1)
        assert attempts(host) == [("ml.g5.xlarge", False)]
        assert "across all spot training jobs" in texts(host)


def test_where_no_step_fits_the_job_goes_on_as_it_was_and_where_that_does_not_fit_either_people_are_told() -> None:
    none = dict.fromkeys(map(SPOT_QUOTA.format, ("ml.g4dn.2xlarge", "ml.p3.8xlarge")), 0)
    with failed_for_capacity(quotas=none) as host:
        begin(host)
        run(host, hours=1)
        assert attempts(host) == [("ml.g5.xlarge", True)]
    with failed_for_capacity(quotas=dict(none)) as host:
        begin(host)
        host.world.settings.quotas.update({SPOT_QUOTA.format("ml.g5.xlarge"): 0})  # type: ignore[attr-defined]
        run(host, hours=1)
        assert attempts(host) == []
        assert topics(host)["gave-up"] == 1


@pytest.mark.nightly
def test_a_quota_that_stays_used_up_is_waited_for_and_then_passed_too() -> None:
    quotas = {SPOT_QUOTA.format("ml.g4dn.2xlarge"): 1}
    with failed_for_capacity(quotas=quotas, causes="quota: {limit: 0}") as host:
        launch(host, request("other", "speech", "ml.g4dn.2xlarge", runtime_h=100, work_s=300_000))
        begin(host)
        run(host, hours=20)
        assert attempts(host) == []
        run(host, hours=40)
        assert ("ml.p3.8xlarge", True) in attempts(host)
