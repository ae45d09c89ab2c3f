"""``spotwarden test``: what a case may contain, what is compared, what no case reaches, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from controller.cli import main

POLICY = """
version: 1
labels: {team: squad, team_of_role: {vision-role: vision}}
rules:
  - {name: save-work, rule: checkpoint-required, mode: enforce, action: repair, repair: {checkpoint: "s3://acme/{family}/{job}/"}}
  - {name: vision-on-spot, rule: spot-required, mode: enforce, action: stop, match: {tags: {team: vision}}}
  - {name: one-prefix-each, rule: checkpoint-exclusive, mode: enforce, action: stop}
  - {name: really-written, rule: checkpoint-alive, mode: warn}
resubmit:
  - {name: again, mode: enforce, causes: {starved: {limit: 3}}}
"""
SAVED = 'spot: true, runtime: 24h, wait: 30h, checkpoint: "s3://acme/x/"'
EVERY_PART = f"""
  - name: repaired
    job: {{spot: true, runtime: 24h, wait: 30h}}
    expect: {{verdict: stop, findings: [{{policy: save-work, field: CheckpointConfig.S3Uri, found: not set}}], action: repair}}
  - name: stopped
    job: {{runtime: 24h, role: vision-role}}
    expect: {{verdict: stop, findings: [vision-on-spot], action: stop}}
  - name: the prefix of another job
    job: {{{SAVED}}}
    history: {{others: [{{name: other, checkpoint: "s3://acme/x"}}]}}
    expect: {{verdict: stop, findings: [one-prefix-each], action: stop}}
  - name: nothing written
    job: {{{SAVED}}}
    history: {{trained: 2h, checkpoint: none}}
    expect: {{verdict: findings, findings: [really-written]}}
  - name: starved
    job: {{{SAVED}, outcome: starved}}
    history: {{trained: 2h, checkpoint: 10m}}
    expect: {{verdict: allow, action: resubmit}}
"""

CheckOutput = tuple[int, str, str]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., CheckOutput]:
    """Run these cases under the policy above. Returns exit code, output and errors, without the folder in paths."""

    def say(cases: str, *options: str, policy: str = POLICY) -> CheckOutput:
        (tmp_path / "team.yaml").write_text(policy, "utf-8")
        (tmp_path / "team.test.yaml").write_text(f"version: 1\ncases:{cases}", "utf-8")
        code = main(["test", str(tmp_path), *options])
        out, err = capsys.readouterr()
        return code, out.replace(f"{tmp_path}/", ""), err.replace(f"{tmp_path}/", "")

    return say


def one(job: str, expect: str, **more: str) -> str:
    extra = "".join(f"\n    {key}: {value}" for key, value in more.items())
    return f"\n  - name: one\n    job: {job}{extra}\n    expect: {expect}\n"


def test_correct_cases_pass_and_full_coverage_is_printed(run: Callable[..., CheckOutput]) -> None:
    assert run(EVERY_PART, "--coverage") == (
        0,
        "5 cases: 5 passed, 0 failed\ncoverage: 5 of 5 rules, waivers and resubmit blocks\n",
        "",
    )


def test_coverage_names_what_no_case_reaches_and_fails(run: Callable[..., CheckOutput]) -> None:
    few = EVERY_PART[: EVERY_PART.index("  - name: nothing written")]
    code, out, _ = run(few, "--coverage")
    assert code == 1
    assert "not reached by any case: rule really-written\nnot reached by any case: resubmit again\n" in out
    assert run(few)[0] == 0


@pytest.mark.parametrize(
    ("job", "expect", "difference"),
    [
        ("{runtime: 24h}", "{verdict: findings}", "verdict: expected findings, found allow"),
        ("{spot: true, runtime: 24h, wait: 30h}", "{verdict: stop, action: repair}", "found save-work (CheckpointConfig.S3Uri"),
        ("{runtime: 24h}", "{verdict: allow, findings: [save-work]}", "expected save-work, which the job does not break"),
        (
            "{spot: true, runtime: 24h, wait: 30h}",
            "{verdict: stop, findings: [save-work], action: stop}",
            "action: expected stop, found repair",
        ),
        (
            "{spot: true, runtime: 24h, wait: 30h}",
            "{verdict: stop, findings: [{policy: save-work, mode: warn}], action: repair}",
            "findings: save-work: mode: expected warn, found enforce",
        ),
        (
            "{spot: true, runtime: 24h, wait: 30h}",
            "{verdict: stop, findings: [{policy: save-work, found: s3}], action: repair}",
            "findings: save-work: found: expected text with 's3', found 'not set'",
        ),
        ("{runtime: 24h}", "{verdict: allow, undecided: [save-work]}", "undecided: expected save-work, found none"),
        ("{spot: true, runtime: 2h}", "{verdict: allow}", "refused: StoppingCondition.MaxWaitTimeInSeconds is not set; wanted: "),
    ],
)
def test_a_failed_case_prints_its_differences(run: Callable[..., CheckOutput], job: str, expect: str, difference: str) -> None:
    code, out, _ = run(one(job, expect))
    assert code == 1
    assert "failed  one  (team.test.yaml:3)" in out
    assert difference in out


@pytest.mark.parametrize(
    ("case", "problem"),
    [
        (
            one("{runtime: 1h}", "{verdict: findings, findings: [save-wrk]}"),
            "team.test.yaml:5:44: cases[0].expect.findings[0].policy: found the unknown rule 'save-wrk', wanted one of save",
        ),
        (one("{runtime: 1h}", "{verdict: findings, findings: [save-wrk]}"), "(did you mean 'save-work'?)"),
        (
            one("{runtime: 1h}", "{verdict: findings, findings: [{rule: chekpoint-required}]}"),
            "(did you mean 'checkpoint-required'?)",
        ),
        (
            one("{runtime: 1h}", "{verdict: findings, findings: [{policy: save-work, field: CheckpointConfig.S3Url}]}"),
            "found the unknown field 'CheckpointConfig.S3Url', wanted a member of a training job, such as"
            " CheckpointConfig.S3Uri (did you mean 'CheckpointConfig.S3Uri'?)",
        ),
        (
            one("{runtime: 1h}", "{verdict: refused, refused: [StopingCondition.MaxWaitTimeInSeconds]}"),
            "(did you mean 'StoppingCondition.MaxWaitTimeInSeconds'?)",
        ),
        (one("{runtime: 1h}", "{verdict: undecided, undecided: [save-worl]}"), "cases[0].expect.undecided[0]: found the unknown"),
        (
            one("{runtime: 1h}", "{verdict: findings, findings: [{policy: save-work, rule: spot-required}]}"),
            "found 'spot-required', wanted checkpoint-required, the kind of save-work",
        ),
        (one("{sport: true}", "{verdict: allow}"), "team.test.yaml:4:11: cases[0].job.sport: found unknown key 'sport', wanted"),
        (one("{runtime: 24}", "{verdict: allow}"), "cases[0].job.runtime: found 24, wanted a duration such as 90s, 15m, 48h"),
        (one("{runtime: 1h}", "{verdict: alow}"), "found 'alow', wanted one of allow, undecided, findings, stop, refused (did"),
        (
            one("{runtime: 1h}", "{verdict: allow}", at="2026-11-20T18:00:00"),
            "cases[0].at: found 2026-11-20T18:00:00, wanted a time with its zone",
        ),
        (one("{runtime: 1h}", "{verdict: allow}", at="soon"), "found 'soon', wanted a time with its zone, such as 2026-11-20T18"),
        (one("{runtime: 1h}", "{}"), "cases[0].expect: found no key 'verdict', wanted verdict: and its value"),
        (
            one("none.json", "{verdict: allow}"),
            "team.test.yaml:4:10: cases[0].job: found no file 'none.json', wanted the path of a document",
        ),
        (one("{runtime: 1h}", "{verdict: allow}") * 2, "cases[1].name: found the name 'one' a second time, wanted a unique name"),
        (" []", "cases: found an empty list, wanted at least one entry"),
    ],
)
def test_a_mistake_in_a_case_is_reported_with_its_place_and_no_case_runs(
    run: Callable[..., CheckOutput], case: str, problem: str
) -> None:
    code, out, err = run(case)
    assert (code, out) == (2, "")
    assert problem in err


def test_mistakes_of_every_kind_are_reported_together(run: Callable[..., CheckOutput]) -> None:
    code, _, err = run("""
  - {name: one, job: {runtime: 24 h, spott: true}, expect: {verdict: alow, findings: [vision-on-spt], action: halt}}
  - {name: two, job: {runtime: 24h}, expect: {verdict: findings, findings: [{rule: spot-requird, field: CheckpointConfig.S3Ur}]}}
  - {name: three, job: {runtime: 24h}, expct: {verdict: allow}}
  - {name: two, job: none.json, expect: {verdict: undecided, undecided: [sav-work], waiver: [w]}}
  - nothing
""")
    assert code == 2
    wanted = (
        "24 h", "spott", "alow", "vision-on-spt", "halt", "spot-requird", "S3Ur", "expct", "'two' a second", "none.json",
        "sav-work", "'w'", "nothing",
    )  # fmt: skip
    assert [word for word in wanted if word not in err] == []
    assert err.count("team.test.yaml:") >= len(wanted)


def test_mistakes_in_a_policy_and_in_a_case_are_reported_together(run: Callable[..., CheckOutput]) -> None:
    code, _, err = run(one("{sport: true}", "{verdict: allow}"), policy="version: 1\nrules: [{name: a, rule: spot-requird}]\n")
    assert code == 2
    assert "did you mean 'spot'?" in err
    assert "did you mean 'spot-required'?" in err


def test_a_document_is_a_file_beside_the_cases_or_written_out(run: Callable[..., CheckOutput], tmp_path: Path) -> None:
    described: dict[str, Any] = {
        "TrainingJobArn": "arn:aws:sagemaker:eu-west-1:111122223333:training-job/bert",
        "TrainingJobName": "bert",
        "TrainingJobStatus": "InProgress",
        "RoleArn": "arn:aws:iam::111122223333:role/train",
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400, "MaxWaitTimeInSeconds": 90000},
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        "AlgorithmSpecification": {"TrainingImage": "x.example/y"},
        "CreationTime": "2026-01-01T11:00:00Z",
        "Tags": [],
    }
    (tmp_path / "bert.json").write_text(json.dumps(described), "utf-8")
    expect = "{verdict: stop, findings: [save-work], action: repair}"
    assert run(one("bert.json", expect)) == (0, "1 case: 1 passed, 0 failed\n", "")
    assert run(one(json.dumps(described), expect)) == (0, "1 case: 1 passed, 0 failed\n", "")


def test_a_job_has_the_team_of_its_role_as_the_controller_sees_it(run: Callable[..., CheckOutput]) -> None:
    expect = "{verdict: stop, findings: [vision-on-spot], action: stop}"
    assert run(one("{runtime: 24h, role: vision-role}", expect))[0] == 0


def test_results_are_json_lines_or_junit_xml_too(run: Callable[..., CheckOutput], tmp_path: Path) -> None:
    case = one("{runtime: 1h}", "{verdict: findings}").replace("name: one", 'name: "a <b> & \\u0001"')
    code, out, _ = run(case, "--format", "json", "--coverage", "--junit", str(tmp_path / "out.xml"))
    first, last = (json.loads(line) for line in out.splitlines())
    assert (code, first["passed"], first["line"], first["case"]) == (1, False, 3, "a <b> & \u0001")
    assert first["differences"] == ["verdict: expected findings, found allow"]
    assert {"kind": "resubmit", "name": "again"} in last["not_reached"]
    written = ET.parse(tmp_path / "out.xml").getroot()  # noqa: S314 - our own file
    suites = {suite.get("name", "").rpartition("/")[2]: (suite.get("tests"), suite.get("failures")) for suite in written}
    assert suites == {"team.test.yaml": ("1", "1"), "coverage": ("5", "5")}
    failure = written.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.text == "verdict: expected findings, found allow"
    code, out, _ = run(case, "--format", "junit")
    assert (code, ET.fromstring(out).tag) == (1, "testsuites")  # noqa: S314 - our own text


def test_a_folder_without_cases_or_without_policies_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(tmp_path / "none")]) == 2
    (tmp_path / "a.yaml").write_text(POLICY)
    assert main(["test", str(tmp_path)]) == 2
    assert "found no case file, wanted files named *.test.yaml" in capsys.readouterr().err
    (tmp_path / "a.yaml").rename(tmp_path / "a.test.yaml")
    assert main(["test", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "found no policy file" in err
    assert "found unknown key 'rules', wanted one of cases, version" in err


def test_the_shipped_policies_keep_their_cases_and_each_rule_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "policies", "--coverage"]) == 0
    assert "coverage: 4 of 4" in capsys.readouterr().out


WAIVERS = """
version: 1
rules:
  - {name: on-spot, rule: spot-required, mode: enforce, action: stop}
waivers:
  - {name: old, rule: on-spot, match: {role: legacy}, reason: no time, owner: alice, ticket: ML-9, expires: 2026-01-10}
"""


@pytest.mark.parametrize(
    ("job", "at", "expect"),
    [
        ("{role: legacy}", "2026-01-02T00:00:00Z", "{verdict: allow, findings: [on-spot], waiver: old}"),
        ("{role: legacy}", "2026-01-02T00:00:00Z", "{verdict: allow, findings: [{policy: on-spot, waiver: old, mode: audit}]}"),
        ("{role: legacy}", "2026-01-11T00:00:00Z", "{verdict: stop, findings: [on-spot], action: stop}"),
        ("{role: legacy}", "2025-12-01T00:00:00Z", "{verdict: stop, findings: [on-spot], action: stop}"),
        ("{role: other}", "2026-01-02T00:00:00Z", "{verdict: stop, findings: [on-spot], action: stop}"),
    ],
)
def test_a_case_says_which_waiver_counts_at_its_time(run: Callable[..., CheckOutput], job: str, at: str, expect: str) -> None:
    assert run(one(job, expect, at=at), policy=WAIVERS) == (0, "1 case: 1 passed, 0 failed\n", "")


def test_a_waiver_that_no_case_uses_is_named_and_one_that_is_used_must_be_expected(run: Callable[..., CheckOutput]) -> None:
    at = "2026-01-02T00:00:00Z"
    code, out, _ = run(one("{role: other}", "{verdict: stop, findings: [on-spot], action: stop}"), "--coverage", policy=WAIVERS)
    assert (code, "not reached by any case: waiver old" in out) == (1, True)
    code, out, _ = run(one("{role: legacy}", "{verdict: allow, findings: [on-spot]}", at=at), policy=WAIVERS)
    assert (code, "waiver: expected none, found old" in out) == (1, True)
    late = "2026-01-12T00:00:00Z"
    code, out, _ = run(one("{role: legacy}", "{verdict: allow, findings: [on-spot], waiver: old}", at=late), policy=WAIVERS)
    assert "The waiver old has expired (2026-01-11 00:00 UTC), so the rule applies. The case runs at 2026-01-12 00:00 UTC" in out
    code, _, err = run(one("{role: legacy}", "{verdict: allow, waiver: odl}", at=at), policy=WAIVERS)
    assert (code, "found the unknown waiver 'odl', wanted one of old (did you mean 'old'?)" in err) == (2, True)


ENDED = f"{{{SAVED}, outcome: starved}}"
AGAIN, NO_MORE = "{verdict: allow, action: resubmit}", "{verdict: allow}"


@pytest.mark.parametrize(
    ("job", "attempts", "expect"),
    [
        (ENDED, "[starved, starved]", AGAIN),
        (ENDED, "[starved, starved, starved]", NO_MORE),
        (ENDED, "[never-launched, starved, starved]", NO_MORE),  # both causes have one budget
        (ENDED, "[starved, starved, {cause: starved, kept: 30m, lasted: 2h}]", NO_MORE),
        (ENDED, "[capacity, capacity, capacity]", AGAIN),  # another cause does not use this budget
        (ENDED, "repair", AGAIN),
        ("{spot: true, runtime: 24h, wait: 30h}", "repair", "{verdict: stop, findings: [save-work]}"),  # repaired once already
    ],
)
def test_a_case_may_have_earlier_attempts(run: Callable[..., CheckOutput], job: str, attempts: str, expect: str) -> None:
    code, out, err = run(one(job, expect, history=f"{{attempts: {attempts}}}"))
    assert (code, err) == (0, ""), out


def test_attempts_that_kept_training_do_not_count_where_the_budget_is_per_progress(run: Callable[..., CheckOutput]) -> None:
    policy = POLICY.replace("limit: 3", "limit: 2, per: progress")
    for attempts, expect in (("[starved, starved]", NO_MORE), ("[starved, {cause: starved, kept: 30m}]", AGAIN)):
        last = f"{{{SAVED}, outcome: starved}}"
        assert run(one(last, expect, history=f"{{attempts: {attempts}}}"), policy=policy)[0] == 0, attempts


@pytest.mark.parametrize(
    ("attempts", "problem"),
    [
        ("[starvd]", "did you mean 'starved'?"),
        ("[]", "wanted"),
        ("[{cause: starved, keep: 1h}]", "did you mean 'kept'?"),
        ("[stopped]", "found 'stopped', wanted one of never-launched, starved"),
        ("3", "wanted"),
    ],
)
def test_a_mistake_in_attempts_is_reported_with_its_place(run: Callable[..., CheckOutput], attempts: str, problem: str) -> None:
    code, _, err = run(one(ENDED, AGAIN, history=f"{{attempts: {attempts}}}"))
    assert code == 2
    assert problem in err
    assert "history.attempts" in err


def test_a_case_may_describe_a_pool_and_reach_spot_worth_it(run: Callable[..., CheckOutput]) -> None:
    policy = "version: 1\nrules: [{name: pays, rule: spot-worth-it, mode: warn}]\n"
    pool = "pool: {watched: 40d, interruptions: 150}"
    cases = f"""
  - name: hopeless
    job: {{spot: true, runtime: 50h, wait: 96h}}
    history: {{run: 48h, {pool}}}
    expect: {{verdict: findings, findings: [{{policy: pays, found: would most likely never finish}}]}}
  - name: short enough
    job: {{spot: true, runtime: 2h, wait: 8h}}
    history: {{run: 30m, {pool}}}
    expect: {{verdict: allow}}
  - name: nobody knows
    job: {{spot: true, runtime: 50h, wait: 96h}}
    expect: {{verdict: undecided, undecided: [pays]}}
"""
    said = run(cases, "--coverage", policy=policy)
    assert said == (0, "3 cases: 3 passed, 0 failed\ncoverage: 1 of 1 rules, waivers and resubmit blocks\n", "")


def test_a_case_with_another_action_prints_why_nothing_is_done(run: Callable[..., CheckOutput]) -> None:
    later = POLICY.replace("mode: enforce, action: stop, match", "mode: enforce, enforce_from: 2999-01-01, action: stop, match")
    expect = "{verdict: stop, findings: [vision-on-spot], action: stop}"
    _, out, _ = run(one("{runtime: 24h, role: vision-role}", expect), policy=later)
    assert "action: vision-on-spot only warns: it is enforced only for jobs created from its date on" in out
    capped = POLICY.replace("name: again,", "name: again, cap: {lineage_usd: 1},")
    _, out, _ = run(
        one("{spot: true, runtime: 24h, wait: 30h}", "{verdict: stop, findings: [save-work], action: repair}"), policy=capped
    )
    assert "action: save-work: The job keeps running: it cannot be repaired automatically. Its next attempt may cost $" in out


def test_a_case_names_the_missing_keys_of_its_history(run: Callable[..., CheckOutput]) -> None:
    worth = POLICY.replace("resubmit:", "  - {name: pays, rule: spot-worth-it}\nresubmit:")
    job = "{spot: true, runtime: 24h, wait: 30h, checkpoint: 's3://acme/x/'}"
    _, out, _ = run(one(job, "{verdict: allow}"), policy=worth)
    assert "undecided: for pays, give run and pool in history" in out
    _, out, _ = run(one(job, "{verdict: allow}", history="{run: 10h}"), policy=worth)
    assert "undecided: for pays, give pool in history" in out
    _, out, _ = run(one(job, "{verdict: undecided, undecided: [pays]}"), policy=worth)
    assert "in history" not in out


def test_a_next_attempt_on_another_type_has_the_price_of_that_type_under_a_cap(run: Callable[..., CheckOutput]) -> None:
    elsewhere = "ladder: [same, {instance_types: [ml.p3.2xlarge]}], cap: {lineage_usd: 500}, causes: {starved: {limit: 3}}"
    policy = POLICY.replace("causes: {starved: {limit: 3}}", elsewhere)
    code, out, err = run(one(ENDED, AGAIN), policy=policy)
    assert (code, err) == (0, ""), out
