"""A person retries a failed job under another name, and the controller does not train the same thing beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

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
      capacity: {limit: 2, backoff: {first: 30m}}
"""
INPUTS = [
    {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://acme-data/imagenet/"}}}
]
OTHER_ROLE = "arn:aws:iam::123456789012:role/acme-research"
PREFIX = "s3://acme-checkpoints/vision/job/"


def begin(host: Host, name: str, *, fails: bool = False, checkpoint: str | None = PREFIX, **members: Any) -> None:
    plan: Mapping[str, Any] = {"fails_with": "capacity", "fails_times": 1} if fails else {}
    asked = request(name, "vision", runtime_h=2, checkpoint=checkpoint, work_s=members.pop("work_s", 3000), **plan)
    launch(host, asked | {"InputDataConfig": INPUTS} | members)


def failed_then_retried(host: Host, minutes: int = 15, **retry: Any) -> list[str]:
    begin(host, "job", fails=True)
    run(host, minutes=minutes)
    assert host.world.jobs["job"].status == "Failed"
    begin(host, "job-2", **retry)
    run(host, hours=6)
    return [name for name in host.world.jobs if name.startswith("job-") and name != "job-2"]


@pytest.mark.parametrize("retry", [{}, {"work_s": 300}])
def test_a_retry_on_the_same_prefix_withdraws_the_attempt_while_it_runs_and_after_it_completed(retry: dict[str, Any]) -> None:
    with lab(POLICY) as host:
        assert failed_then_retried(host, **retry) == []
        assert "*job-2* does the same work" in texts(host)


def test_a_retry_of_another_role_or_of_other_work_withdraws_nothing() -> None:
    for retry in ({"checkpoint": None}, {"RoleArn": OTHER_ROLE}):
        with lab(POLICY) as host:
            assert len(failed_then_retried(host, **retry)) == 1, retry
            assert "does the same work" not in texts(host)


EVENTS_LOST = WorldSettings(usage_delay_s=60, event_lost=1.0)


def test_a_retry_of_which_no_event_has_arrived_is_found_in_sagemaker_s_own_list() -> None:
    name = "fixed-by-hand"
    with lab(POLICY.replace("30m", "90m"), settings=EVENTS_LOST) as host:
        begin(host, "job", fails=True)
        run(host, minutes=65)  # discover has found the end; the attempt is due before it looks again
        begin(host, name)
        assert not lineage_of(host, name).version
        run(host, minutes=54)
        assert sorted(host.world.jobs) == [name, "job"]
        assert f"*{name}* does the same work" in texts(host)
