"""A pass of the sweep triggers what is overdue, whatever else fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.job import Outcome
from controller.runtime.policy_ports import RefusedPolicy
from controller.runtime.ports import Later, Message, Unreachable
from tests.account import Account
from tests.builders import BEGIN, block, job, policy
from tests.simulation.memory import MemoryOutbox

HOUR = timedelta(hours=1)


class FullOutbox(MemoryOutbox):
    """An outbox that takes no message about the policy."""

    def put(self, message: Message) -> bool:
        if message.key.startswith("policy-refused/"):
            raise Unreachable("somebody else was writing it")
        return super().put(message)


class WithBadPolicy(Account):
    """An account in which a newer version of the policy cannot be used."""

    def refused(self) -> Any:
        return RefusedPolicy(place="s3://acme/policies.json", problem="found no version", version="1")


def test_a_refusal_of_the_policy_that_cannot_be_told_keeps_no_job_waiting() -> None:
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
