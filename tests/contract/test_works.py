"""The work of jobs (their inputs, output and hyperparameters) is stored at their start, in memory and in DynamoDB alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.decide.decision import Decision
from controller.jobs.work import Work
from controller.runtime.ports.ledger import Ledger
from tests.builders import ACCOUNT, BEGIN, REGION, lineage_id

HOUR = timedelta(hours=1)
BERT = Work(
    account=ACCOUNT, region=REGION, role="arn:aws:iam::111122223333:role/Train", job="bert", root="bert", lineage="bert's",
    created_at=BEGIN, checkpoint_uri="s3://checkpoints/bert/", inputs_hash="1:a",
)  # fmt: skip
RETRY = replace(
    BERT, job="bert-2", root="bert-2", lineage="another's", created_at=BEGIN + HOUR, checkpoint_uri=None, inputs_hash=""
)


def remember(ledger: Ledger, *works: Work) -> None:
    assert ledger.lineages.commit(ledger.lineages.load(lineage_id()), Decision(works=works))


def test_the_work_of_jobs_of_a_role_is_found_by_the_time_of_their_creation(ledger: Ledger) -> None:
    remember(ledger, BERT, RETRY)
    assert ledger.works.begun_since(BERT, BEGIN) == (BERT, RETRY)
    assert ledger.works.begun_since(BERT, BEGIN + timedelta(seconds=1)) == (RETRY,)
    assert ledger.works.begun_since(BERT, BEGIN + 2 * HOUR) == ()


def test_jobs_of_another_role_or_region_are_apart(ledger: Ledger) -> None:
    remember(ledger, replace(BERT, role="arn:aws:iam::111122223333:role/Other"), replace(RETRY, region="eu-west-1"))
    assert ledger.works.begun_since(BERT, BEGIN) == ()
