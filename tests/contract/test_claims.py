"""The Ledger port's claims: one writer per checkpoint prefix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decide.decision import Decision
from controller.jobs.claim import Claim
from controller.runtime.ports import Ledger
from tests.builders import BEGIN, lineage_id

MINE = Claim(bucket="checkpoints", prefix="bert/", job="bert-r02", lineage=str(lineage_id()), created_at=BEGIN)
THEIRS = Claim(bucket="checkpoints", prefix="bert/large/", job="gpt-r02", lineage=str(lineage_id("gpt")), created_at=BEGIN)


def test_a_free_prefix_is_held(ledger: Ledger) -> None:
    assert ledger.claims.claims_on("checkpoints") == ()
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claims_on("checkpoints") == (MINE,)
    assert ledger.claims.claims_on("elsewhere") == ()


@pytest.mark.parametrize(("first", "second"), [(MINE, THEIRS), (THEIRS, MINE)])
def test_of_two_that_claim_overlapping_prefixes_one_is_given_it(ledger: Ledger, first: Claim, second: Claim) -> None:
    assert ledger.claims.claim(first) == ()
    assert ledger.claims.claim(second) == (first,)
    assert ledger.claims.claims_on("checkpoints") == (first,)


def test_prefixes_that_touch_no_common_object_are_both_held(ledger: Ledger) -> None:
    apart = [replace(THEIRS, prefix="bort/"), replace(THEIRS, bucket="elsewhere", prefix="bert/")]
    for claim in (MINE, *apart):
        assert ledger.claims.claim(claim) == ()
    assert set(ledger.claims.claims_on("checkpoints")) == {MINE, apart[0]}


def test_a_lineage_does_not_stand_in_its_own_way(ledger: Ledger) -> None:
    again = replace(MINE, job="bert-r03")
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claim(again) == ()
    assert set(ledger.claims.claims_on("checkpoints")) == {MINE, again}


def test_a_claim_given_back_is_free_for_others(ledger: Ledger) -> None:
    ledger.claims.claim(MINE)
    ledger.claims.release(MINE)
    assert ledger.claims.claim(THEIRS) == ()
    assert ledger.claims.claims_on("checkpoints") == (THEIRS,)


def test_giving_back_what_nobody_holds_changes_nothing(ledger: Ledger) -> None:
    ledger.claims.claim(MINE)
    ledger.claims.release(THEIRS)
    ledger.claims.release(replace(MINE, bucket="elsewhere"))
    assert ledger.claims.claims_on("checkpoints") == (MINE,)


def test_a_former_life_of_a_name_gives_back_only_its_own_claim(ledger: Ledger) -> None:
    """A job was deleted and its name used again: the old lineage is let go of while the new one trains."""
    old, new = replace(MINE, job="bert", lineage="the old life"), replace(MINE, job="bert", lineage="the new life")
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(claims=(old,)))
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id("other")), Decision(claims=(new,)))
    ledger.claims.release(old)
    assert ledger.claims.claims_on("checkpoints") == (new,)


def test_a_commit_takes_and_gives_back_claims_with_all_else_or_not_at_all(ledger: Ledger) -> None:
    before = ledger.lineages.load(lineage_id())
    assert ledger.lineages.commit(before, Decision(claims=(MINE, replace(THEIRS, bucket="elsewhere"))))
    assert not ledger.lineages.commit(before, Decision(released=(MINE,)))
    assert ledger.claims.claims_on("checkpoints") == (MINE,)
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(released=(MINE,), claims=(THEIRS,)))
    assert ledger.claims.claims_on("checkpoints") == (THEIRS,)


def test_a_committed_claim_is_heard_by_those_who_claim_later(ledger: Ledger) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(claims=(MINE,)))
    assert ledger.claims.claim(THEIRS) == (MINE,)


def test_the_longest_prefix_that_sagemaker_takes_can_be_claimed(ledger: Ledger) -> None:
    long = replace(MINE, prefix="x" * 1000, job="y" * 63)
    assert ledger.claims.claim(long) == ()
    assert ledger.claims.claim(replace(THEIRS, prefix="x" * 999)) == (long,)
    ledger.claims.release(long)
    assert ledger.claims.claims_on("checkpoints") == ()
