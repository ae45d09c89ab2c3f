"""A pass of the sweep triggers what is overdue, whatever else fails."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.job import Outcome
from controller.runtime.ports.answers import Later, Unreachable
from controller.runtime.ports.outbox import Message
from controller.runtime.ports.policy import RefusedPolicy
from controller.runtime.sweep import sweep
from tests.account import Account, JobsOf
from tests.builders import BEGIN, block, job, policy
from tests.simulation.memory import MemoryOutbox

HOUR = timedelta(hours=1)


class FullOutbox(MemoryOutbox):
    """An outbox that accepts no message about the policy."""

    def put(self, message: Message) -> bool:
        if message.key.startswith("policy-refused/"):
            raise Unreachable("somebody else was writing it")
        return super().put(message)


class WithBadPolicy(Account):
    """An account with a newer version of the policy that is refused."""

    def refused(self) -> Any:
        return RefusedPolicy(place="s3://acme/policies.json", problem="found no version", version="1")


def test_a_refused_policy_that_cannot_be_announced_delays_no_job() -> None:
    account = WithBadPolicy(policy(rules=(), resubmissions=(block(),)), now=BEGIN + HOUR, outbox=FullOutbox())
    account.on_submit = lambda _: Later("Rate exceeded", tried=False)
    account.jobs["bert"] = job()
    account.end("bert", Outcome.CAPACITY)
    account.trigger("bert")
    for _ in range(2):
        asked = len(account.asked)
        account.now += HOUR
        with pytest.raises(Unreachable):
            account.sweep()
        assert len(account.asked) > asked


class Killed(BaseException):
    """Raised where Lambda would end the function."""


def test_a_job_that_ends_the_function_each_time_delays_no_other_for_long() -> None:
    account = Account(policy(rules=(), resubmissions=(block(),)), now=BEGIN)
    names = ["bad", *(f"good-{number}" for number in range(5))]
    for name in names:
        account.jobs[name] = job(name)
        account.end(name, Outcome.CAPACITY)
        account.trigger(name)
        account.now += timedelta(seconds=1)
    describe = JobsOf.describe

    class Deadly(JobsOf):
        def describe(self, name: str) -> Any:
            if name == "bad":
                raise Killed
            return describe(self, name)

    ports = replace(account.ports, jobs=Deadly(account))
    done = 0
    for _ in range(90):
        account.now += timedelta(minutes=1)
        with suppress(Killed):
            sweep(ports)
        done = len({submit.about for submit in account.asked})
    assert done == 5


class WithNewerPolicy(Account):
    """An account whose policy is replaced while a pass looks at a job."""

    def rate(self, *given: Any, **named: Any) -> Any:
        self.policy = replace(self.policy, revision="newer")
        return super().rate(*given, **named)


def test_a_pass_names_the_revision_that_was_in_force_when_it_began() -> None:
    account = WithNewerPolicy(policy(rules=(), revision="older"), now=BEGIN)
    account.jobs["bert"] = job()
    account.trigger("bert")
    account.policy = replace(account.policy, revision="older")
    account.now += HOUR
    assert account.sweep().policy == "older"
    assert account.policy.revision == "newer"
