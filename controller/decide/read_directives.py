"""Reads the tags of a job that ask something of the controller, once; a later change waits for a person.

Whoever may call AddTags may change the tags of other people's jobs. So the tags count as they are at the first look at least five
minutes after the creation: by then ListTags shows what the job was created with.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from controller.decide.announce import say
from controller.decide.call_off import open_submit
from controller.decide.decision import NOTHING, Decision
from controller.decide.facts import READ_AFTER, Facts
from controller.jobs.directives import DEADLINE_TAG, RESUBMIT_TAG, RUNTIME_TAG
from controller.jobs.job import FAMILY_TAG
from controller.ledger.directives_in_force import in_force, readings, tags_of
from controller.ledger.entry import DirectivesRead
from controller.ledger.intent import Submit
from controller.ledger.messages.message import JobFacts, TagsChanged

CHANGES_MAX = 10  # of a lineage, recorded and told; further ones have no effect either


def read_directives(facts: Facts, decided: Decision = NOTHING) -> Decision:
    """Record the tags in force at the first look; record and tell a later change, which has no effect until it is accepted.

    A change that was taken back is recorded without a message: from then on it cannot be accepted. ``decided`` is the decision so
    far: a change after the end is told only where an attempt follows.
    """
    now_said = facts.tags_now
    if facts.owned or not facts.newest or now_said is None:
        return Decision()
    force, known = in_force(facts.lineage), readings(facts.lineage)
    if force is None:
        return Decision(entries=(_read(facts, now_said, 0),))
    late = facts.now - facts.job.created_at < READ_AFTER  # of a new attempt, ListTags may not show all yet
    follows = open_submit(facts.lineage) is not None or any(isinstance(i.action, Submit) for i in decided.intents)
    over = not facts.job.alive and not follows
    if late or over or now_said == tags_of(known[-1]):
        return Decision()
    change = _read(facts, now_said, known[-1].number + 1)
    if now_said == tags_of(force):  # taken back: nobody may accept it any more
        return Decision(entries=(change,))
    if len(known) > CHANGES_MAX:
        return Decision()
    told = TagsChanged(
        job=JobFacts.of(facts.job), before=_shown(tags_of(force), now_said), after=_shown(now_said, tags_of(force)),
    )  # fmt: skip
    return Decision(entries=(change,)) | say(facts, told, str(change.number))


def _read(facts: Facts, tags: Mapping[str, str], number: int) -> DirectivesRead:
    return DirectivesRead(
        job=facts.job.name, at=facts.now, team=facts.job.team, number=number, deadline=tags.get(DEADLINE_TAG),
        expected_runtime=tags.get(RUNTIME_TAG), family=tags.get(FAMILY_TAG), resubmit=tags.get(RESUBMIT_TAG),
        claimed=None if number else facts.job.claimed or "",
        tags=json.dumps(dict(sorted(facts.shown_tags.items()))) if number == 0 and facts.shown_tags is not None else "",
    )  # fmt: skip


def _shown(tags: Mapping[str, str], other: Mapping[str, str]) -> str:
    """The tags that differ from others, in one line; absent ones are named."""
    differ = sorted({key for key in (*tags, *other) if tags.get(key) != other.get(key)})
    return ", ".join(f"{key}={tags[key]}" if key in tags else f"no {key}" for key in differ)
