"""Which submissions got no attempt and never will, and which places never fit: the ladder goes on past them at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from controller.decide.facts import Facts
from controller.jobs.changes import Changes, RequestForm
from controller.jobs.failure import FailureCause
from controller.jobs.request import RequestChange
from controller.ledger.entry import Started
from controller.ledger.intent import NEVER_FITS, NO_PERMISSION, NO_QUOTA, Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.policy.resubmission import Resubmission

Place = tuple[Any, ...]  # where a request runs: the members of a RequestForm that a ladder changes
_WHERE = ("instance_type", "instance_count", "spot", "volume_gb", "subnets", "preferences")


def refused_submissions(facts: Facts) -> tuple[Intent, ...]:
    """The submissions after this outcome that asked for what never fits, or whose tries are used up: there was no quota."""
    return tuple(
        i for i in _submissions_after(facts)
        if never_fitted(i) or (i.closed is IntentResult.ABANDONED and i.why.startswith((NO_QUOTA, NO_PERMISSION)))
    )  # fmt: skip


def short_of_quota(facts: Facts, block: Resubmission) -> tuple[Intent, ...]:
    """The submissions after this outcome that the quota refused as often as the policy allows."""
    budget, _ = block.budget_of(FailureCause.QUOTA)
    if budget is None or budget.limit == 0:
        return ()
    return tuple(
        i for i in _submissions_after(facts)
        if i.closed in (None, IntentResult.WITHDRAWN) and i.why.startswith(NO_QUOTA) and i.quota_refusals >= budget.limit
    )  # fmt: skip


def never_fitted(intent: Intent) -> bool:
    """Whether AWS refused a submission because it asked for what this account and region never have."""
    return intent.closed is IntentResult.REFUSED and intent.why.startswith(NEVER_FITS)


def another_step_follows(submit: Submit, lineage: Lineage) -> bool:
    """Whether the job goes on after this submission never fitted.

    After a failure it takes the next step of its ladder, or is given up with a message. A job that was stopped to be moved goes
    back where it was, once. A repair, a request of a person and the way back itself have no other step.
    """
    if isinstance(submit.cause, FailureCause):
        return True
    stop, begun = lineage.intent(f"stop/{submit.about}"), lineage.entry(Started, submit.about)
    moved = stop is not None and isinstance(stop.action, Stop) and stop.action.purpose is Purpose.MOVE
    return submit.cause.elsewhere and moved and begun is not None and submit.number == begun.number + 1


def places_that_never_fit(facts: Facts) -> frozenset[Place]:
    """Every place of the lineage that was refused permanently."""
    return frozenset(
        place_of(facts, i.action) for i in facts.lineage.intents if isinstance(i.action, Submit) and never_fitted(i)
    )  # fmt: skip


def place_of(facts: Facts, submit: Submit) -> Place:
    """Where a submission was to run; of rows of older versions, as far as its changes say."""
    return _place_of(json.loads(submit.sent)) if submit.sent else place_with(facts, Changes.read(submit.changes).request())


def place_with(facts: Facts, changes: RequestChange) -> Place:
    """Where the job would run with these changes."""
    return _place_of(asdict(RequestForm.of(facts.job).changed(Changes.of(changes))))


def _place_of(form: Mapping[str, Any]) -> Place:
    return tuple(tuple(value) if isinstance(value := form[name], list | tuple) else value for name in _WHERE)


def _submissions_after(facts: Facts) -> tuple[Intent, ...]:
    """The intents of the submissions after this outcome of which no attempt was seen."""
    return tuple(
        i for i in facts.lineage.intents
        if isinstance(i.action, Submit) and i.action.about == facts.job.name
        and facts.lineage.entry(Started, i.action.job) is None
    )  # fmt: skip
