"""A version of the policy that is not in force is announced once."""

from __future__ import annotations

from typing import Any

from controller.runtime.announce_policy import announce_policy
from controller.runtime.ports.policy import RefusedPolicy
from tests.builders import policy
from tests.unit.runtime.slack_place import Place


class WithBadPolicy(Place):
    """Ports with a newer version of the policy that is refused."""

    def refused(self) -> RefusedPolicy:
        return RefusedPolicy(place="s3://acme/policies.json", problem="found no version", version="1")


def test_its_message_says_once_which_revision_stays_in_force() -> None:
    at: Any = WithBadPolicy(policy=policy(rules=()))
    assert [announce_policy(at), announce_policy(at)] == [at.refused(), at.refused()]
    [message] = at.outbox.waiting(at.policy.channel, 10)
    assert message.revision == at.policy.revision != ""
