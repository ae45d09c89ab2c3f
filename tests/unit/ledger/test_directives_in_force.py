"""The tags that were read first are in force until a person accepts a later change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.ledger.directives_in_force import first_tags, in_force, pending, readings, tags_of
from controller.ledger.entry import DirectivesRead, UserRequested
from controller.policy.user_request import UserRequest
from tests.builders import BEGIN, lineage

FIRST = DirectivesRead(job="bert", at=BEGIN, team="vision", number=0, deadline="tonight", tags='{"team": "vision"}')
SECOND = DirectivesRead(job="bert", at=BEGIN + timedelta(hours=1), team="vision", number=1, resubmit="never")


def accepted(number: int) -> UserRequested:
    return UserRequested(job="bert", at=BEGIN, team="vision", request=UserRequest.ACCEPT_TAGS, who="U1", number=number)


def test_a_later_change_waits_until_it_is_accepted() -> None:
    for entries, force, waiting in (
        ((), None, None),
        ((FIRST,), FIRST, None),
        ((SECOND, FIRST), FIRST, SECOND),
        ((SECOND, FIRST, accepted(1)), SECOND, None),
    ):
        known = lineage(entries=entries)
        assert (in_force(known), pending(known)) == (force, waiting)
    assert readings(lineage(entries=(SECOND, FIRST))) == (FIRST, SECOND)


def test_only_existing_tags_are_returned() -> None:
    assert tags_of(FIRST) == {"spotwarden:deadline": "tonight"}
    assert tags_of(SECOND) == {"spotwarden:resubmit": "never"}


@pytest.mark.parametrize("text", ["", "[]", "{", '{"team": 7}', "[" * 100_000])
def test_tags_that_were_not_kept_or_cannot_be_read_are_not_known(text: str) -> None:
    assert first_tags(lineage(entries=(FIRST,)), "bert") == {"team": "vision"}
    assert first_tags(lineage(entries=(FIRST,)), "other") is None
    broken = DirectivesRead(job="bert", at=BEGIN, team="vision", number=0, tags=text)
    assert first_tags(lineage(entries=(broken,)), "bert") is None
