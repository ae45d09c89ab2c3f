"""A decider that raises becomes a value: the others still count, it is announced once, and the job is described again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from controller import decide as package
from controller.decide import DECIDERS, Decider, decide
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.entry import Started
from controller.ledger.intent import Announce, Intent, Stop, Submit, Wake
from controller.ledger.lineage import Lineage
from controller.ledger.messages.message import DeciderFailed, JobFacts
from controller.ledger.messages.stored_facts import facts_to_json
from controller.ledger.move_cause import MoveCause
from tests.builders import BEGIN, attempt, ended, facts, job, lineage, lineage_id

SECRET = "a value that somebody typed"


def with_failing(name: str) -> tuple[Decider, ...]:
    """The deciders; one of them raises."""

    def boom(facts: Facts, said: Decision) -> Decision:
        raise OverflowError(SECRET)

    return tuple(replace(decider, decide=boom) if decider.name == name else decider for decider in DECIDERS)


def told(decision: Decision) -> list[Announce]:
    found = (i.action for i in decision.intents)
    return [action for action in found if isinstance(action, Announce) and action.topic.startswith("decider-failed/")]


def test_the_problem_names_the_decider_the_error_and_the_line_but_no_value() -> None:
    decision = decide(facts(), with_failing("enforce"))
    [problem] = decision.problems
    assert (problem.decider, problem.error) == ("enforce", "OverflowError")
    assert problem.at.startswith("test_decider_failed.py:")
    assert SECRET not in str(decision)
    assert any(isinstance(entry, Started) for entry in decision.entries)


def test_it_is_announced_once_for_a_lineage_and_decider() -> None:
    first = facts()
    [announced] = told(decide(first, with_failing("enforce")))
    assert announced.facts == facts_to_json(DeciderFailed(job=JobFacts.of(first.job), decider="enforce", error="OverflowError"))
    known = Intent(action=announced, due_at=BEGIN)
    assert not told(decide(replace(first, lineage=lineage(intents=(known,))), with_failing("enforce")))
    second = facts(attempt(2), number=2, lineage=lineage(lineage_id(), intents=(known,)))
    assert not told(decide(second, with_failing("enforce")))
    assert told(decide(replace(first, lineage=lineage(intents=(known,))), with_failing("alerts")))


def test_a_job_is_looked_at_again_within_the_hour_whatever_failed() -> None:
    wakes = [i.action.at for i in decide(facts(), with_failing("wakeups")).intents if isinstance(i.action, Wake)]
    assert wakes == [BEGIN + timedelta(hours=1)]


def test_an_ended_job_is_looked_at_for_another_day() -> None:
    over = ended(job())
    assert any(isinstance(i.action, Wake) for i in decide(facts(over), with_failing("resubmit")).intents)
    later = facts(over, now=BEGIN + timedelta(days=1, hours=1))
    assert not any(isinstance(i.action, Wake) for i in decide(later, with_failing("resubmit")).intents)


def test_only_a_wake_is_withdrawn_while_a_decider_fails() -> None:
    """It is not known whether the failed decider would still decide a Stop or a Submit."""
    due_at = BEGIN + timedelta(hours=9)
    open_ = (
        Intent(action=Stop(about="bert", because="use-spot"), due_at=due_at),
        Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=MoveCause.ASKED), due_at=due_at),
        Intent(action=Wake(about="bert", at=due_at), due_at=due_at),
    )
    held: Lineage = lineage(intents=open_)
    assert [type(i.action) for i in decide(facts(lineage=held, history=())).withdrawn] == [Stop, Submit, Wake]
    assert [type(i.action) for i in decide(facts(lineage=held, history=()), with_failing("alerts")).withdrawn] == [Wake]


def test_deciding_again_with_a_failing_decider_adds_nothing() -> None:
    first = facts()
    decision = decide(first, with_failing("deadline"))
    known = lineage(entries=decision.entries, intents=decision.intents)
    again = decide(replace(first, lineage=known), with_failing("deadline"))
    assert again.writes == 0
    assert again.problems == decision.problems


@pytest.mark.parametrize("decider", DECIDERS, ids=lambda decider: decider.name)
def test_a_decider_has_the_name_of_its_module_and_says_why_it_is_there(decider: Decider) -> None:
    home = Path(package.__file__).parent
    assert (home / f"{decider.name}.py").is_file() or (home / decider.name).is_dir()
    assert decider.why
    assert [problem.decider for problem in decide(facts(), with_failing(decider.name)).problems] == [decider.name]
