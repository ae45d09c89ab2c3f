"""A job is given by its name or its ARN; an ARN of another account or region never means a job with that name here."""

from __future__ import annotations

import pytest

from controller.cli.input.job_names import job_name, not_meant

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:training-job/bert"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("bert", "bert"), (ARN, "bert"), ("arn:aws-cn:sagemaker:cn-north-1:111122223333:training-job/bert", "bert"),
        ("be_rt", None), ("job.json", None), (ARN.replace("training-job", "processing-job"), None), ("", None),
    ],
)  # fmt: skip
def test_a_name_and_an_arn_give_the_name(text: str, name: str | None) -> None:
    assert job_name(text) == name


@pytest.mark.parametrize(
    ("text", "account", "region", "said"),
    [
        (ARN, "111122223333", "eu-west-1", ""),
        ("bert", "111122223333", "us-east-1", ""),
        (
            ARN, "111122223333", "us-east-1",
            "found the ARN of a job of 111122223333 in eu-west-1, and this is 111122223333 in us-east-1: add --region eu-west-1",
        ),
        (
            ARN, "999999999999", "eu-west-1",
            "found the ARN of a job of 111122223333 in eu-west-1, and this is 999999999999 in eu-west-1: use credentials of the"
            " account 111122223333",
        ),
    ],
)  # fmt: skip
def test_an_arn_of_another_account_or_region_is_not_the_job_of_that_name_here(
    text: str, account: str, region: str, said: str
) -> None:
    assert not_meant(text, account, region) == said
