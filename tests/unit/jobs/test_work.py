"""Two jobs do the same work: on one checkpoint prefix, or one family with the same inputs, and under one role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.work import Work, family_of_work
from tests.builders import ACCOUNT, BEGIN, REGION

BERT = Work(
    account=ACCOUNT, region=REGION, role="arn:aws:iam::111122223333:role/Train", job="bert-017", root="bert-017",
    lineage="bert's", created_at=BEGIN, checkpoint_uri="s3://checkpoints/bert/", inputs_hash="1:same",
)  # fmt: skip
RETRY = replace(BERT, job="bert-018", root="bert-018", lineage="another's")


@pytest.mark.parametrize(
    "other",
    [
        RETRY,
        replace(RETRY, checkpoint_uri="s3://checkpoints/bert-018/"),
        replace(RETRY, checkpoint_uri=None),
        replace(RETRY, inputs_hash="1:other"),
        replace(RETRY, root="something", job="something", checkpoint_uri="s3://checkpoints//bert"),
        replace(RETRY, inputs_hash="", checkpoint_uri="https://checkpoints.s3.us-east-1.amazonaws.com/bert"),
    ],
)
def test_a_retry_under_another_name_does_the_same_work(other: Work) -> None:
    assert BERT.same_as(other)
    assert other.same_as(BERT)


@pytest.mark.parametrize(
    "name",
    [
        "bert-retry",
        "bert-retry-2",
        "bert-2-retry",
        "bert-rerun",
        "bert-fixed",
        "bert-v2",
        "bert-copy",
        "bert-again-2026-11-29",
        "bert.try2",
        "bert-NEW",
        "bert-ondemand",
        "bert-on-demand-2",
        "bert-continued",
        "bert-run2",
        "bert-part-2",
        "bert-by-hand",
        "bert-recovered",
        "retry-bert",
        "copy-of-bert-017",
    ],
)
def test_the_name_of_a_rerun_belongs_to_the_family(name: str) -> None:
    assert family_of_work(name) == "bert"
    assert BERT.same_as(replace(RETRY, root=name, job=name, checkpoint_uri=None))


@pytest.mark.parametrize(
    "name",
    ["bert-large", "roberta", "bert-retrieval", "bert-newton", "retry", "v2", "bert-news", "new", "renew-bert", "bert-prod"],
)
def test_another_name_is_another_family(name: str) -> None:
    assert family_of_work(name) == name
    assert not BERT.same_as(replace(RETRY, root=name, job=name, checkpoint_uri=None))


@pytest.mark.parametrize(
    "changes",
    [
        {"lineage": BERT.lineage},
        {"role": "arn:aws:iam::111122223333:role/Other"},
        {"role": ""},
        {"region": "eu-west-1"},
        {"account": "999988887777"},
        {"checkpoint_uri": "s3://checkpoints/bert/2", "inputs_hash": "1:other"},
        {"checkpoint_uri": "s3://checkpoints/", "inputs_hash": ""},
        {"checkpoint_uri": None, "inputs_hash": ""},
        {"checkpoint_uri": None, "root": "gpt-1"},
    ],
)
def test_other_work_or_work_of_another_role_is_not_the_same(changes: dict[str, Any]) -> None:
    assert not BERT.same_as(replace(RETRY, **changes))


def test_without_inputs_no_digest_is_compared() -> None:
    assert not replace(BERT, inputs_hash="", checkpoint_uri=None).same_as(replace(RETRY, inputs_hash="", checkpoint_uri=None))
