"""What is decided when a decider raises an exception: the problem as a value, one message, and a Wake."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePath
from traceback import extract_tb

from controller.decide.announce import announce
from controller.decide.decision import DeciderProblem, Decision
from controller.decide.facts import Facts
from controller.ledger.intent import Announce, Intent, Wake
from controller.ledger.messages.kind import MessageKind
from controller.ledger.messages.message import DeciderFailed, JobFacts

HOUR = timedelta(hours=1)
LOOKED_AT_FOR = timedelta(days=1)  # after the job's end


def decider_failed(facts: Facts, decider: str, error: Exception) -> Decision:
    """The problem, one message for the lineage and decider, and a Wake at the next full hour.

    The Wake stands in for those of the failed decider, until a day after the job's end. Unlike other Wakes its time counts from
    now, because the job's own times may be what made the decider raise.
    """
    problem = DeciderProblem(decider=decider, error=type(error).__name__, at=_raised_at(error))
    wake_at = facts.now.replace(minute=0, second=0, microsecond=0) + HOUR
    wake = Intent(action=Wake(about=facts.job.name, at=wake_at), due_at=wake_at)
    ended_at = facts.job.ended_at or facts.now
    intents = (wake,) if facts.job.alive or facts.now - ended_at < LOOKED_AT_FOR else ()
    return Decision(intents=intents, problems=(problem,)) | _announce_once(facts, problem)


def _raised_at(error: Exception) -> str:
    """The file and line that raised, as ``name.py:12``."""
    frames = extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _announce_once(facts: Facts, problem: DeciderProblem) -> Decision:
    topic = f"{MessageKind.DECIDER_FAILED}/{problem.decider}"
    told = (i.action for i in facts.lineage.intents if isinstance(i.action, Announce) and i.action.topic == topic)
    if any(action.about != facts.job.name for action in told):
        return Decision()
    message = DeciderFailed(job=JobFacts.of(facts.job), decider=problem.decider, error=problem.error)
    return announce(message, problem.decider, about=facts.job.name, channel=facts.policy.channel, at=facts.now)
