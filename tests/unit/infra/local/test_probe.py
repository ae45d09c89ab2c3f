"""If the policy allows it, probes test the pool of a job that was moved to on-demand. The job returns to spot when a probe finds
capacity.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from controller.policyfile import compile_folder
from infra.local import aws
from infra.local.checkpoint_store import CheckpointStore
from infra.local.demo.scenario import MONDAY, request
from infra.local.host import Host, UserAction, hosting
from infra.local.sagemaker.capacity import Steps
from infra.local.sagemaker.world import World

HOUR = timedelta(hours=1)
HOUR_S = 3600
POLICY = """version: 1
resubmit:
  - name: patient
    mode: enforce
    causes: {never-launched: {limit: 3, backoff: {first: 5m}}, starved: {limit: 3, backoff: {first: 5m}}}
    deadline: {back_to_spot: true, probe: true}
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A job of 20 hours with a deadline in 30 hours. Its pool has no spot capacity in the first nine hours."""
    folder = tmp_path_factory.mktemp("policies")
    (folder / "a.yaml").write_text(POLICY)
    store = CheckpointStore()
    supply = {"ml.g5.xlarge": Steps(MONDAY, ((0, 0), (9 * HOUR_S, 4)), period_s=400 * HOUR_S)}
    world = World(MONDAY, seed=1, account=aws.ACCOUNT, region=aws.REGION, capacity_of=supply, on_checkpoint=store)
    tags = {"spotwarden:deadline": (MONDAY + 31 * HOUR).isoformat(), "spotwarden:expected-runtime": "20h"}
    asked = request("sleeper", "vision", runtime_h=40, wait_h=60, work_s=20 * HOUR_S, tags=tags)
    born = UserAction(at=MONDAY + HOUR, do=lambda: world.launch(dict(asked)))
    with hosting(world, compile_folder(folder), tmp_path_factory.mktemp("out"), [born]) as running:
        store.create_bucket("acme-checkpoints")
        running.run(MONDAY + 14 * HOUR)
        yield running


def test_the_pool_is_probed_each_half_hour_by_a_job_that_trains_nothing(host: Host) -> None:
    probes = [job for name, job in host.world.jobs.items() if "-p02" in name]
    assert len(probes) >= 2
    for probe in probes:
        described = host.world.describe_training_job(probe.name)
        assert described["EnableManagedSpotTraining"]
        assert described["ResourceConfig"]["InstanceCount"] == 1
        assert described["AlgorithmSpecification"]["ContainerEntrypoint"] == ["sleep", "1"]
        assert "CheckpointConfig" not in described


def test_it_goes_back_to_spot_once_a_probe_has_started(host: Host) -> None:
    spots = [host.world.jobs[name].spot for name in sorted(host.world.jobs) if "-p02" not in name and name.startswith("sleeper")]
    assert spots[:3] == [True, False, True]
    [back] = [job for name, job in host.world.jobs.items() if name.endswith("-r03")]
    assert back.created_at - MONDAY < 10 * HOUR, "within an hour of capacity"


def test_people_are_told_of_the_probes_and_never_of_a_probe_s_own_outcome(host: Host) -> None:
    said = "\n".join(message.text for message in host.slack.messages)
    assert "runs on-demand and could return to spot" in said
    assert not any(f"*{name}*" in said for name in host.world.jobs if "-p02" in name)


def test_no_function_has_failed(host: Host) -> None:
    assert host.bus.dead_letters == []


def test_the_policy_s_folder_compiles_to_the_settings_of_the_test(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POLICY)
    assert compile_folder(tmp_path)["resubmit"][0]["deadline"]["probe"] is True
