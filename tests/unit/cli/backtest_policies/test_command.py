"""What a policy folder would have done to recorded jobs, and how two folders differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main
from tests.unit.cli.backtest_policies.histories import line, policies, written

STOP = "rules: [{name: spot, rule: spot-required, mode: enforce, action: stop, options: {runtime_over: 1h}}]\n"
WARN = "rules: [{name: spot, rule: spot-required, mode: warn, options: {runtime_over: 1h}}]\n"
REPAIR = (
    "rules: [{name: spot, rule: spot-required, mode: enforce, action: repair, options: {runtime_over: 1h},"
    ' repair: {checkpoint: "s3://acme-ck/{team}/{job}/"}}]\n'
)
RATE_MICROS = 1_515_000  # the list price of ml.g5.2xlarge


def backtest(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = main(["backtest", "policies", *arguments, "--format", "json"])
    out, err = capsys.readouterr()
    return code, json.loads(out), err


def test_a_job_that_would_have_been_stopped_counts_for_its_team_and_rule_with_its_bill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = written(tmp_path, line("one"), line("two", team="speech"), line("three", spot=True))
    code, said, _ = backtest(capsys, policies(tmp_path, STOP), "--history", history)
    total = said["policies"][0]["total"]
    assert code == 1
    assert (total["jobs"], total["flagged"], total["stopped"], total["repaired"]) == (3, 2, 2, 0)
    assert total["unspent_micros"] == 2 * 10 * RATE_MICROS
    cells = {(cell["team"], cell["rule"]): cell for cell in said["policies"][0]["teams"]}
    assert cells["vision", "spot"]["stopped"] == cells["speech", "spot"]["stopped"] == 1
    assert cells["vision", None]["jobs"] == 2
    assert said["policies"][0]["rules"][0]["kind"] == "spot-required"


def test_a_repair_to_spot_saves_by_the_discount_of_the_same_pools_spot_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spot = [line(f"spot-{n}", spot=True) for n in range(5)]
    _, said, _ = backtest(capsys, policies(tmp_path, REPAIR), "--history", written(tmp_path, line("one"), *spot))
    total = said["policies"][0]["total"]
    assert (total["repaired"], total["delayed"], total["delayed_s"]) == (1, 1, 600)
    assert total["saved_micros"] == 10 * RATE_MICROS * 3 // 4
    _, said, _ = backtest(capsys, policies(tmp_path, REPAIR), "--history", written(tmp_path, line("one"), *spot[:4]))
    total = said["policies"][0]["total"]
    assert (total["saved_micros"], total["unestimated"]) == (0, 1)


def test_a_repair_that_adds_checkpoints_saves_the_training_that_was_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = (
        "rules: [{name: save, rule: checkpoint-required, mode: enforce, action: repair,"
        ' repair: {checkpoint: "s3://acme-ck/{team}/{job}/"}}]\n'
    )
    spans = [("08:10:00", "12:10:00"), ("12:10:00", "18:10:00")]
    trained = [{"Status": "Training", "StartTime": f"2026-11-16T{a}+00:00", "EndTime": f"2026-11-16T{b}+00:00"} for a, b in spans]
    history = written(tmp_path, line("one", spot=True, SecondaryStatusTransitions=trained))
    _, said, _ = backtest(capsys, policies(tmp_path, rules), "--history", history)
    total = said["policies"][0]["total"]
    assert total["repaired"] == 1
    assert total["saved_micros"] == 9_000 * RATE_MICROS // 3600 * 4 // 10


def test_jobs_of_other_services_and_later_attempts_are_flagged_and_never_acted_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tuned = line("child", TuningJobArn="arn:aws:sagemaker:us-east-1:111122223333:hyper-parameter-tuning-job/t")
    later = line("again", Tags=[{"Key": "spotwarden:attempt", "Value": "2"}])
    _, said, _ = backtest(capsys, policies(tmp_path, STOP), "--history", written(tmp_path, tuned, later))
    total = said["policies"][0]["total"]
    assert (total["flagged"], total["stopped"]) == (2, 0)


def test_a_resubmit_block_counts_the_jobs_that_would_be_submitted_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = "resubmit: [{name: again, mode: enforce, causes: {internal: {limit: 1, backoff: {first: 10m}}}}]\n"
    failed = {
        "TrainingJobStatus": "Failed",
        "SecondaryStatus": "Failed",
        "FailureReason": "InternalServerError: please try again",
    }
    code, said, _ = backtest(
        capsys, policies(tmp_path, rules), "--history", written(tmp_path, line("one", **failed), line("two"))
    )
    total = said["policies"][0]["total"]
    assert (code, total["resubmitted"], total["delayed_s"], total["flagged"]) == (0, 1, 600, 0)


def test_two_folders_differ_by_what_happens_to_each_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = written(tmp_path, *(line(f"job-{n}") for n in range(7)), line("spot", spot=True))
    new, old = policies(tmp_path, STOP, "new"), policies(tmp_path, WARN, "old")
    _, said, _ = backtest(capsys, new, "--against", old, "--history", history)
    (difference,) = said["differences"]
    assert (difference["before"], difference["after"], difference["jobs"]) == ("warned", "stopped", 7)
    assert difference["examples"] == [f"job-{n}" for n in range(5)]
    _, said, _ = backtest(capsys, new, "--against", new, "--history", history)
    assert said["differences"] == []


def test_a_bad_line_is_named_the_others_count_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = written(tmp_path, line("one"), "garbage", line("two"), line("two"))
    code, said, err = backtest(capsys, policies(tmp_path, STOP), "--history", history)
    assert code == 2
    assert f"{history}: line 2: found no JSON" in err
    assert (said["history"]["jobs"], said["history"]["repeated"], said["history"]["bad_lines"]) == (2, 1, 1)
    assert said["history"]["bad"][0]["line"] == 2


@pytest.mark.parametrize(
    ("rules", "changes", "code"),
    [
        (STOP, {"EnableManagedSpotTraining": True}, 0),
        (WARN, {}, 1),
        (
            "rules: [{name: alone, rule: checkpoint-exclusive}]\n",
            {"EnableManagedSpotTraining": True, "CheckpointConfig": {"S3Uri": "s3://b/p/"}},
            3,
        ),
    ],
)
def test_the_exit_codes_are_those_of_check(
    rules: str, changes: dict[str, Any], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "job.json").write_text(line("one", **changes, TrainingJobStatus="InProgress", SecondaryStatus="Starting"))
    folder = policies(tmp_path, rules)
    assert backtest(capsys, folder, "--history", written(tmp_path, line("one", **changes)))[0] == code
    assert main(["check", str(tmp_path / "job.json"), "--policies", folder]) == code


def test_a_history_without_a_job_is_bad_input_and_not_a_clean_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = written(tmp_path)
    assert main(["backtest", "policies", policies(tmp_path, STOP), "--history", history]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "found no job, wanted a line for each job" in err


def test_the_text_of_a_tag_is_never_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "a|b`@channel`\n\x1b[31m\ud800[x](http://evil)"
    history = written(tmp_path, line("one", team=evil))
    assert main(["backtest", "policies", policies(tmp_path, STOP), "--history", history, "--format", "markdown"]) == 1
    out = capsys.readouterr().out
    (row,) = [row for row in out.splitlines() if "channel" in row]
    assert row.startswith("| `a¦b'@channel' [31m[x](http://evil)` |")
    assert "\x1b" not in out


def test_a_mistake_in_a_policy_is_printed_and_no_history_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = policies(tmp_path, "rules: [{name: spot, rule: spot-requird}]\n")
    assert main(["backtest", "policies", folder, "--history", written(tmp_path, line())]) == 2
    assert "spot-required" in capsys.readouterr().err


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_the_result_for_people_has_every_team_rule_and_difference(
    format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = written(tmp_path, line("one"), line("two", team="speech"), line("three", team=""))
    new, old = policies(tmp_path, STOP, "new"), policies(tmp_path, WARN, "old")
    assert main(["backtest", "policies", new, "--against", old, "--history", history, "--format", format_]) == 1
    out = capsys.readouterr().out
    for text in ("3 jobs, created 2026-11-16 to 2026-11-16", "vision", "speech", "(no team)", "spot-required", "$15.15", "one"):
        assert text in out, text
