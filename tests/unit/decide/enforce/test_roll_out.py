"""A guard decides from counted facts, needs them only if a rule would act, and never changes what it decided about a job."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.decide.decision import Need
from controller.decide.enforce.enforce import enforce
from controller.decide.facts import Facts
from controller.jobs.job import Service
from controller.ledger.entry import Flagged, RuleHeldBack, Waived
from controller.ledger.intent import Announce, Stop
from controller.ledger.rule_acts import RuleActs
from controller.policy.mode import Mode
from controller.policy.policy import RuleAction
from controller.policy.rollout import HeldBack, Rollout, SurpriseGuard, position_of
from tests.builders import BEGIN, facts, job, lineage, lineage_id, policy, rule

GUARDED = rule("use-spot", mode=Mode.ENFORCE, action=RuleAction.STOP, rollout=Rollout(surprise=SurpriseGuard(jobs=3)))
OFFENDER = job(spot=False, wait_s_max=None, checkpoint_uri=None)


def asked(acts: RuleActs | None = None, **changes: object) -> Facts:
    """The facts of a job that breaks a guarded rule, with the guard's counts."""
    known = {
        "rule_acts": {"use-spot": acts or RuleActs()}, "looked_up": frozenset({Need.RULE_ACTS}),
        "policy": policy(rules=(GUARDED,), in_force_at=BEGIN),
    }  # fmt: skip
    return facts(OFFENDER, **(known | changes))


def acted(*teams: str) -> RuleActs:
    return RuleActs(teams={f"lineage-{number}": team for number, team in enumerate(teams)})


def stops(found: Facts) -> bool:
    return any(isinstance(intent.action, Stop) for intent in enforce(found).intents)


def flagged(found: Facts) -> Flagged:
    return next(e for e in enforce(found).entries if isinstance(e, Flagged))


def test_the_guard_is_asked_before_anything_is_decided_and_only_where_the_rule_would_act() -> None:
    open_question = enforce(asked(looked_up=frozenset()))
    assert open_question.needs == {Need.RULE_ACTS}
    assert not open_question
    keeping = facts(job(), policy=policy(rules=(GUARDED,)))
    assert enforce(keeping).needs == frozenset()
    warning = facts(OFFENDER, policy=policy(rules=(replace(GUARDED, mode=Mode.WARN, action=None),)))
    assert enforce(warning).needs == frozenset()


def test_a_rule_acts_on_as_many_jobs_as_its_guard_allows_and_holds_itself_back_at_the_next() -> None:
    third, fourth = asked(acted("vision", "vision")), asked(acted("vision", "vision", "speech"))
    assert stops(third)
    assert flagged(third).acts
    assert not stops(fourth)
    assert (flagged(fourth).mode, flagged(fourth).held_back, flagged(fourth).acts) == (Mode.WARN, HeldBack.SURPRISE, True)
    assert [(e.jobs, e.teams) for e in enforce(fourth).entries if isinstance(e, RuleHeldBack)] == [(4, 2)]


def test_a_rule_without_recorded_acts_acts_on_its_first_job() -> None:
    assert stops(asked(rule_acts={}))
    only_this_job = replace(GUARDED, rollout=Rollout(surprise=SurpriseGuard(jobs=1)))
    assert stops(asked(rule_acts={}, policy=policy(rules=(only_this_job,), in_force_at=BEGIN)))


def test_the_job_itself_counts_once_however_often_it_is_decided() -> None:
    first = asked(acted("vision", "vision"))
    again = RuleActs(teams={**acted("vision", "vision").teams, str(first.lineage.id): "vision"})
    assert stops(asked(again))


def test_a_rule_that_is_held_back_stays_so_and_says_nothing_more_also_after_its_first_day() -> None:
    for now in (BEGIN, BEGIN + timedelta(days=40)):
        later = asked(RuleActs(held_back=True), now=now)
        assert not stops(later)
        assert not any(isinstance(e, RuleHeldBack) for e in enforce(later).entries)
        told = [i.action.kind for i in enforce(later).intents if isinstance(i.action, Announce)]
        assert told == ["flagged"]


def test_after_its_first_day_a_revision_is_not_held_back_however_often_it_acts() -> None:
    found = asked(acted(*["vision"] * 500))
    assert not stops(found)
    in_force_at = found.policy.in_force_at
    assert stops(replace(found, now=in_force_at + timedelta(hours=24)))
    assert not stops(replace(found, now=in_force_at + timedelta(hours=23, minutes=59)))


def test_what_was_decided_about_a_job_stays_and_is_not_looked_up_again() -> None:
    for first in (asked(acted()), asked(acted("a", "b", "c"))):
        known = replace(first.lineage, entries=(*first.lineage.entries, *enforce(first).entries))
        for acts in (acted(), acted("a", "b", "c", "d"), RuleActs(held_back=True)):
            again = replace(first, lineage=known, rule_acts={"use-spot": acts})
            assert stops(again) == stops(first)
            assert not enforce(replace(again, looked_up=frozenset())).needs
            assert {e.key for e in enforce(again).entries if isinstance(e, Flagged)} == {flagged(first).key}


def test_a_waiver_counts_also_where_the_rule_was_held_back_before() -> None:
    first = asked(acted("a", "b", "c"))
    waived = Waived(
        job=first.job.name, at=BEGIN, team=None, policy="use-spot", who="U1", reason="a deadline", ticket="ML-1",
        until=first.now + timedelta(hours=1),
    )  # fmt: skip
    known = replace(first.lineage, entries=(*first.lineage.entries, *enforce(first).entries, waived))
    again = replace(first, lineage=known)
    assert flagged(again).mode is Mode.AUDIT
    assert not any(isinstance(intent.action, Announce) for intent in enforce(again).intents)


def test_a_rule_with_a_share_acts_on_the_lineages_within_it() -> None:
    half = policy(rules=(replace(GUARDED, rollout=Rollout(share=0.5)),), in_force_at=BEGIN)
    found = [asked(policy=half, lineage=lineage(lineage_id(f"bert-{n}"))) for n in range(8)]
    inside = [position_of(str(one.lineage.id)) < 0.5 for one in found]
    assert set(inside) == {True, False}
    assert [stops(one) for one in found] == inside


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 2},
        {"number": 0},
        {"job": replace(OFFENDER, service=Service.TUNING)},
        {"policy": policy(rules=(GUARDED,), in_force_at=BEGIN + timedelta(seconds=1))},
    ],
    ids=["an attempt of the controller", "an older attempt", "a job of another service", "a job from before the revision"],
)
def test_a_job_on_which_the_rule_does_not_act_is_not_counted_by_its_guard(changes: dict[str, Any]) -> None:
    found = asked(looked_up=frozenset(), **changes)
    assert enforce(found).needs == frozenset()
    assert (flagged(found).mode, flagged(found).acts) == (Mode.ENFORCE, False)
