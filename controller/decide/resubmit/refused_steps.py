"""Which submissions created no job and never will, and which places never fit. The next attempt skips them, without a wait."""

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

Place = tuple[Any, ...]  # where a request runs: the values of ``_WHERE``, the fields of RequestForm that a ladder changes
_WHERE = ("instance_type", "instance_count", "spot", "volume_gb", "subnets", "preferences")


def refused_submissions(facts: Facts) -> tuple[Intent, ...]:
    """The submissions after this outcome that can never succeed, or whose tries were used up without quota or permission."""
    return tuple(
        i for i in _submissions_after(facts)
        if never_fitted(i) or (i.closed is IntentResult.ABANDONED and i.why.startswith((NO_QUOTA, NO_PERMISSION)))
    )  # fmt: skip


def short_of_quota(facts: Facts, block: Resubmission) -> tuple[Intent, ...]:
    """The submissions after this outcome that were refused for lack of quota as often as the policy's limit for QUOTA."""
    budget, _ = block.budget_of(FailureCause.QUOTA)
    if budget is None or budget.limit == 0:
        return ()
    return tuple(
        i for i in _submissions_after(facts)
        if i.closed in (None, IntentResult.WITHDRAWN) and i.why.startswith(NO_QUOTA) and i.quota_refusals >= budget.limit
    )  # fmt: skip


def never_fitted(intent: Intent) -> bool:
    """Whether AWS refused a submission because this account and region can never provide what it asks for."""
    return intent.closed is IntentResult.REFUSED and intent.why.startswith(NEVER_FITS)


def another_step_follows(submit: Submit, lineage: Lineage) -> bool:
    """Whether the job continues elsewhere after this submission was refused permanently.

    After a failure it takes the next step of its ladder, or is given up with a message. A job that was stopped to be moved
    returns once to where it was. A repair, a person's attempt without a move, and the return itself have no other step.
    """
    if isinstance(submit.cause, FailureCause):
        return True
    stop, begun = lineage.intent(f"stop/{submit.about}"), lineage.entry(Started, submit.about)
    moved = stop is not None and isinstance(stop.action, Stop) and stop.action.purpose is Purpose.MOVE
    return submit.cause.elsewhere and moved and begun is not None and submit.number == begun.number + 1


def places_that_never_fit(facts: Facts) -> frozenset[Place]:
    """Every place that AWS refused permanently for this lineage."""
    return frozenset(
        place_of(facts, i.action) for i in facts.lineage.intents if isinstance(i.action, Submit) and never_fitted(i)
    )  # fmt: skip


def place_of(facts: Facts, submit: Submit) -> Place:
    """Where a submission was to run. For rows of older versions: the job's own place with the submission's changes."""
    return _place_of(json.loads(submit.sent)) if submit.sent else place_with(facts, Changes.read(submit.changes).request())


def place_with(facts: Facts, changes: RequestChange) -> Place:
    """Where the job would run with these changes."""
    return _place_of(asdict(RequestForm.of(facts.job).changed(Changes.of(changes))))


def _place_of(form: Mapping[str, Any]) -> Place:
    return tuple(tuple(value) if isinstance(value := form[name], list | tuple) else value for name in _WHERE)


def _submissions_after(facts: Facts) -> tuple[Intent, ...]:
    """The Submit intents about this job whose attempt was not seen."""
    return tuple(
        i for i in facts.lineage.intents
        if isinstance(i.action, Submit) and i.action.about == facts.job.name
        and facts.lineage.entry(Started, i.action.job) is None
    )  # fmt: skip
