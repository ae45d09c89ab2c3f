"""Does what people asked for from the chat: stops a live job, or moves it to on-demand. What ended is tried again elsewhere
(``resubmission``), what is waived is only recorded (``enforcement``)."""

from __future__ import annotations

from controller import notice as words
from controller.announcement import Words, asked_by
from controller.ask import Ask
from controller.decision import Decision
from controller.entry import Asked
from controller.facts import Facts
from controller.failure import Cause
from controller.intent import Announce, Intent, Purpose, Stop

UPLOADING = "Uploading"


def grant(facts: Facts) -> Decision:
    """Say the Stop that a person asked for, while the job lives and is not about to have its model."""
    job = facts.job
    if not job.alive or not facts.newest or job.service is not None or job.status == "Stopping" or job.secondary == UPLOADING:
        return Decision()
    stop = asked_for(facts, Ask.STOP)
    if stop is not None:
        said = words.stopping_as_asked(job, stop.who)
        return _act(facts, Stop(about=job.name, because=asked_by(stop.who)), "stopping-as-asked", said)
    move = asked_for(facts, Ask.ON_DEMAND)
    if move is None or not job.spot:
        return Decision()
    if job.unrepeatable:
        return _say(facts, "cannot-repeat", words.cannot_move(job, job.unrepeatable))
    because = asked_by(move.who)
    asked = Stop(about=job.name, because=because, purpose=Purpose.MOVE, next_cause=Cause.ASKED)
    return _act(facts, asked, f"moving/{Cause.ASKED}", words.moving(job, Cause.ASKED, because, None))


def asked_for(facts: Facts, *asks: Ask) -> Asked | None:
    """The last of these that anybody asked for of this job."""
    asked = (e for e in facts.lineage.entries if isinstance(e, Asked) and e.job == facts.job.name and e.ask in asks)
    return max(asked, key=lambda e: e.at, default=None)


def _act(facts: Facts, stop: Stop, topic: str, said: Words) -> Decision:
    return Decision(intents=(Intent(action=stop, due_at=facts.now),)) | _say(facts, topic, said)


def _say(facts: Facts, topic: str, said: Words) -> Decision:
    block = facts.policy.resubmission_for(facts.job)
    announce = Announce(about=facts.job.name, topic=topic, channel=block.channel if block else facts.policy.channel, words=said)
    return Decision(intents=(Intent(action=announce, due_at=facts.now),))
