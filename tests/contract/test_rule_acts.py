"""The RuleActsPort: commits count the acts of a guarded rule, once for each lineage."""

from __future__ import annotations

from datetime import timedelta

from controller.decide.decision import Decision
from controller.ledger.entry import Flagged, RuleHeldBack
from controller.ledger.rule_acts import NO_ACTS, RuleActs
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.runtime.ports.ledger import Ledger
from tests.builders import BEGIN, lineage_id

ONE, OTHER = lineage_id("one"), lineage_id("other")


def flagged(job: str, *, acts: bool = True, revision: str = "r1", team: str | None = "vision") -> Flagged:
    return Flagged(
        job=job, at=BEGIN, team=team, rule="spot-required", policy="spot", severity=Severity.HIGH, mode=Mode.ENFORCE, field="f",
        found="x", wanted="y", revision=revision, acts=acts,
    )  # fmt: skip


def held(job: str) -> RuleHeldBack:
    return RuleHeldBack(job=job, at=BEGIN, team=None, policy="spot", revision="r1", jobs=4, teams=2)


def test_nothing_is_known_of_a_rule_that_never_acted(ledger: Ledger) -> None:
    assert ledger.rule_acts.acts("r1", "spot", BEGIN) == NO_ACTS


def test_an_act_counts_for_its_lineage_rule_and_revision(ledger: Ledger) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(ONE), Decision(entries=(flagged("one"),)))
    assert ledger.lineages.commit(ledger.lineages.load(OTHER), Decision(entries=(flagged("other", team=None),)))
    assert ledger.lineages.commit(ledger.lineages.load(OTHER), Decision(entries=(flagged("again", acts=False),)))
    assert ledger.rule_acts.acts("r1", "spot", BEGIN) == RuleActs(teams={str(ONE): "vision", str(OTHER): ""})
    assert ledger.rule_acts.acts("r2", "spot", BEGIN) == ledger.rule_acts.acts("r1", "other", BEGIN) == NO_ACTS


def test_of_two_commits_that_hold_a_rule_back_one_fails_as_a_whole(ledger: Ledger) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(ONE), Decision(entries=(held("one"),)))
    assert not ledger.lineages.commit(ledger.lineages.load(OTHER), Decision(entries=(held("other"), flagged("other"))))
    assert ledger.lineages.load(OTHER).entries == ()
    assert ledger.rule_acts.acts("r1", "spot", BEGIN) == RuleActs(held_back=True)


def test_an_act_that_is_decided_again_after_the_end_of_the_job_stays_one_act(ledger: Ledger) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(ONE), Decision(entries=(flagged("one"),)))
    assert ledger.lineages.commit(ledger.lineages.load(ONE), Decision(entries=(flagged("one-r02"),)))
    assert len(ledger.rule_acts.acts("r1", "spot", BEGIN).teams) == 1


def test_what_a_revision_did_before_it_came_back_is_not_counted_and_that_it_was_held_back_stays(ledger: Ledger) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(ONE), Decision(entries=(flagged("one"), held("one"))))
    for since, teams in ((BEGIN, {str(ONE): "vision"}), (BEGIN + timedelta(seconds=1), {})):
        assert ledger.rule_acts.acts("r1", "spot", since) == RuleActs(teams=teams, held_back=True)
