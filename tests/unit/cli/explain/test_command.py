"""``spotwarden explain`` prints what was checked, why it applies or not, what happens next, and what has happened."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller import wiring
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.cli import main
from controller.cli.check.judging import check_job
from controller.cli.documents import Found
from controller.cli.explain.command import explained as explained_job
from controller.cli.explain.output import as_text
from controller.cli.input.policy_source import PolicyUsed
from controller.ledger.lineage_id import LineageId
from controller.ledger.user_entry import Waived
from controller.policy.judge import Basis
from controller.policy.rules.kind import Evidence
from controller.policy.rules.rule_kinds import RULE_KINDS
from infra.local.host import TABLE
from tests.builders import BEGIN, REGION, facts, job, lineage, rate
from tests.security.lab import lab, launch, request, run
from tests.unit.cli.checking import request as create_request

POLICY = """\
version: 1
defaults: {channel: "#ml"}
rules:
  - {name: on-spot, rule: spot-required, match: {tags: {team: vision}}, mode: enforce, action: stop, applies_to: running}
  - {name: save-work, rule: checkpoint-required, mode: warn}
waivers:
  - {name: old, rule: on-spot, match: {role: legacy}, reason: no time, owner: alice, ticket: ML-9, expires: 2026-01-10}
resubmit:
  - {name: of-speech, match: {tags: {team: speech}}, causes: {starved: {limit: 1}}}
  - {name: of-all, mode: enforce, causes: {starved: {limit: 3}}}
"""
UNPRICED = "ml.c7i.xlarge"  # not in the packaged price table
ON_DEMAND: dict[str, Any] = create_request(
    EnableManagedSpotTraining=None, StoppingCondition={"MaxRuntimeInSeconds": 14_400}, Tags=[{"Key": "team", "Value": "vision"}],
    Environment={"TOKEN": "hunter2"}, HyperParameters={"password": "hunter2"}, RoleArn="arn:aws:iam::111122223333:role/legacy",
)  # fmt: skip


@pytest.fixture
def explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Explain a document under the policy above. Returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPOTWARDEN_TABLE", raising=False)
    Path("policies").mkdir()
    Path("policies", "team.yaml").write_text(POLICY, "utf-8")

    def say(document: Any, *options: str) -> tuple[int, str, str]:
        Path("job.json").write_text(json.dumps(document), "utf-8")
        code = main(["explain", "job.json", *options])
        out, err = capsys.readouterr()
        return code, out, err

    return say


def test_files_rules_selectors_and_waivers_are_named_value_by_value(explained: Any) -> None:
    code, out, err = explained(ON_DEMAND)
    assert (code, err) == (0, "")
    for line in (
        "of policies/team.yaml",
        "verdict: stop; action: stop",
        "  on-spot (spot-required, enforce, stop) policies/team.yaml:4: broken",
        "      tag team: wanted vision, found vision: matches",
        "      options: runtime_over 1 hour (3600 s)",
        "      StoppingCondition.MaxRuntimeInSeconds is 4 hours (14400 s)",
        "      EnableManagedSpotTraining is false; wanted: true, because the job may run 4 h (on-demand is allowed below 1 h)",
        "      waiver old policies/team.yaml:7, to 2026-01-11 00:00 UTC: The waiver old has expired (2026-01-11 00:00 UTC)",
        "  save-work (checkpoint-required, warn) policies/team.yaml:5: kept",
        "  of-speech (warn) policies/team.yaml:9: does not apply",
        "      tag team: wanted speech, found vision: does not match",
        "  of-all (enforce) policies/team.yaml:10: applies, if the job ends without its model",
    ):
        assert line in out


def test_what_comes_next_is_in_the_words_of_slack(explained: Any) -> None:
    _, out, _ = explained(ON_DEMAND)
    coming = out[out.index("what comes next") :]
    assert 'message  to #ml: bert-1 is being stopped: it breaks the rule "on-spot". Why: EnableManagedSpotTraining' in coming
    assert "intent   stop bert-1: on-spot" in coming


def test_hyperparameters_and_the_environment_are_never_shown(explained: Any) -> None:
    for options in ((), ("--format", "json")):
        _, out, _ = explained(ON_DEMAND, *options)
        assert "hunter2" not in out


def test_json_has_the_same(explained: Any) -> None:
    _, out, _ = explained(ON_DEMAND, "--format", "json")
    said = json.loads(out)
    assert (said["verdict"], said["action"], said["timeline"]) == ("stop", "stop", None)
    rule = said["rules"][0]
    assert (rule["outcome"], rule["place"], rule["values"]["EnableManagedSpotTraining"]) == (
        "broken",
        "policies/team.yaml:4",
        "false",
    )
    assert rule["selector"] == [{"key": "tag team", "wanted": ["vision"], "found": "vision", "matches": True}]
    assert (rule["waivers"][0]["name"], rule["waivers"][0]["counts"]) == ("old", False)
    assert [block["counts"] for block in said["resubmit"]] == [False, True]


def test_a_member_that_a_document_lacks_leaves_a_rule_undecided(explained: Any) -> None:
    event = {
        "source": "aws.sagemaker", "detail-type": "SageMaker Training Job State Change", "account": "111122223333",
        "region": "us-east-1",
        "detail": {"TrainingJobName": "bert", "TrainingJobStatus": "InProgress", "CreationTime": 1_772_442_000_000},
    }  # fmt: skip
    code, out, _ = explained(event)
    assert code == 0
    assert "tag team: wanted vision, which the document does not contain: unknown" in out
    assert "save-work (checkpoint-required, warn) policies/team.yaml:5: undecided" in out
    assert "the document does not contain AlgorithmSpecification.TrainingImage, CheckpointConfig.S3Uri," in out


EVERY_KIND = """\
version: 1
rules:
  - {name: a, rule: checkpoint-required}
  - {name: b, rule: uncheckpointed-cap}
  - {name: c, rule: max-wait-limit, options: {times_runtime: 4}}
  - {name: d, rule: max-runtime-limit, options: {at_most: 1h}}
  - {name: e, rule: spot-required}
  - {name: f, rule: checkpoint-exclusive}
  - {name: g, rule: checkpoint-alive}
  - {name: h, rule: spot-worth-it}
  - {name: i, rule: tags-required, options: {tags: [owner]}}
  - {name: j, rule: instance-allowed, options: {instance_types: [ml.m5.*]}}
"""


@pytest.mark.parametrize("document", [create_request(), {"TrainingJobName": "bert", "TrainingJobStatus": "InProgress"}])
def test_a_rule_of_each_kind_is_explained_whatever_is_not_known_of_the_job(explained: Any, document: Any) -> None:
    Path("policies", "team.yaml").write_text(EVERY_KIND, "utf-8")
    assert {rule["rule"] for rule in yaml.safe_load(EVERY_KIND)["rules"]} == set(RULE_KINDS)
    code, out, err = explained(document)
    assert (code, err) == (0, "")
    assert "h (spot-worth-it, audit) policies/team.yaml:10: undecided" in out
    assert "not known here: how often the pool is interrupted and how long the family's runs take" in out
    assert "spot_worth" not in out  # a name in the code


def test_a_rule_that_is_rolled_out_says_why_it_only_warns(explained: Any) -> None:
    later = "enforce_from: 2999-01-01, share: 20%, surprise: {jobs: 5, of_last_day: 10%}"
    Path("policies", "team.yaml").write_text(POLICY.replace("action: stop,", f"action: stop, {later},"), "utf-8")
    _, out, _ = explained(ON_DEMAND)
    assert "verdict: stop; action: none" in out
    assert "      roll-out: share 20%, enforce_from 2999-01-01, surprise of more than 5 jobs, surprise of more than 10% of" in out
    assert "      it only warns: it is enforced only for jobs created from its date on\n" in out


def test_a_request_is_priced_by_a_region_that_is_named(explained: Any) -> None:
    """A request contains no region: without a price, every repair under a spend cap would look impossible."""
    capped = POLICY.replace("name: of-all, mode", "name: of-all, cap: {lineage_usd: 5000}, mode")
    repair = capped.replace("mode: warn}", 'mode: enforce, action: repair, repair: {checkpoint: "s3://acme/{job}/"}}')
    Path("policies", "team.yaml").write_text(repair, "utf-8")
    _, out, _ = explained(create_request(CheckpointConfig=None))
    assert "the document does not contain the region: prices are those of us-east-1" in out
    assert "action: repair" in out


def test_a_job_on_sagemaker_is_priced_with_the_prices_of_the_ledger(capsys: pytest.CaptureFixture[str]) -> None:
    with lab(POLICY) as host:
        launch(host, request("victim", "vision", UNPRICED, checkpoint=None))
        said = []
        for rates in ({}, {UNPRICED: rate(900_000)}):
            DynamoLedger(wiring.client("dynamodb"), TABLE).prices.note_rates(REGION, rates)
            assert main(["explain", "victim", "--table", TABLE]) == 0
            said.append("Cost: Up to $0.90 an hour while it trains" in capsys.readouterr().out)
    assert said == [False, True]


@pytest.mark.parametrize(
    ("member", "value", "reason"),
    [
        (
            "InstanceGroups",
            [{"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "InstanceGroupName": "a"}],
            "heterogeneous cluster",
        ),
        ("KeepAlivePeriodInSeconds", 600, "keeps a warm pool"),
        ("TrainingPlanArn", "arn:aws:sagemaker:us-east-1:111122223333:training-plan/p", "uses reserved capacity"),
    ],
)
def test_the_reason_why_spot_is_not_required_is_printed(explained: Any, member: str, value: Any, reason: str) -> None:
    kept = {} if member == "InstanceGroups" else ON_DEMAND["ResourceConfig"]
    _, out, _ = explained({**ON_DEMAND, "ResourceConfig": {**kept, "VolumeSizeInGB": 50, member: value}})
    assert "on-spot (spot-required, enforce, stop) policies/team.yaml:4: kept" in out
    assert (
        f"spot is not required of it: it {'runs on a ' if 'cluster' in reason else ''}{reason} (ResourceConfig.{member})" in out
    )
    assert f"is ResourceConfig.{member}" not in out


def test_a_waiver_given_in_slack_counts() -> None:
    given = Waived(job="bert", at=BEGIN, team=None, policy="use-spot", who="U1", reason="long data", ticket="ML-7",
                   until=BEGIN + timedelta(days=3))  # fmt: skip
    about = job(spot=False)
    known = facts(about, lineage=lineage(LineageId.of(about), entries=(given,)))
    checked = check_job(about, Basis(known.policy, Evidence(), now=known.now), Found(file="SageMaker", kind="", request=None))
    out = as_text(explained_job(checked, PolicyUsed(policy=known.policy, where="the stack"), known.now, known))
    assert "use-spot (spot-required, enforce, stop): waived" in out
    assert "waiver given in Slack, to 2026-03-05 09:00 UTC: it applies: long data (ML-7, U1)" in out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["none.json"], "found No such file or directory"),
        (["bert"], "spotwarden explain: found no table, wanted --table NAME or SPOTWARDEN_TABLE"),
        (["job.json", "--tags", "x"], "spotwarden explain: --tags: found 'x', wanted KEY=VALUE"),
        (["job.json", "--policies", "none"], "wanted a folder of policy files"),
    ],
)
def test_bad_input_ends_with_one_sentence(
    explained: Any, arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    explained(ON_DEMAND)
    assert main(["explain", *arguments]) == 2
    assert error in capsys.readouterr().err


def test_the_timeline_of_a_job_in_the_ledger_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "team.yaml").write_text(POLICY, "utf-8")
    monkeypatch.chdir(tmp_path)
    with lab(POLICY) as host:
        launch(host, request("victim", "vision", spot=False, runtime_h=9, work_s=20_000))
        run(host, hours=1)
        capsys.readouterr()
        assert main(["explain", "victim", "--table", TABLE]) == 0
        out, _ = capsys.readouterr()
        story = out[out.index("history of the lineage ") :]
        told = [
            "entry    attempt 1, victim, was created: 1 × ml.g5.xlarge, on-demand",
            "entry    victim breaks on-spot (enforce, policy ",
            'message  to #ml: victim is being stopped: it breaks the rule "on-spot"',
            "The job is being stopped.",
            "intent   stop victim: on-spot [",
            "entry    victim was stopped",
        ]
        assert [line for line in told if line not in story] == [], story
        short = out[out.index("in short") : out.index("\nrules")]
        assert "victim was stopped" in short
        assert "Why: EnableManagedSpotTraining" in short
        assert "Next: The job is not submitted again automatically." in short
        lines = [line for line in story.splitlines() if "  entry    " in line]
        assert [line for line in lines if ", policy " not in line and "(enforce, policy " not in line] == []
        assert main(["explain", "victim", "--table", TABLE, "--format", "json"]) == 0
        said = json.loads(capsys.readouterr().out)
        times = [event["at"] for event in said["timeline"]]
        assert times == sorted(times)
        assert {event["kind"] for event in said["timeline"]} == {"entry", "intent", "message"}
        assert "in force in the stack since " in out
        assert "policies/team.yaml:" in out  # the local folder has the same revision, so its places are shown
        lax = POLICY.replace("mode: enforce, action: stop, applies_to: running", "mode: warn")
        for other in (lax, "version: 1\nrules: [{name: a, rule: no-such-rule}]\n"):
            (folder / "team.yaml").write_text(other, "utf-8")
            assert main(["explain", "victim", "--table", TABLE]) == 0
            used, _ = capsys.readouterr()
            assert "on-spot (spot-required, enforce, stop): broken" in used
        (folder / "team.yaml").write_text(lax, "utf-8")
        assert main(["explain", "victim", "--table", TABLE, "--policies", "policies"]) == 0
        assert "on-spot (spot-required, warn) policies/team.yaml:" in capsys.readouterr().out
        assert main(["explain", "nobody", "--table", TABLE]) == 2
        assert "found no training job nobody in this account and region" in capsys.readouterr().err
        elsewhere = "arn:aws:sagemaker:eu-west-3:111122223333:training-job/victim"
        for command in (["explain", elsewhere], ["check", elsewhere, "--policies", "policies"], ["cancel", elsewhere]):
            assert main([*command, "--table", TABLE]) == 2
            assert "found the ARN of a job of 111122223333 in eu-west-3, and this is " in "".join(capsys.readouterr())
        assert main(["explain", "victim", "--table", "Elsewhere"]) == 5
        assert "found no table 'Elsewhere'" in capsys.readouterr().err
