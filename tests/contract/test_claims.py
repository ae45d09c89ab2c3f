"""The claims of the Ledger port: each checkpoint prefix has one writer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decide.decision import Decision
from controller.jobs.claim import Claim
from controller.runtime.ports.ledger import Ledger
from tests.builders import BEGIN, lineage_id

ROLE = "arn:aws:iam::111122223333:role/Train"
MINE = Claim(bucket="checkpoints", prefix="bert/", job="bert-r02", lineage=str(lineage_id()), created_at=BEGIN, role=ROLE)
THEIRS = Claim(
    bucket="checkpoints", prefix="bert/large/", job="gpt-r02", lineage=str(lineage_id("gpt")), created_at=BEGIN, role=ROLE
)


def test_a_free_prefix_can_be_claimed(ledger: Ledger) -> None:
    assert ledger.claims.claims_on("checkpoints") == ()
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claims_on("checkpoints") == (MINE,)
    assert ledger.claims.claims_on("elsewhere") == ()


@pytest.mark.parametrize("theirs", ["bert/", "bert", "/bert//", "bert/./", "bert/large/.."])
def test_of_two_that_claim_one_prefix_one_is_given_it(ledger: Ledger, theirs: str) -> None:
    other = replace(THEIRS, prefix=theirs)
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claim(other) == (MINE,)
    assert ledger.claims.claims_on("checkpoints") == (MINE,)


@pytest.mark.parametrize("role", ["", MINE.role])
def test_a_parent_waits_for_what_is_written_below_it_under_its_role_and_holds_nobody_up(ledger: Ledger, role: str) -> None:
    child = replace(THEIRS, role=role)
    assert ledger.claims.claim(child) == ()
    assert ledger.claims.claim(MINE) == (child,)
    ledger.claims.release(child)
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claim(child) == ()


@pytest.mark.parametrize("theirs", ["bert/", "bert/large/", "", "/"])
def test_a_claim_under_another_role_holds_nobody_up(ledger: Ledger, theirs: str) -> None:
    stranger = replace(THEIRS, prefix=theirs, role="arn:aws:iam::111122223333:role/stranger")
    assert ledger.claims.claim(stranger) == ()
    assert ledger.claims.claim(MINE) == ()


@pytest.mark.parametrize("theirs", ["bert/", "bert/large/"])
def test_a_new_prefix_is_given_to_one_lineage_alone_whatever_the_roles_are(ledger: Ledger, theirs: str) -> None:
    stranger = replace(THEIRS, prefix=theirs, role="arn:aws:iam::111122223333:role/stranger")
    above = replace(stranger, prefix="", job="on-the-bucket")
    assert ledger.claims.claim(above) == ()
    assert ledger.claims.claim(stranger) == ()
    assert ledger.claims.claim(MINE, new=True) == (stranger,)
    assert stranger in ledger.claims.claims_on("checkpoints")
    assert MINE not in ledger.claims.claims_on("checkpoints")
    ledger.claims.release(stranger)
    assert ledger.claims.claim(MINE, new=True) == ()


def test_prefixes_without_a_common_object_can_both_be_claimed(ledger: Ledger) -> None:
    apart = [replace(THEIRS, prefix="bert-large/"), replace(THEIRS, bucket="elsewhere", prefix="bert/")]
    for claim in (MINE, *apart):
        assert ledger.claims.claim(claim) == ()
    assert set(ledger.claims.claims_on("checkpoints")) == {MINE, apart[0]}


def test_claims_of_one_lineage_do_not_conflict(ledger: Ledger) -> None:
    again = replace(MINE, job="bert-r03")
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claim(MINE) == ()
    assert ledger.claims.claim(again) == ()
    assert set(ledger.claims.claims_on("checkpoints")) == {MINE, again}


def test_a_released_claim_is_free_for_others(ledger: Ledger) -> None:
    ledger.claims.claim(MINE)
    ledger.claims.release(MINE)
    assert ledger.claims.claim(THEIRS) == ()
    assert ledger.claims.claims_on("checkpoints") == (THEIRS,)


def test_releasing_an_unknown_claim_changes_nothing(ledger: Ledger) -> None:
    ledger.claims.claim(MINE)
    ledger.claims.release(THEIRS)
    ledger.claims.release(replace(MINE, bucket="elsewhere"))
    assert ledger.claims.claims_on("checkpoints") == (MINE,)


def test_the_lineage_of_a_deleted_job_releases_only_its_own_claim(ledger: Ledger) -> None:
    """A job was deleted and its name reused. The old lineage releases its claim while the new job trains."""
    old, new = replace(MINE, job="bert", lineage="the old life"), replace(MINE, job="bert", lineage="the new life")
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(claims=(old,)))
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id("other")), Decision(claims=(new,)))
    ledger.claims.release(old)
    assert ledger.claims.claims_on("checkpoints") == (new,)


def test_a_commit_claims_and_releases_together_with_its_other_writes_or_not_at_all(ledger: Ledger) -> None:
    before = ledger.lineages.load(lineage_id())
    assert ledger.lineages.commit(before, Decision(claims=(MINE, replace(THEIRS, bucket="elsewhere"))))
    assert not ledger.lineages.commit(before, Decision(released=(MINE,)))
    assert ledger.claims.claims_on("checkpoints") == (MINE,)
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(released=(MINE,), claims=(THEIRS,)))
    assert ledger.claims.claims_on("checkpoints") == (THEIRS,)


def test_a_committed_claim_conflicts_with_later_claims(ledger: Ledger) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(claims=(MINE,)))
    assert ledger.claims.claim(replace(THEIRS, prefix="bert")) == (MINE,)


def test_the_longest_prefix_that_sagemaker_takes_can_be_claimed(ledger: Ledger) -> None:
    long = replace(MINE, prefix="x" * 1000, job="y" * 63)
    assert ledger.claims.claim(long) == ()
    assert ledger.claims.claim(replace(THEIRS, prefix="x" * 1000)) == (long,)
    ledger.claims.release(long)
    assert ledger.claims.claims_on("checkpoints") == ()
