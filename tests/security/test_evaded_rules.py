"""Attack 2: attempts are exempt from rules, so a job fails on purpose before a rule in mode enforce can judge it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.host import Host
from infra.local.sagemaker.settings import WorldSettings
from tests.security.lab import lab, launch, request, run, status, texts

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - {name: judged, mode: enforce, match: {tags: {team: vision}}, %s}
resubmit:
  - name: again
    mode: enforce
    causes:
      internal: {limit: 2, backoff: {first: 1m}}
      algorithm: {limit: 3, reasons: ["AlgorithmError: Exit Code: 1"], backoff: {first: 1m}}
"""
STOP = "rule: spot-required, options: {runtime_over: 1h}, action: stop"
REPAIR = (
    "rule: checkpoint-required, options: {runtime_over: 1h}, action: repair, "
    'repair: {checkpoint: "s3://acme-checkpoints/{team}/{job}/"}'
)


@contextmanager
def deployed(rule: str) -> Iterator[Host]:
    """A lab in which ListTags returns no tags for three minutes, and the rule selects by a tag."""
    with lab(POLICY % rule, settings=WorldSettings(usage_delay_s=60, tags_lag_s=180)) as host:
        launch(host, request("warm-up", "ads", work_s=300))
        run(host, hours=1)
        yield host


def failing(**changes: Any) -> dict[str, Any]:
    """A job for 100 hours whose first attempt fails at once, with an exit code for which the policy retries."""
    once = {"fails_with": "exit-code", "fails_after_s": 1, "fails_times": 1}
    return request("evil", "vision", **{"checkpoint": None, "runtime_h": 100, "work_s": 300_000, **once, **changes})


@pytest.mark.parametrize("with_what", ["exit-code", "internal"])
def test_a_job_that_fails_before_a_rule_can_stop_it_is_not_submitted_again(with_what: str) -> None:
    with deployed(STOP) as host:
        launch(host, failing(spot=False, fails_with=with_what))
        run(host, hours=2)
        assert status(host, "evil") == "Failed"
        assert [name for name in host.world.jobs if name.startswith("evil-")] == []
        assert "*evil* is not submitted again: rules forbid it" in texts(host)


def test_a_job_that_fails_before_a_rule_can_repair_it_is_submitted_again_with_the_repair() -> None:
    with deployed(REPAIR) as host:
        launch(host, failing())
        run(host, hours=2)
        made = [job.request for name, job in host.world.jobs.items() if name.startswith("evil-")]
        assert made
        assert all(asked["CheckpointConfig"]["S3Uri"].startswith("s3://acme-checkpoints/vision/evil") for asked in made)


def test_a_job_that_keeps_the_rules_is_submitted_again_as_it_was() -> None:
    with deployed(STOP) as host:
        launch(host, failing())
        run(host, hours=2)
        [again] = [name for name in host.world.jobs if name.startswith("evil-")]
        assert status(host, again) == "InProgress"
        assert "CheckpointConfig" not in host.world.jobs[again].request
