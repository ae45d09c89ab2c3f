"""``spotwarden check`` checks documents of every kind and form, and also reports those that it cannot read."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.aws.packaged_policy import packaged_document
from controller.cli import main

OBJECT_DETECTION = "811284229777.dkr.ecr.us-east-1.amazonaws.com/object-detection:1"
PYTORCH = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1"

# The job of AWS's launch post: built-in object detection, checkpoints in S3, a MaxWait of 48 hours.
LAUNCH_POST: dict[str, Any] = {
    "TrainingJobName": "launch-post",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/launch-post",
    "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed",
    "RoleArn": "arn:aws:iam::111122223333:role/Train",
    "AlgorithmSpecification": {"TrainingImage": OBJECT_DETECTION, "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
    "StoppingCondition": {"MaxRuntimeInSeconds": 172_800, "MaxWaitTimeInSeconds": 172_800},
    "EnableManagedSpotTraining": True,
    "CheckpointConfig": {"S3Uri": "s3://acme-ckpt/od/"},
    "CreationTime": "2019-08-27T09:00:00Z",
    "TrainingTimeInSeconds": 2423,
    "BillableTimeInSeconds": 837,
}
CREATE: dict[str, Any] = {
    "TrainingJobName": "bert",
    "RoleArn": "arn:aws:iam::111122223333:role/Train",
    "AlgorithmSpecification": {"TrainingImage": PYTORCH, "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://acme-ml/out"},
    "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
    "StoppingCondition": {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 7200},
    "EnableManagedSpotTraining": True,
}
EVENT: dict[str, Any] = {
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Training Job State Change",
    "account": "111122223333",
    "region": "us-east-1",
    "detail": {
        "TrainingJobName": "gpt", "TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting",
        "AlgorithmSpecification": {"TrainingImage": PYTORCH}, "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
        "CreationTime": "1772442000000", "Tags": {},
    },
}  # fmt: skip
STRICT = """\
version: 1
rules:
  - {name: spot-first, rule: spot-required, mode: enforce, action: stop, severity: high}
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without ./policies, so that the packaged policies are used."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def check(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Write a file, check it, and return the exit code, the JSON objects and standard error."""

    def run(text: Any, *more: str, name: str = "job.json") -> tuple[int, list[dict[str, Any]], str]:
        (elsewhere / name).write_text(text if isinstance(text, str) else json.dumps(text), "utf-8")
        code = main(["check", name, "--format", "json", *more])
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return run


def test_the_job_of_the_launch_post_has_no_finding(check: Any) -> None:
    code, found, err = check(LAUNCH_POST)
    assert (code, err) == (0, "")
    assert found == [
        {
            "file": "job.json", "path": "", "line": 1, "kind": "DescribeTrainingJob response", "job": "launch-post",
            "owner": None, "owner_proved": False,
            "algorithm": {
                "class": "built-in", "name": "object-detection",
                "why": "SageMaker's built-in object-detection can checkpoint (SageMaker guide, model-checkpoints)",
            },
            "verdict": "allow", "findings": [], "undecided": [], "later": {}, "fix": {"request": {}, "sdk": {}}, "error": None,
            "policies": "packaged",
        }
    ]  # fmt: skip


def test_a_finding_says_what_was_seen_what_is_wanted_and_the_exact_change(check: Any) -> None:
    code, found, _ = check(CREATE)
    assert code == 1
    assert (found[0]["job"], found[0]["verdict"], found[0]["undecided"]) == ("bert", "findings", [])
    assert found[0]["findings"] == [
        {
            "rule": "checkpoint-required",
            "policy": "save-long-work",
            "severity": "medium",
            "mode": "warn",
            "field": "CheckpointConfig.S3Uri",
            "found": "not set",
            "wanted": "an S3 prefix: without checkpoints, an interruption loses up to 2 h of training",
            "fix": {
                "request": {"CheckpointConfig": {"S3Uri": "s3://acme-ml/checkpoints/bert/"}},
                "sdk": {"checkpoint_s3_uri": "s3://acme-ml/checkpoints/bert/"},
            },
        }
    ]


def test_a_rule_that_needs_more_than_an_event_contains_is_undecided(check: Any) -> None:
    code, found, _ = check(EVENT)
    assert (code, found[0]["job"], found[0]["verdict"], found[0]["findings"]) == (3, "gpt", "undecided", [])
    assert found[0]["undecided"] == ["save-long-work", "wait-limit", "spot-for-long-jobs"]


def test_an_undescribed_algorithm_name_counts_as_marketplace_with_a_note(check: Any) -> None:
    code, found, _ = check({**CREATE, "AlgorithmSpecification": {"AlgorithmName": "theirs", "TrainingInputMode": "File"}})
    refused, finding = found[0]["findings"]
    assert (code, refused["severity"], finding["rule"]) == (4, "refused", "uncheckpointed-cap")
    assert "no answer of DescribeAlgorithm, so this AlgorithmName counts as a Marketplace algorithm" in finding["wanted"]


DESCRIBED = {"TrainingJobArn": "arn:aws:sagemaker:us-east-1:1:training-job/b", "TrainingJobStatus": "InProgress"}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "stop"),
        ({"TrainingJobArn": "arn:aws:sagemaker:us-east-1:1:training-job/b", "TrainingJobStatus": "InProgress"}, "stop"),
        ({"TrainingJobArn": "arn:aws:sagemaker:us-east-1:1:training-job/b", "TrainingJobStatus": "Completed"}, "findings"),
        ({"TrainingJobName": "AWSBatchbert"}, "stop"),
        ({"Tags": [{"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}]}, "stop"),
    ],
)
def test_only_live_jobs_without_a_proven_owner_are_to_be_stopped(
    check: Any, elsewhere: Path, changes: dict[str, Any], verdict: str
) -> None:
    (elsewhere / "strict").mkdir()
    (elsewhere / "strict" / "a.yaml").write_text(STRICT)
    code, found, _ = check(
        {**CREATE, "EnableManagedSpotTraining": False, "StoppingCondition": {"MaxRuntimeInSeconds": 7200}, **changes},
        "--policies",
        "strict",
    )
    assert (code, found[0]["verdict"]) == (1, verdict)


def test_a_local_policies_folder_is_used_before_the_packaged_policies(check: Any, elsewhere: Path) -> None:
    assert check(CREATE)[0] == 1
    (elsewhere / "policies").mkdir()
    (elsewhere / "policies" / "a.yaml").write_text(STRICT)
    assert check({**CREATE, "CheckpointConfig": None})[0] == 4
    assert check(CREATE)[0] == 0


PRETTY = json.dumps(CREATE, indent=2)


@pytest.mark.parametrize(
    ("name", "text", "jobs"),
    [
        ("list.json", [CREATE, LAUNCH_POST], ["bert", "launch-post"]),
        ("lines.jsonl", f"{json.dumps(CREATE)}\n\n{json.dumps(LAUNCH_POST)}\n", ["bert", "launch-post"]),
        ("pretty.json", f"\n{PRETTY}\n{PRETTY}\n", ["bert", "bert"]),
        ("stream.yaml", "---\nTrainingJobName: a\nRoleArn: r\n---\nTrainingJobName: b\nRoleArn: r\n---\n", ["a", "b"]),
        ("json.yaml", f"{PRETTY}\n---\n{json.dumps(LAUNCH_POST)}\n", ["bert", "launch-post"]),
        ("list.yaml", "- {TrainingJobName: a, RoleArn: r}\n- {TrainingJobName: b, RoleArn: r}\n", ["a", "b"]),
        ("flow.yaml", "{TrainingJobName: a, RoleArn: r}\n", ["a"]),
        ("bom.json", "\ufeff" + json.dumps(CREATE), ["bert"]),
        ("dated.yaml", "TrainingJobName: a\nTrainingJobStatus: InProgress\nCreationTime: 2026-03-02\n", ["a"]),
    ],
)
def test_a_file_holds_one_document_a_list_json_lines_or_a_yaml_stream(check: Any, name: str, text: Any, jobs: list[str]) -> None:
    _, found, err = check(text, name=name)
    assert ([line["job"] for line in found], err) == (jobs, "")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(LAUNCH_POST)))
    assert main(["check", "-"]) == 0
    assert "launch-post  (standard input)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "job.json: found an empty file or list, wanted a job document"),
        ("[]", "job.json: found an empty file or list, wanted a job document"),
        ("{", "job.json: line 1: found text that is not JSON (Expecting property name"),
        ("a: [", "job.json: line 1: found text that is not YAML (expected the node content"),
        ("just words", "job.json: found 'just words', wanted a job document: an object with named members"),
        (
            {"Resources": {}},
            "job.json (line 1): found an object of Resources, wanted a DescribeTrainingJob response (TrainingJobArn,",
        ),
        (
            {**EVENT, "detail": {}},
            "job.json (line 1): an event without a job name: detail.TrainingJobName is absent, wanted the name",
        ),
        ({**EVENT, "source": "aws.ec2"}, "job.json (line 1): an event whose source is 'aws.ec2', wanted 'aws.sagemaker'"),
        (
            {**LAUNCH_POST, "EnableManagedSpotTraining": "yes"},
            "job.json (line 1): EnableManagedSpotTraining is 'yes', wanted true or false",
        ),
        ("[" * 100_000, "job.json: found values nested too deeply, wanted a job document"),
    ],
    ids=range(10),
)
def test_bad_input_is_reported_with_its_place_and_exit_code_two(check: Any, text: Any, said: str) -> None:
    code, found, err = check(text)
    assert (code, [line["verdict"] for line in found]) == (2, [None])
    assert err.startswith(said)
    assert found[0]["error"]


def test_unreadable_files_are_reported(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "bytes.json").write_bytes(b"\xff\xfe")
    assert main(["check", "none.json", "bytes.json", "."]) == 2
    missing, bytes_, folder = capsys.readouterr().err.splitlines()
    assert missing == "none.json: found No such file or directory, wanted a file that can be read"
    assert bytes_ == "bytes.json: found bytes that are not UTF-8 (but UTF-16: save the file as UTF-8), wanted text"
    assert folder == ".: found a folder, wanted its files: spotwarden check ./*"


def test_bad_input_decides_the_exit_code_and_the_other_documents_are_still_checked(check: Any) -> None:
    lines = [json.dumps(CREATE), '{"broken": tru}', json.dumps(LAUNCH_POST), json.dumps({"a": 1})]
    code, found, err = check("\n".join(lines))
    assert (code, [line["job"] for line in found]) == (2, ["bert", None, "launch-post", None])
    broken, unknown = err.splitlines()
    assert broken.startswith("job.json[1]: line 2: found text that is not JSON")
    assert unknown.startswith("job.json[3] (line 4): found an object of a, wanted a DescribeTrainingJob response")


def test_a_wrong_policy_is_bad_input_with_all_its_problems(check: Any, elsewhere: Path) -> None:
    (elsewhere / "wrong").mkdir()
    (elsewhere / "wrong" / "a.yaml").write_text("version: 1\nrulez: []\n")
    code, found, err = check(CREATE, "--policies", "wrong")
    assert (code, found) == (2, [])
    assert "wrong/a.yaml:2:1: rulez: found unknown key 'rulez'" in err
    wanted = "wanted a folder of policy files; spotwarden init creates one"
    assert check(CREATE, "--policies", "nowhere")[2] == f"nowhere:1:1: found nothing, {wanted}\n"


def test_the_text_names_each_finding_with_its_fix(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "jobs.json").write_text(json.dumps([CREATE, LAUNCH_POST, EVENT]))
    assert main(["check", "jobs.json"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "findings   bert  (jobs.json: [0] (line 1); CreateTrainingJob request)\n"
        "       save-long-work (checkpoint-required, warn, medium)\n"
        "         CheckpointConfig.S3Uri is not set; wanted: an S3 prefix: without checkpoints, an interruption loses up to 2 h"
        " of training\n"
        "       the fix\n"
        "         that is             S3Uri s3://acme-ml/checkpoints/bert/\n"
        '         in the request      {"CheckpointConfig": {"S3Uri": "s3://acme-ml/checkpoints/bert/"}}\n'
        "         with the AWS CLI    --checkpoint-config S3Uri=s3://acme-ml/checkpoints/bert/\n"
        "         in SDK v2           Estimator(checkpoint_s3_uri='s3://acme-ml/checkpoints/bert/')\n"
        "         in SDK v3           ModelTrainer(checkpoint_config=CheckpointConfig(s3_uri='s3://acme-ml/checkpoints/bert/'))\n"
        '         in Terraform        checkpoint_config { s3_uri = "s3://acme-ml/checkpoints/bert/" }\n'
        "         the script          must save to /opt/ml/checkpoints and resume from it: SageMaker only copies that folder to"
        " and from S3\n"
    )
    assert '           PyTorch Lightning trainer.fit(model, ckpt_path="last")' in said
    assert said.endswith(
        "allow      launch-post  (jobs.json: [1] (line 1); DescribeTrainingJob response)\n"
        "undecided  gpt  (jobs.json: [2] (line 1); EventBridge event)\n"
        "       undecided, because the EventBridge event lacks values that these rules need: save-long-work, wait-limit,"
        " spot-for-long-jobs\n"
        "         --live asks SageMaker\n"
        "\n"
        "3 jobs: 1 allowed, 1 undecided, 1 with findings\n"
        f"policies: packaged (revision {packaged_document()['revision']})\n"
    )


def test_other_people_s_text_cannot_style_or_control_a_terminal(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "job.json").write_text(json.dumps({**LAUNCH_POST, "TrainingJobName": "[red]x\x1b[2J\n"}))
    assert main(["check", "job.json"]) == 0
    said = "allow      [red]x\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}  (job.json)\n"
    assert capsys.readouterr().out.startswith(f"{said}policies: packaged (revision ")
    (elsewhere / "a\x1b[2J.json").write_text("{")
    assert main(["check", "a\x1b[2J.json"]) == 2
    assert "\x1b" not in capsys.readouterr().err


DESCRIBED: dict[str, Any] = {
    "TrainingJobName": "bert",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:111122223333:training-job/bert",
    "TrainingJobStatus": "InProgress",
    "SecondaryStatus": "Training",
    "CreationTime": 1796000000,
    "TrainingStartTime": 1796000100,
    "AlgorithmSpecification": {
        "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-gpu-py310",
        "TrainingInputMode": "File",
    },
    "RoleArn": "arn:aws:iam::111122223333:role/Train",
    "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 50},
    "EnableManagedSpotTraining": True,
    "CheckpointConfig": {"S3Uri": "s3://b/c/bert/"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 36000, "MaxWaitTimeInSeconds": 72000},
    "SecondaryStatusTransitions": [{"Status": "Training", "StartTime": 1796000200}],
}

WAIVED = """\
version: 1
rules: [{name: spot-first, rule: spot-required, mode: enforce, action: stop}]
waivers: [{name: old, rule: spot-first, match: {role: Train}, reason: no time, owner: alice, ticket: ML-9, expires: %s}]
"""


@pytest.mark.parametrize(("in_days", "code", "word"), [(3, 0, "allow"), (-3, 1, "stop"), (300, 1, "stop")])
def test_check_shows_a_waiver_and_why_one_does_not_count(
    in_days: int, code: int, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expires = (datetime.now(UTC) + timedelta(days=in_days)).date().isoformat()
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.yaml").write_text(WAIVED % expires)
    on_demand = {**CREATE, "EnableManagedSpotTraining": False, "StoppingCondition": {"MaxRuntimeInSeconds": 7200}}
    (tmp_path / "job.json").write_text(json.dumps(on_demand))
    arguments = ["check", str(tmp_path / "job.json"), "--policies", str(tmp_path / "policies")]
    assert main(arguments) == code
    text = capsys.readouterr().out
    assert main([*arguments, "--format", "json"]) == code
    said = json.loads(capsys.readouterr().out)
    (finding,) = said["findings"]
    assert (said["verdict"], finding["policy"]) == (word, "spot-first")
    if in_days == 3:
        assert (finding["waiver"]["name"], finding["waiver"]["ticket"]) == ("old", "ML-9")
        assert "by old: no time (ML-9, alice)" in text
    else:
        assert "waiver" not in finding
        assert ("has expired" if in_days < 0 else "later than the policy allows") in finding["lapsed"]
        assert finding["lapsed"] in text


ALIVE = "{name: really-written, rule: checkpoint-alive, mode: warn}"
TAGGED = "{name: who-pays, rule: tags-required, options: {tags: [team]}}"
OF_A_TEAM = "{name: spot-first, rule: spot-required, match: {tags: {team: vision}}}"


@pytest.mark.parametrize(
    ("rules", "document", "said", "not_said"),
    [
        (ALIVE, DESCRIBED, ["into S3: really-written"], ["--tags", "--live", "does not say"]),
        (TAGGED, DESCRIBED, ["need: who-pays", "--tags KEY=VALUE supplies tags"], ["into S3", "--live"]),
        (f"{ALIVE}, {TAGGED}", DESCRIBED, ["into S3: really-written", "need: who-pays", "--tags"], ["--live"]),
        (OF_A_TEAM, DESCRIBED, [], ["--tags", "undecided"]),
        (OF_A_TEAM, {**DESCRIBED, "EnableManagedSpotTraining": False}, ["need: spot-first", "--tags"], ["--live"]),
    ],
)
def test_what_is_undecided_names_what_would_decide_it_and_nothing_else(
    elsewhere: Path,
    capsys: pytest.CaptureFixture[str],
    rules: str,
    document: dict[str, Any],
    said: list[str],
    not_said: list[str],
) -> None:
    (elsewhere / "rules").mkdir()
    (elsewhere / "rules" / "a.yaml").write_text(f"version: 1\nrules: [{rules}]\n")
    (elsewhere / "job.json").write_text(json.dumps(document, default=str))
    main(["check", "job.json", "--policies", "rules"])
    out = capsys.readouterr().out
    assert [text for text in said if text not in out] == []
    assert [text for text in not_said if text in out] == []
