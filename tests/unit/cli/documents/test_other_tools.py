"""A text that no reader can read is named, with what to check instead."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from controller.cli.backtest_deadline.cases import traces_in
from controller.cli.documents import documents
from controller.cli.documents.other_tools import source_of_another_tool
from controller.cli.ledger_data.rows import rows_of
from controller.cli.output.errors import BadInput
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


def test_a_text_of_empty_lines_takes_linear_time() -> None:
    began_s = time.process_time()
    assert source_of_another_tool("a.txt", "\n" * 20_000 + "x") == ""
    assert time.process_time() - began_s < 2  # with quadratic time it takes 15 s


@pytest.mark.skipif(sys.platform == "win32", reason="it has no named pipes")
def test_a_named_pipe_among_the_files_is_named_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "a.json"
    os.mkfifo(pipe)
    [found] = documents(str(pipe))
    assert found.error == "found a named pipe, which is not read, wanted a file that can be read"
    for read in (traces_in, lambda folder: list(rows_of(folder))):
        with pytest.raises(BadInput, match=r"a\.json: found something that is not a regular file"):
            read(tmp_path)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="it has no streams as files")
def test_a_stream_with_the_name_of_a_file_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"TrainingJobName": "a"}')
    os.close(writing)
    [found] = documents(f"/dev/fd/{reading}")
    os.close(reading)
    assert "pipe" not in found.error
