"""A repaired job is given a prefix that no other job wrote or writes to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from controller.decide.enforce.repair_prefix import candidate_prefixes, free_of
from controller.decide.facts import Facts
from controller.jobs.claim import claim_of
from controller.jobs.job import Outcome
from controller.ledger.intent import Purpose, Stop
from controller.policy.policy import Repair, RuleAction
from tests.builders import BEGIN, ended, facts, job, lineage, lineage_id, policy, rule
from tests.unit.decide.resubmit.test_resubmit import done

MARK = hashlib.sha256(f"{lineage_id()}/{job().identity}".encode()).hexdigest()[:8]


def repaired(repair: Repair) -> Facts:
    stop = Stop(about="bert", because="save-it", purpose=Purpose.REPAIR)
    rules = (rule("save-it", kind="checkpoint-required", action=RuleAction.REPAIR, repair=repair),)
    return facts(ended(job(), Outcome.STOPPED), policy=policy(rules=rules), lineage=lineage(intents=(done(stop),)))


@pytest.mark.parametrize(
    ("repair", "second"),
    [
        (Repair(checkpoint="s3://acme/vision/{family}/"), f"s3://acme/vision/bert-{MARK}/"),
        (Repair(checkpoint="s3://acme/{team}/x", allowed={"*": ("s3://acme/vision/bert/",)}), f"s3://acme/vision/bert/{MARK}/"),
        (Repair(checkpoint="s3://acme/{team}/x", allowed={"*role/Other": ("s3://acme/",)}), f"s3://acme/vision/bert/{MARK}/"),
    ],
)
def test_a_new_prefix_is_beside_the_template_s_where_the_policy_allows_it_and_below_it_elsewhere(
    repair: Repair, second: str
) -> None:
    found = candidate_prefixes(repaired(repair), "s3://acme/vision/bert/")
    assert found[:2] == ("s3://acme/vision/bert/", second)
    assert len(set(found)) == 4


@pytest.mark.parametrize(
    ("uri", "free"),
    [
        ("s3://acme/vision/bert", False),
        ("s3://acme/vision/bert/x/", False),
        ("s3://acme/vision/", True),
        ("s3://acme/vision/bert-2/", True),
    ],
)
def test_a_prefix_is_free_where_no_job_of_another_lineage_writes_to_it_or_below_it_whatever_its_role(
    uri: str, free: bool
) -> None:
    known = repaired(Repair(checkpoint="s3://acme/vision/{family}/"))
    other = claim_of(uri, job="gpt", lineage="gpt's", created_at=BEGIN, role="arn:aws:iam::111122223333:role/other")
    assert free_of((other,), "s3://acme/vision/bert/", known) is free
    assert free_of((replace(other, lineage=str(known.lineage.id)),), "s3://acme/vision/bert/", known)


def test_without_a_stop_no_prefix_beside_the_template_s_is_allowed() -> None:
    known = replace(repaired(Repair(checkpoint="s3://acme/vision/{family}/")), lineage=lineage())
    assert candidate_prefixes(known, "s3://acme/vision/bert/")[1] == f"s3://acme/vision/bert/{MARK}/"
