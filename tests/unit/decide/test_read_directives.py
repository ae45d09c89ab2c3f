"""Directive tags are read once, five minutes after the creation; a later change is recorded and announced, without effect."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.read_directives import CHANGES_MAX, read_directives
from controller.jobs.directives import DEADLINE_TAG, RUNTIME_TAG
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome, Service
from controller.ledger.directives_in_force import first_tags, pending
from controller.ledger.entry import DirectivesRead, UserRequested
from controller.ledger.intent import Announce, Intent, Submit
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, ended, facts, job, lineage

TAGS = {DEADLINE_TAG: "2026-03-03T09:00Z", RUNTIME_TAG: "4h"}


def read(number: int = 0, deadline: str | None = TAGS[DEADLINE_TAG], runtime: str | None = TAGS[RUNTIME_TAG]) -> DirectivesRead:
    return DirectivesRead(
        job="bert", at=BEGIN, team="vision", number=number, deadline=deadline, expected_runtime=runtime, family=None
    )


def with_tags(tags: dict[str, str], *known: DirectivesRead | UserRequested, minutes: int = 10, **changes: Any) -> Facts:
    """A job that was created this many minutes ago, with these tags, and the readings in its lineage."""
    about = job(tags={"team": "vision"} | tags, **changes)
    return facts(about, now=BEGIN + timedelta(minutes=minutes), lineage=lineage(entries=known))


def change_in(of: Facts) -> DirectivesRead:
    [entry] = read_directives(of).entries
    assert isinstance(entry, DirectivesRead)
    return entry


def told(of: Facts) -> dict[str, Any]:
    [intent] = read_directives(of).intents
    assert isinstance(intent.action, Announce)
    message: dict[str, Any] = json.loads(intent.action.facts)
    return {"topic": intent.action.topic, **message}


def test_the_first_reading_is_in_force() -> None:
    decision = read_directives(with_tags(TAGS))
    assert decision.entries == (replace(read(), at=BEGIN + timedelta(minutes=10), claimed=""),)
    assert not decision.intents, "nothing is told of it"


def test_the_tags_are_read_once_listtags_shows_them_all() -> None:
    assert not read_directives(with_tags(TAGS, minutes=4)).entries
    assert read_directives(with_tags(TAGS, minutes=5)).entries


def test_nothing_is_read_of_an_older_attempt_or_of_a_job_of_another_service() -> None:
    assert not read_directives(with_tags(TAGS, service=Service.TUNING)).entries
    assert not read_directives(replace(with_tags(TAGS), number=0)).entries


def test_a_later_change_is_recorded_with_the_next_number_and_told_with_both_values() -> None:
    changed = with_tags({RUNTIME_TAG: "9h"}, read())
    assert change_in(changed) == replace(read(1, None, "9h"), at=BEGIN + timedelta(minutes=10))
    message = told(changed)
    assert message["before"] == "spotwarden:deadline=2026-03-03T09:00Z, spotwarden:expected-runtime=4h"
    assert message["after"] == "no spotwarden:deadline, spotwarden:expected-runtime=9h"
    assert message["topic"].endswith("/1")


def test_tags_that_are_equal_are_not_shown_as_changed() -> None:
    message = told(with_tags(TAGS | {RUNTIME_TAG: "9h"}, read()))
    assert (message["before"], message["after"]) == ("spotwarden:expected-runtime=4h", "spotwarden:expected-runtime=9h")


def test_what_is_in_force_or_was_read_last_is_no_change() -> None:
    assert not read_directives(with_tags(TAGS, read())).entries
    assert not read_directives(with_tags({RUNTIME_TAG: "9h"}, read(), read(1, None, "9h"))).entries


def test_a_change_that_was_taken_back_is_recorded_without_a_message_so_that_nobody_accepts_it() -> None:
    changes = [read(n, None, f"{n}h") for n in range(1, CHANGES_MAX + 1)]
    for known in ((read(), changes[0]), (read(), *changes)):
        decision = read_directives(with_tags(TAGS, *known))
        assert [pending(lineage(entries=known)), decision.intents] == [known[-1], ()]
        [back] = decision.entries
        assert pending(lineage(entries=(*known, back))) is None
        assert not read_directives(with_tags(TAGS, *known, back)).entries
    assert not read_directives(with_tags({RUNTIME_TAG: "99h"}, *known, back)).entries


def test_a_change_after_an_accepted_change_is_compared_with_that() -> None:
    accepted = UserRequested(job="bert", at=BEGIN, team=None, request=UserRequest.ACCEPT_TAGS, who="U1", number=1)
    known = (read(), read(1, None, "9h"), accepted)
    assert not read_directives(with_tags({RUNTIME_TAG: "9h"}, *known)).entries
    assert change_in(with_tags(TAGS, *known)).number == 2


def test_a_new_attempt_is_not_compared_before_listtags_shows_all_of_its_tags() -> None:
    late = replace(with_tags({}, read()), job=job(created_at=BEGIN + timedelta(minutes=6)))
    assert not read_directives(late).entries
    assert read_directives(replace(late, now=BEGIN + timedelta(minutes=11))).entries


def test_a_change_to_a_job_that_has_ended_is_not_recorded() -> None:
    over = facts(ended(job(), Outcome.COMPLETED), lineage=lineage(entries=(read(),)))
    assert not read_directives(over).entries
    assert read_directives(replace(over, lineage=lineage())).entries, "but the tags of a short job are read at its end"


def test_a_change_after_the_end_is_told_by_the_decision_that_submits_the_next_attempt() -> None:
    over = facts(ended(job(), Outcome.COMPLETED), lineage=lineage(entries=(read(),)))
    submit = Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.INTERNAL, born_at=BEGIN)
    decided = Decision(intents=(Intent(action=submit, due_at=BEGIN),))
    assert read_directives(over, decided).entries


def test_a_bounded_number_of_changes_is_recorded() -> None:
    known = [read(), *(read(n, None, f"{n}h") for n in range(1, CHANGES_MAX))]
    assert read_directives(with_tags({RUNTIME_TAG: "99h"}, *known)).entries
    assert not read_directives(with_tags({RUNTIME_TAG: "99h"}, *known, read(CHANGES_MAX, None, "98h"))).entries


def test_the_first_reading_keeps_all_tags_and_a_later_one_none() -> None:
    shown = {"team": "vision", "cost": "1", **TAGS}
    first = change_in(replace(with_tags(TAGS), shown_tags=shown))
    assert first_tags(lineage(entries=(first,)), "bert") == shown
    assert first_tags(lineage(entries=(first,)), "gpt") is None
    later = change_in(replace(with_tags({}, first), shown_tags={}))
    assert (later.number, later.tags) == (1, "")
    untagged = change_in(replace(with_tags(TAGS), shown_tags={}))
    assert first_tags(lineage(entries=(untagged,)), "bert") == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"cost": 1}', "[" * 100_000])
def test_tags_of_a_row_that_are_no_tags_are_not_known(text: str) -> None:
    assert first_tags(lineage(entries=(replace(read(), tags=text),)), "bert") is None
