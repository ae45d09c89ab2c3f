"""Expressions of rules, with the real handlers and commands: they select the jobs that are stopped, and reveal no values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.cli import main
from tests.security.lab import lab, launch, log, request, run, status, texts

POLICY = """
version: 1
defaults: {mode: audit, channel: "#ml"}
rules:
  - name: isolated-only
    rule: max-runtime-limit
    when: default(EnableNetworkIsolation, false) == false and has(HyperParameters.token)
    options: {at_most: 1h}
    mode: enforce
    action: stop
    applies_to: running
"""
REQUEST = {
    "TrainingJobName": "bert", "RoleArn": "arn:aws:iam::111122223333:role/Train",
    "OutputDataConfig": {"S3OutputPath": "s3://out/"}, "StoppingCondition": {"MaxRuntimeInSeconds": 86_400},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "AlgorithmSpecification": {"TrainingImage": "111122223333.dkr.ecr.us-east-1.amazonaws.com/t:1", "TrainingInputMode": "File"},
}  # fmt: skip


def test_a_rule_stops_the_jobs_of_which_its_expression_is_true_and_tells_no_value() -> None:
    with lab(POLICY) as host:
        launch(host, {**request("open", "vision"), "HyperParameters": {"token": "s3cret-value"}})
        launch(host, {**request("isolated", "vision"), "HyperParameters": {"token": "x"}, "EnableNetworkIsolation": True})
        launch(host, {**request("without", "vision"), "HyperParameters": {}})
        run(host, minutes=30)
        assert status(host, "open") in ("Stopping", "Stopped")
        assert status(host, "isolated") == "InProgress"
        assert status(host, "without") == "InProgress"
        assert "s3cret-value" not in texts(host)
        assert "s3cret-value" not in log(host)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"HyperParameters": {"token": "x"}}, 1),
        ({"HyperParameters": {"token": "x"}, "EnableNetworkIsolation": True}, 0),
        ({}, 0),
        ({"HyperParameters": {"token": {"Fn::Sub": "${Token}"}}}, 4),
    ],
)
def test_check_asks_the_same_of_a_request(
    changes: dict[str, object], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(POLICY)
    (tmp_path / "job.json").write_text(json.dumps(REQUEST | changes))
    assert main(["check", str(tmp_path / "job.json"), "--policies", str(tmp_path)]) == code, capsys.readouterr()


def test_a_document_that_does_not_say_what_is_asked_leaves_the_rule_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(POLICY.replace("has(HyperParameters.token)", "TrainingJobStatus == 'InProgress'"))
    (tmp_path / "job.json").write_text(json.dumps(REQUEST))
    assert main(["check", str(tmp_path / "job.json"), "--policies", str(tmp_path), "--format", "json"]) == 3
    assert json.loads(capsys.readouterr().out)["undecided"] == ["isolated-only"]


def test_explain_names_the_expression_and_whether_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text(POLICY)
    (tmp_path / "job.json").write_text(json.dumps(REQUEST | {"HyperParameters": {"token": "s3cret-value"}}))
    main(["explain", str(tmp_path / "job.json"), "--policies", str(tmp_path)])
    out = capsys.readouterr().out
    assert (
        "when: wanted default(EnableNetworkIsolation, false) == false and has(HyperParameters.token), found true: matches" in out
    )
    assert "s3cret-value" not in out
