"""Checks spend caps when an attempt is created, with the most that its request may cost.

    recorded cost of attempts + most that live attempts may cost + most that the new one may cost  ≤  the cap

Attempts that ended and have no recorded cost yet count as nothing, so a violation is certain. Attempts to which no cap applied
when they were submitted do not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from controller.ledger.entry import Measured
from controller.ledger.intent import Submit
from controller.ledger.lineage import Lineage, team_of
from controller.ledger.move_cause import MoveCause
from controller.policy.policy import Policy
from controller.policy.resubmission import Resubmission
from controller.savings.attempt_savings import spent_micros
from controller.units.money import Micros, cost_micros

if TYPE_CHECKING:
    from tests.simulation.world_invariants import InvariantChecker, Life

MICROS_PER_H = {"ml.g5.2xlarge": 1_515_000, "ml.g5.4xlarge": 2_030_000, "ml.g5.8xlarge": 3_060_000, "ml.p3.2xlarge": 3_825_000}
"""Prices of the instance types that jobs use, and of most types in ladders. Other types have no price."""
READ_BEFORE = timedelta(minutes=2)


def over_cap(new: Life, checker: InvariantChecker) -> str:
    """The cap that an attempt exceeds, as text; empty if it exceeds none. Attempts that a person requested have no cap."""
    if new.cause is MoveCause.ASKED or may_have_no_cap(new, _policies(checker)):
        return ""
    lineage = checker.ledger.lineages.load(new.lineage)
    most = _most_micros(new)
    if most is None:
        return f"an attempt without a known price is created: {new.where}" if _capped(_blocks(checker), "cap_micros") else ""
    return _over_its_lineage_s(new, most, lineage, checker) or _over_its_team_s(new, most, lineage, checker)


def _over_its_lineage_s(new: Life, most: Micros, lineage: Lineage, checker: InvariantChecker) -> str:
    caps = _capped(_blocks(checker), "cap_micros")
    spent = spent_micros([e for e in lineage.entries if isinstance(e, Measured)])
    if caps and spent + most > max(caps):
        return f"the spend cap {max(caps)} of a lineage is passed: {new.where} may cost {most}, and {spent} is spent"
    return ""


def _over_its_team_s(new: Life, most: Micros, lineage: Lineage, checker: InvariantChecker) -> str:
    caps, submit = _capped(_blocks(checker), "team_month_cap_micros"), _submit(new, lineage)
    if not caps or submit is None:
        return ""
    team, held = team_of(lineage), 0
    for life in checker.lives:
        theirs = checker.ledger.lineages.load(life.lineage) if life.ours and life.deleted_at is None else None
        made = _submit(life, theirs) if theirs is not None else None
        if theirs is None or made is None or made.month != submit.month or team_of(theirs) != team:
            continue
        if made.cap_micros is None:  # no cap applied to it, so nothing was reserved
            continue
        measured = theirs.entry(Measured, life.name)
        held += (_most_micros(life) or 0) if life.alive else spent_micros([measured]) if measured is not None else 0
    if held + most > max(caps):
        return f"the spend cap {max(caps)} of {team} is passed: {new.where} may cost {most}, and {held} is spent or may be"
    return ""


def may_have_no_cap(life: Life, policies: Iterable[Policy]) -> bool:
    """Whether an attempt may have no cap: it is a repair, and its job's tags or role exclude all blocks.

    A block that only the job's name excludes still has caps for its repair.
    """
    for_all = (any(not block.match.tags and not block.match.role for block in policy.resubmissions) for policy in policies)
    return life.cause is MoveCause.REPAIR and not all(for_all)


def _policies(checker: InvariantChecker) -> list[Policy]:
    """The policies that may have been in force when the attempt was decided."""
    now = checker.world.now
    found = [*checker.intervals(now), *checker.intervals(now - READ_BEFORE)] if checker.intervals is not None else []
    return [policy for _, policy in found]


def _blocks(checker: InvariantChecker) -> list[Resubmission]:
    return [block for policy in _policies(checker) for block in policy.resubmissions]


def _capped(blocks: Iterable[Resubmission], name: str) -> list[Micros]:
    """The caps of all blocks; empty if one of them has no cap."""
    caps = [getattr(block, name) for block in blocks]
    return caps if all(cap is not None for cap in caps) else []


def _submit(life: Life, lineage: Lineage) -> Submit | None:
    intent = lineage.intent(f"submit/{life.name}")
    return intent.action if intent is not None and isinstance(intent.action, Submit) else None


def _most_micros(life: Life) -> Micros | None:
    """The most that the request of an attempt may cost; None if no price is known."""
    asked, resources = life.job.request, life.job.request["ResourceConfig"]
    rate = MICROS_PER_H.get(resources["InstanceType"])
    seconds = asked["StoppingCondition"].get("MaxRuntimeInSeconds", 86_400)
    return None if rate is None else cost_micros(seconds, resources["InstanceCount"], rate)
