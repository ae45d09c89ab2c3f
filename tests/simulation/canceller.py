"""A person who calls off waiting attempts, with the button (which writes a row) or with ``spotwarden cancel``."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from controller.cli.cancel import cancel
from controller.decide.call_off import open_submit
from controller.decide.user_requests import request_of
from controller.ledger.intent import Submit
from controller.policy.user_request import UserRequest
from controller.runtime.ports.aws import Clock
from tests.simulation.memory import MemoryLedger

WHO = "U0CANCEL"


@dataclass(slots=True)
class Canceller:
    """Calls off at random moments, also while an attempt is being submitted."""

    rng: Random
    ledger: MemoryLedger
    clock: Clock

    def call_off(self) -> None:
        """Call off a random attempt that waits or is being submitted."""
        found = [key for key in self.ledger.rows if open_submit(self.ledger.rest(key)) is not None]
        if not found:
            return
        key = self.rng.choice(sorted(found, key=str))
        if self.rng.random() < 0.5:
            cancel(key, self.ledger, self.clock, who=WHO, why="a test")
            return
        lineage, now = self.ledger.rest(key), self.clock.now()
        intent = open_submit(lineage)
        assert intent is not None
        assert isinstance(intent.action, Submit)
        request = request_of(UserRequest.CANCEL, lineage, job=intent.action.about, who=WHO, at=now)
        self.ledger.user_requests.add(key, request, now)
