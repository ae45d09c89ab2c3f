"""Only the members that expressions use are read from a document; a member that the document does not contain is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from controller.aws.sagemaker.hide_secrets import HIDDEN
from controller.aws.sagemaker.members_read import members_read
from controller.aws.sagemaker.read_job import DocumentKind, job_of
from tests.unit.aws.sagemaker.test_read_job import DESCRIPTION

COUNT, STATUS, EPOCHS = ("ResourceConfig", "InstanceCount"), ("TrainingJobStatus",), ("HyperParameters", "epochs")
FIELDS = {COUNT: True, STATUS: False, EPOCHS: True, ("InputDataConfig", "ChannelName"): True, ("VpcConfig",): True}
BODY = {
    "TrainingJobStatus": "InProgress", "ResourceConfig": {"InstanceCount": 4},
    "HyperParameters": {"epochs": "3", "key": "secret"},
    "InputDataConfig": [{"ChannelName": "a"}, {}, {"ChannelName": "b"}], "VpcConfig": {"Subnets": ["s"]},
}  # fmt: skip


def test_a_description_says_everything_that_it_contains() -> None:
    assert members_read(BODY, FIELDS, DocumentKind.DESCRIBE, ()) == {
        COUNT: 4, STATUS: "InProgress", EPOCHS: "3", ("InputDataConfig", "ChannelName"): ["a", "b"],
        ("VpcConfig",): {"Subnets": None},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        (DocumentKind.DESCRIBE, {COUNT, STATUS, EPOCHS}),
        (DocumentKind.CREATE, {COUNT, EPOCHS}),
        (DocumentKind.EVENT, set()),
        (DocumentKind.DETAIL, set()),
        (DocumentKind.SUMMARY, set()),
        (DocumentKind.SEARCHED, set()),
    ],
)
def test_what_is_missing_is_lacking_only_in_a_document_that_would_contain_it(kind: DocumentKind, known: set[Any]) -> None:
    found = members_read({}, {COUNT: True, STATUS: False, EPOCHS: True}, kind, ())
    assert found == dict.fromkeys(known)


@pytest.mark.parametrize("later", ["ResourceConfig.InstanceCount", "ResourceConfig", "ResourceConfig.InstanceCount.x"])
def test_what_is_filled_in_later_is_unknown(later: str) -> None:
    assert COUNT not in members_read(BODY, {COUNT: True}, DocumentKind.CREATE, (later,))


def test_a_value_that_was_hidden_is_unknown() -> None:
    body = {"HyperParameters": {"epochs": HIDDEN}, "InputDataConfig": [{"ChannelName": HIDDEN}]}
    assert members_read(body, FIELDS, DocumentKind.DESCRIBE, ()) == {COUNT: None, STATUS: None, ("VpcConfig",): None}


@pytest.mark.parametrize("value", [5, "x", [], [[]], {"InstanceCount": {"a": "secret"}}, {"InstanceCount": [{"a": "secret"}]}])
def test_a_member_of_another_shape_keeps_no_text(value: Any) -> None:
    assert "secret" not in str(members_read({"ResourceConfig": value}, {COUNT: True}, DocumentKind.DESCRIBE, ()))


def test_a_job_keeps_them_and_does_not_show_them() -> None:
    job = job_of({**DESCRIPTION, "HyperParameters": {"epochs": "s3cret"}}, kind=DocumentKind.DESCRIBE, fields={EPOCHS: True})
    assert job.members == {EPOCHS: "s3cret"}
    assert "s3cret" not in repr(job)
    assert job_of(DESCRIPTION, kind=DocumentKind.DESCRIBE).members == {}


@pytest.mark.parametrize(
    ("resources", "count"),
    [
        ({"InstanceCount": 4}, 4),
        ({"InstanceGroups": [{"InstanceCount": 1}, {"InstanceCount": 2}]}, 3),
        ({"InstanceCount": 0, "InstanceGroups": [{"InstanceCount": 1}, {"InstanceCount": 2}]}, 3),
        ({"InstanceCount": 2, "InstanceGroups": []}, 2),
        ({"InstanceCount": 2, "InstanceGroups": [{"InstanceCount": "x"}]}, 2),
        ({}, None),
    ],
)
def test_the_instances_of_a_heterogeneous_cluster_are_those_of_its_groups_together(resources: Any, count: int | None) -> None:
    assert members_read({"ResourceConfig": resources}, {COUNT: True}, DocumentKind.DESCRIBE, ()) == {COUNT: count}
