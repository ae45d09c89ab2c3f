"""Which submissions created no job and never will, and which places are skipped because of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decide.facts import Facts
from controller.decide.resubmit.refused_steps import (
    place_of,
    place_with,
    places_that_never_fit,
    refused_submissions,
    short_of_quota,
)
from controller.jobs.changes import RequestForm
from controller.jobs.failure import FailureCause
from controller.jobs.request import change_to_json, on_demand, on_instances
from controller.ledger.entry import Started
from controller.ledger.intent import NEVER_FITS, NO_PERMISSION, NO_QUOTA, Intent, IntentResult, Stop, Submit
from tests.builders import BEGIN, attempt, block, budget, ended, facts, job, lineage

SECOND = attempt(2).name
SUBMIT = Submit(about="bert", job=SECOND, number=2, cause=FailureCause.CAPACITY)
SEEN = Started(
    job=SECOND, at=BEGIN, team="vision", number=2, spot=True, instance_type="ml.g5.2xlarge", instance_count=1,
    region="us-east-1", service=None, checkpoint_uri=None,
)  # fmt: skip
NEVER = Intent(action=SUBMIT, due_at=BEGIN, claim=1, closed=IntentResult.REFUSED, why=f"{NEVER_FITS}the quota is 0")
WAITS = Intent(action=SUBMIT, due_at=BEGIN, claim=1, why=f"{NO_QUOTA}the quota is used up", quota_refusals=3)
QUOTA = block(causes={FailureCause.QUOTA: budget(3)})


def after(*intents: Intent, entries: tuple[Started, ...] = ()) -> Facts:
    """The first attempt, which ended, and what was submitted after it."""
    return facts(ended(job()), lineage=lineage(entries=entries, intents=intents))


@pytest.mark.parametrize(
    ("intent", "refused"),
    [
        (NEVER, True),
        (replace(NEVER, why="somebody took the name"), False),
        (replace(NEVER, closed=IntentResult.ABANDONED), False),
        (replace(NEVER, closed=IntentResult.ABANDONED, why=f"{NO_QUOTA}x"), True),
        (replace(NEVER, closed=IntentResult.ABANDONED, why=f"{NO_PERMISSION}x"), True),
        (replace(NEVER, closed=IntentResult.WITHDRAWN, why=f"{NO_QUOTA}x"), False),
        (replace(NEVER, action=replace(SUBMIT, about="bert-0")), False),
        (replace(NEVER, action=Stop(about="bert", because="x")), False),
    ],
)
def test_a_submission_after_this_outcome_that_never_fits_or_whose_tries_are_used_up_is_refused(
    intent: Intent, refused: bool
) -> None:
    assert refused_submissions(after(intent)) == ((intent,) if refused else ())


def test_a_submission_whose_attempt_was_seen_is_neither_refused_nor_short_of_quota() -> None:
    assert refused_submissions(after(NEVER, entries=(SEEN,))) == ()
    assert short_of_quota(after(WAITS, entries=(SEEN,)), QUOTA) == ()
    other = replace(SEEN, job="bert")
    assert refused_submissions(after(NEVER, entries=(other,))) == (NEVER,)


@pytest.mark.parametrize(
    ("intent", "limit", "short"),
    [
        (WAITS, 3, True),
        (WAITS, 4, False),
        (WAITS, 0, False),
        (replace(WAITS, quota_refusals=4), 3, True),
        (replace(WAITS, closed=IntentResult.WITHDRAWN), 3, True),
        (replace(WAITS, closed=IntentResult.REFUSED), 3, False),
        (replace(WAITS, why="throttled"), 3, False),
    ],
)
def test_a_submission_is_short_of_quota_after_as_many_refusals_as_the_policy_allows(
    intent: Intent, limit: int, short: bool
) -> None:
    allowed = block(causes={FailureCause.QUOTA: budget(limit)})
    assert short_of_quota(after(intent), allowed) == ((intent,) if short else ())


def test_without_a_budget_for_quota_nothing_is_short_of_it() -> None:
    assert short_of_quota(after(WAITS), block()) == ()


def test_a_place_that_never_fits_comes_from_the_sent_request_and_in_older_rows_from_the_changes() -> None:
    change = on_instances("ml.g5.4xlarge")
    old = replace(SUBMIT, changes=change_to_json(change))
    found = after(replace(NEVER, action=old))
    assert places_that_never_fit(found) == {place_with(found, change)}
    assert place_with(found, change) not in (place_with(found, {}), place_with(found, on_demand()))
    sent = RequestForm.of(job(instance_type="ml.p3.2xlarge", subnets=("subnet-0a", "subnet-0b")))
    new = replace(old, sent=sent.to_json())
    assert place_of(found, new) == ("ml.p3.2xlarge", 1, True, None, ("subnet-0a", "subnet-0b"), "")
    assert places_that_never_fit(after(replace(NEVER, action=new, closed=IntentResult.ABANDONED))) == frozenset()
