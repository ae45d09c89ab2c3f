"""Helpers for the tests of deciders: facts with everything known, and the parts of a decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from controller.decide import decide
from controller.decide.facts import Facts
from controller.jobs.job import Job
from controller.ledger.intent import Announce
from controller.notifications.messages.catalogue import text_of
from controller.policy.resubmission import Resubmission
from tests.builders import BEGIN, block, facts, job, policy

HOUR = timedelta(hours=1)
DEADLINE = BEGIN + 6 * HOUR
TAGS = {"team": "vision", "spotwarden:deadline": DEADLINE.isoformat(), "spotwarden:expected-runtime": "2h"}
WAITING = job(secondary="Starting", started_at=None, intervals=(), tags=TAGS)


def looked_up(about: Job, *, resubmission: Resubmission | None = None, **changes: Any) -> Facts:
    """The facts of a job, with its family's history and the claims read, under a policy of one resubmit block."""
    one_block = policy(rules=(), resubmissions=(resubmission or block(),))
    return facts(about, **({"policy": one_block, "history": (), "claims": ()} | changes))


def actions(of: Facts, *kinds: type) -> list[Any]:
    """The decision's actions of some kinds. Fails if a decider raised, which ``decide`` itself only reports as a problem."""
    decision = decide(of)
    assert not decision.problems
    return [i.action for i in decision.intents if isinstance(i.action, kinds)]


def topics(of: Facts) -> list[str]:
    """The topics of the decision's messages."""
    return [announce.topic for announce in actions(of, Announce)]


def text(of: Facts, topic: str) -> str:
    """The text of the decision's message of a topic."""
    return "\n".join(text_of(a.kind, a.facts).body for a in actions(of, Announce) if a.topic == topic)
