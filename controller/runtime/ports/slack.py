"""The ports of one click in Slack."""

from __future__ import annotations

from dataclasses import field

from controller.ledger.lineage_id import LineageId
from controller.runtime.gather.gather import lineage_of
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.aws import Clock, Jobs
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.outbox import Chat
from controller.runtime.ports.policy import Policies
from controller.runtime.ports.slack_user import KnownUsers, SlackUser
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackClickPorts:
    """The ports of one click; each call has a short time limit. ``hidden`` are errors that its answer leaves out, for the log."""

    jobs: Jobs
    ledger: Ledger
    chat: Chat
    policies: Policies
    clock: Clock
    home: Home
    known_users: KnownUsers
    hidden: list[Unreachable] = field(default_factory=list)

    def hide(self, problem: Unreachable) -> None:
        self.hidden.append(problem)

    def lineage_named(self, job: str) -> LineageId | None:
        found = self.jobs.describe(job)
        return lineage_of(found, self.ledger.lineages)[0].id if found else None

    def user(self, who: str) -> SlackUser | None:
        return self.known_users.user(who, lambda who: self.chat.user(who))
