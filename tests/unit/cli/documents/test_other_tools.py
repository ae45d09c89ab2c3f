"""A text that no reader reads is named, with what to check in its place."""

from __future__ import annotations

import time

import pytest

from controller.cli.documents.other_tools import source_of_another_tool
from tests.unit.cli.checking import Check


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("run.sh", "#!/bin/sh\naws --region us-east-1 sagemaker create-training-job --training-job-name a\n", "--cli-input-json"),
        ("jobs.txt", "-----\n|  ListTrainingJobs  |\n+----+\n", "--output json"),
        ("main.tf", 'resource "aws_sagemaker_training_job" "a" {\n  role_arn = var.role\n}\n', "terraform show -json plan"),
        ("app.ts", "import * as cdk from 'aws-cdk-lib';\nconst app = new cdk.App();\n", "cdk synth"),
        ("job.yaml", "TrainingJobName: {{ name }}\nRoleArn: r\n", "the document that the template makes"),
        (
            "rf.py",
            "from sagemaker.remote_function import remote\n@remote\ndef f(): pass\n",
            "remote of the SageMaker SDK is not read",
        ),
    ],
)
def test_it_says_what_to_check_instead(said_of: Check, name: str, text: str, wanted: str) -> None:
    said = said_of(text, name=name)
    assert said.code == 2
    assert wanted in said.job["error"]


def test_a_text_of_empty_lines_is_looked_at_once() -> None:
    began_s = time.process_time()
    assert source_of_another_tool("a.txt", "\n" * 20_000 + "x") == ""
    assert time.process_time() - began_s < 2  # each line with all that follow it: 15
