"""Attack 9: a repaired job gets a prefix that has a checkpoint of another job, and starts from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.enforce.repair_prefix import new_prefix_of
from controller.jobs.job import Outcome
from controller.ledger.halt import halt_of
from controller.policy.policy import Repair, RuleAction
from controller.runtime.ports.answers import Answer, Done
from infra.local.host import Host
from tests import builders
from tests.account import Account
from tests.builders import BEGIN
from tests.security.lab import CheckpointStore, lab, launch, request, run, status, texts
from tests.simulation.memory import MemoryLedger

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - name: saved
    rule: checkpoint-required
    options: {runtime_over: 15m}
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-checkpoints/%s"}
"""
WORK_S = 9000


def repaired(host: Host, root: str) -> Any:
    """The attempt that a repair created."""
    [name] = [name for name in host.world.jobs if name.startswith(f"{root}-")]
    return host.world.jobs[name]


def uri_of(job: Any) -> str:
    return str(job.request["CheckpointConfig"]["S3Uri"])


def trained_s(host: Host, job: Any) -> int:
    usage = host.world.bill(job.name)
    assert usage is not None
    return usage[0]


def warm_up(host: Host) -> None:
    launch(host, request("warm-up", "speech", checkpoint=None, runtime_h=0.2, wait_h=1, work_s=60))
    run(host, minutes=1)


def test_a_prefix_in_which_something_lies_is_given_a_suffix_and_the_job_does_its_own_work() -> None:
    with lab(POLICY % "{team}/") as host:
        warm_up(host)
        launch(host, request("other", "vision", checkpoint="s3://acme-checkpoints/vision/", work_s=WORK_S))
        run(host, hours=4)
        assert status(host, "other") == "Completed"
        launch(host, request("victim", "vision", checkpoint=None, work_s=WORK_S))
        run(host, hours=8)
        attempt = repaired(host, "victim")
        assert attempt.status == "Completed"
        assert uri_of(attempt).startswith("s3://acme-checkpoints/vision")
        assert uri_of(attempt) != "s3://acme-checkpoints/vision/"
        assert trained_s(host, attempt) >= WORK_S
        assert uri_of(attempt) in texts(host)


def test_two_jobs_that_are_repaired_at_once_are_given_two_prefixes() -> None:
    with lab(POLICY % "{team}/{family}/") as host:
        warm_up(host)
        for number in (1, 2, 3):
            launch(host, request(f"sweep-{number}", "vision", checkpoint=None, work_s=WORK_S))
        run(host, hours=12)
        made = [repaired(host, f"sweep-{number}") for number in (1, 2, 3)]
        assert {job.status for job in made} == {"Completed"}
        assert len({uri_of(job).rstrip("/") for job in made}) == 3
        assert all(trained_s(host, job) >= WORK_S for job in made)


@pytest.mark.parametrize("role", ["", "second"])
def test_two_repairs_that_choose_one_prefix_at_the_same_moment_are_not_both_given_it(role: str) -> None:
    """Both scan the prefix before either writes there, as a halt is between decisions and calls. Roles may differ."""
    repair = Repair(checkpoint="s3://acme-checkpoints/{team}/")
    saved = builders.rule("saved", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR)
    policy, memory = builders.policy(rules=(replace(saved, repair=repair),)), MemoryLedger()
    account = Account(policy, ledger=memory, now=BEGIN + timedelta(minutes=10))
    for name, other in (("bert", ""), ("gpt", role)):
        started = builders.job(name)
        account.jobs[name] = replace(started, checkpoint_uri=None, role=f"{started.role}{other}")

    def stopped(name: str) -> Answer:
        account.end(name, Outcome.STOPPED)
        return Done("stopping")

    account.on_stop = stopped
    for name in ("bert", "gpt"):
        account.trigger(name)
    memory.call_halt(halt_of(why="both decide now", who="U1", since=account.now))
    account.pass_time(timedelta(minutes=10))
    assert account.asked == []
    memory.halted = None
    account.pass_time(timedelta(minutes=30))
    given = [new_prefix_of(submit.changes) for submit in account.asked]
    assert given[0] == "s3://acme-checkpoints/vision/"
    assert len(given) == len(set(given)) == 2


def test_an_empty_prefix_is_given_as_the_template_says() -> None:
    with lab(POLICY % "{team}/{job}/") as host:
        warm_up(host)
        launch(host, request("victim", "vision", checkpoint=None, work_s=WORK_S))
        run(host, hours=8)
        assert uri_of(repaired(host, "victim")) == "s3://acme-checkpoints/vision/victim/"


@pytest.mark.parametrize("template", ["{team}/", "{team}"])
def test_a_prefix_that_cannot_be_looked_into_is_not_taken_for_empty(template: str) -> None:
    policy = (POLICY % template).replace("acme-checkpoints", "unlisted")
    with lab(policy) as host:
        CheckpointStore()("s3://unlisted/vision/", 500, host.clock.at)
        warm_up(host)
        launch(host, request("victim", "vision", checkpoint=None, work_s=WORK_S))
        run(host, hours=8)
        attempt = repaired(host, "victim")
        assert uri_of(attempt).startswith("s3://unlisted/vision")
        assert uri_of(attempt) != "s3://unlisted/vision/"
