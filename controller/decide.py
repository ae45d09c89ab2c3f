"""The whole controller in one expression."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from controller.announcement import vanished
from controller.books import book
from controller.candour import notice_stuck, notice_unseen, own_up
from controller.checkpoint import Claim, claim_of, use_of
from controller.conclusion import conclude
from controller.decision import Decision
from controller.enforcement import enforce
from controller.entry import Ended, Started, Vanished
from controller.facts import Facts
from controller.intent import Announce, Intent, Publish, Show, Submit, Wake
from controller.lineage import Lineage
from controller.news import tell_news
from controller.observation import observe
from controller.probing import probe
from controller.punctuality import keep_promise
from controller.resubmission import resubmit
from controller.showing import show
from controller.watch import keep_watch
from controller.wish import grant


def decide(facts: Facts) -> Decision:
    """Say what must be written and done, given the facts; deciding twice adds nothing."""
    job, lineage = facts.job.name, facts.lineage
    said = (
        observe(facts) | book(facts) | grant(facts) | enforce(facts) | keep_promise(facts) | probe(facts) | resubmit(facts)
        | conclude(facts) | keep_watch(facts) | notice_stuck(facts) | notice_unseen(facts)
        | own_up(lineage, job, facts.policy.channel, facts.now)
    )  # fmt: skip
    said |= tell_news(facts, said)
    return (said | show(facts, said)).new_to(lineage, about=job)


def decide_vanished(lineage: Lineage, name: str, now: datetime, channel: str) -> Decision:
    """Let go of a job that SageMaker no longer knows: nothing about it can be done any more, and people hear of it.

    No Submit ever guesses a request. What is in somebody's hands right now is left to them, what is to be announced is
    announced, and a job whose ending is booked may be deleted in peace.
    """
    orphans = tuple(
        i for i in lineage.open_intents(about=name)
        if not isinstance(i.action, Announce | Publish | Show) and (i.leased_until is None or i.leased_until <= now)
    )  # fmt: skip
    said = own_up(lineage, name, channel, now)
    if orphans:
        said |= _bury(lineage, name, orphans, now, channel)
    standing = lineage.standing()
    return replace(
        said,
        entries=tuple(e for e in said.entries if e.key not in standing),
        intents=tuple(i for i in said.intents if i.key not in standing),
    )


def _bury(lineage: Lineage, name: str, orphans: tuple[Intent, ...], now: datetime, channel: str) -> Decision:
    started = lineage.entry(Started, name)
    said = Decision(
        entries=(Vanished(job=name, at=now, team=started.team if started else None),),
        abandoned=orphans,
        released=_held(lineage, started, (name, *(i.action.job for i in orphans if isinstance(i.action, Submit)))),
    )
    lost = tuple(i for i in orphans if not isinstance(i.action, Wake))
    if not lost and lineage.entry(Ended, name):
        return said
    announce = Announce(about=name, topic="vanished", channel=channel, words=vanished(name, lost))
    return said | Decision(intents=(Intent(action=announce, due_at=now),))


def _held(lineage: Lineage, started: Started | None, jobs: tuple[str, ...]) -> tuple[Claim, ...]:
    """The claims that a vanished job, and a submission that was under way from it, may still hold."""
    if started is None:
        return ()
    uri, holder = started.checkpoint_uri, str(lineage.id)
    use = use_of(
        region=started.region, instance_type=started.instance_type, instances=started.instance_count, job=started.job,
        created_at=started.at, lineage=holder,
    )  # fmt: skip
    claims = tuple(claim_of(uri, job=job, lineage=holder, created_at=started.at) for job in jobs) if uri else ()
    return claims if started.spot else (*claims, use)
