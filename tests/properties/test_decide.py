"""Properties of decisions, tested with the histories that ``lives`` draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decide import decide
from controller.decide.facts import Facts
from controller.decide.resubmit.retries import tried_for
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Measured, Unmeasured, UserRequested
from controller.ledger.intent import Announce, Intent, Stop, Submit, Wake
from controller.ledger.move_cause import MoveCause
from controller.policy.mode import Mode
from controller.policy.policy import Policy
from controller.policy.slack_settings import Importance, SlackSettings
from tests import builders
from tests.examples import examples
from tests.properties.lives import learn, lives, policies, starving

RETRYABLE = [Outcome.STARVED, Outcome.CAPACITY, Outcome.INTERNAL, Outcome.QUOTA]  # the outcomes that have a budget in the block


def decided(facts: Facts, *kinds: type) -> list[Intent]:
    return [i for i in decide(facts).intents if isinstance(i.action, kinds)]


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(lives)
def test_the_law_deciding_again_on_a_committed_decision_adds_nothing(facts: Facts) -> None:
    after = learn(facts, decide(facts))
    assert not decide(after), decide(after)


@given(lives)
def test_deciding_is_deterministic(facts: Facts) -> None:
    assert decide(facts) == decide(facts)


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(lives)
def test_every_key_is_written_once(facts: Facts) -> None:
    decision = decide(facts)
    keys = [e.key for e in decision.entries] + [i.key for i in decision.intents]
    assert len(keys) == len(set(keys)), Counter(keys).most_common(3)


@given(lives)
def test_every_entry_and_message_says_the_policy_revision_and_the_mode_in_force(facts: Facts) -> None:
    decision = decide(facts)
    said = [*decision.entries, *(i.action for i in decision.intents if isinstance(i.action, Announce))]
    assert [one for one in said if one.revision != facts.policy.revision or one.mode not in set(Mode)] == []


@given(lives)
def test_only_open_intents_without_a_lease_are_withdrawn(facts: Facts) -> None:
    assert all(i.open and i.leased_until is None and i in facts.lineage.intents for i in decide(facts).withdrawn)


@given(lives)
def test_a_live_job_is_never_submitted_again(facts: Facts) -> None:
    assert not (facts.job.alive and decided(facts, Submit))


@given(lives)
def test_no_new_stop_is_written_for_a_job_that_has_ended(facts: Facts) -> None:
    assert all(i.claim > 0 for i in decided(facts, Stop) if not facts.job.alive)


@given(lives)
def test_a_job_of_another_service_is_never_stopped_nor_submitted_again(facts: Facts) -> None:
    assert not (facts.job.service is not None and decided(facts, Stop, Submit))


@given(lives)
def test_no_rule_stops_an_attempt_of_the_controller(facts: Facts) -> None:
    asked = any(isinstance(entry, UserRequested) for entry in facts.lineage.entries)
    assert asked or not (facts.number > 1 and decided(facts, Stop))


@given(lives)
def test_only_the_newest_attempt_is_submitted_again_or_stopped(facts: Facts) -> None:
    assert facts.newest or not decided(facts, Submit, Stop)


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(lives)
def test_a_wake_is_open_until_the_outcome_and_the_usage_are_recorded(facts: Facts) -> None:
    lineage = learn(facts, decide(facts)).lineage
    name = facts.job.name
    at_rest = lineage.entry(Ended, name) and (lineage.entry(Measured, name) or lineage.entry(Unmeasured, name))
    wakes = [i for i in lineage.open_intents(name) if isinstance(i.action, Wake)]
    assert all(i.due_at > facts.now for i in wakes)
    assert bool(wakes) != bool(at_rest)


@given(lives)
def test_usage_is_recorded_as_soon_as_it_is_known(facts: Facts) -> None:
    lineage = learn(facts, decide(facts)).lineage
    assert facts.job.alive or facts.job.usage is None or lineage.entry(Measured, facts.job.name)


@given(lives)
def test_budgets_are_kept_in_every_decision(facts: Facts) -> None:
    for intent in decided(facts, Submit):
        assert isinstance(intent.action, Submit)
        if isinstance(intent.action.cause, MoveCause):
            continue  # moves and repairs do not count against a budget
        block = facts.policy.resubmission_for(facts.job)
        assert block is not None
        budget, sharing = block.budget_of(intent.action.cause)
        assert budget is not None
        assert tried_for(facts, sharing) < budget.limit


@given(policies, st.lists(st.sampled_from(RETRYABLE), min_size=1, max_size=4))
def test_a_job_that_always_fails_is_retried_to_its_limits_and_then_reported(policy: Policy, outcomes: list[Outcome]) -> None:
    enforcing = replace(policy, rules=(), resubmissions=(builders.block(),))
    life, submitted = starving(enforcing, outcomes)
    tries = Counter(submit.cause for submit in submitted)
    for cause in tries:
        budget, sharing = builders.block().budget_of(cause)
        assert budget is not None
        assert sum(tries[one] for one in sharing) <= budget.limit
    topics = [i.action.topic for i in life.ledger.lineages.load(life.id).intents if isinstance(i.action, Announce)]
    assert "gave-up" in topics
    assert [submit.number for submit in submitted] == list(range(2, len(submitted) + 2))


@pytest.mark.slow
@settings(max_examples=60)
@given(lives, st.integers(0, 200), st.integers(0, 200), st.booleans())
def test_from_any_facts_a_bounded_number_of_parts_leaves_nothing_to_do(facts: Facts, more: int, wakes: int, told: bool) -> None:
    """For any number of interruptions and open intents, each part can be committed, and less remains after it."""
    often = tuple(facts.job.created_at + timedelta(minutes=n) for n in range(more))
    job = replace(facts.job, interrupted_at=tuple(sorted({*facts.job.interrupted_at, *often})))
    slack = SlackSettings(tell=tuple(Importance)) if told else facts.policy.slack
    due = (facts.now - timedelta(seconds=n) for n in range(wakes))
    ledger = builders.ledger_with(facts.lineage)
    for at in due:
        ledger.row(facts.lineage.id).put(Intent(action=Wake(about=job.name, at=at), due_at=at))
    facts = replace(facts, job=job, policy=replace(facts.policy, slack=slack), lineage=ledger.lineages.load(facts.lineage.id))
    left = decide(facts)
    rounds, most = 0, 2 + left.size // 20
    while left:
        part = left.cut(job.name, facts.now)
        assert part
        facts, rounds = learn(facts, part, ledger), rounds + 1
        left = decide(facts)
        assert rounds <= most
