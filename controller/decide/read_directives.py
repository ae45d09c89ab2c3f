"""Reads the tags of a job that ask something of the controller, once; a later change needs a person's approval.

Whoever may call AddTags can change the tags of other people's jobs. So the tags count as they are at the first look that is at
least five minutes after the creation. By then ListTags should show the tags that the job was created with.
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

CHANGES_MAX = 10  # changes of one lineage that are recorded and announced; no change has an effect by itself


def read_directives(facts: Facts, decided: Decision = NOTHING) -> Decision:
    """Record the tags in force, once; record and announce a later change, which has no effect until a person accepts it.

    A change that was reverted is recorded without a message, and cannot be accepted any more. ``decided`` is the decision so far:
    after the job's end, a change is announced only if an attempt follows.
    """
    tags = facts.tags_now
    if facts.owned or not facts.newest or tags is None:
        return Decision()
    force, known = in_force(facts.lineage), readings(facts.lineage)
    if force is None:
        return Decision(entries=(_read(facts, tags, 0),))
    late = facts.now - facts.job.created_at < READ_AFTER  # ListTags may not show all tags of a new attempt yet
    follows = open_submit(facts.lineage) is not None or any(isinstance(i.action, Submit) for i in decided.intents)
    over = not facts.job.alive and not follows
    if late or over or tags == tags_of(known[-1]):
        return Decision()
    change = _read(facts, tags, known[-1].number + 1)
    if tags == tags_of(force):  # reverted: nobody may accept it any more
        return Decision(entries=(change,))
    if len(known) > CHANGES_MAX:
        return Decision()
    told = TagsChanged(
        job=JobFacts.of(facts.job), before=_shown(tags_of(force), tags), after=_shown(tags, tags_of(force)),
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
    """The tags that differ from ``other``, on one line; one that only ``other`` has is shown as ``no <key>``."""
    differ = sorted({key for key in (*tags, *other) if tags.get(key) != other.get(key)})
    return ", ".join(f"{key}={tags[key]}" if key in tags else f"no {key}" for key in differ)
