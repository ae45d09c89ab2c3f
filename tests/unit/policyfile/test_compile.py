"""A policy folder compiles to the document that the controller loads, the same on every machine."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from controller.aws.packaged_policy import packaged_document
from controller.jobs.failure import FailureCause
from controller.policy.judge import Basis, judge
from controller.policy.load_policy import load_policy
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy, RateLimits, RuleAction, Severity
from controller.policy.resubmission import Budget, BudgetPer, DeadlineSettings, FallbackKind, Guarantee
from controller.policy.rules.kind import Evidence
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.slack_settings import DigestTime, Importance, Labels, SlackSettings
from controller.policy.user_request import UserRequest
from controller.policyfile import BadPolicy, as_text, compile_folder
from controller.policyfile.__main__ import main
from controller.policyfile.rule_options import OPTIONS
from tests.builders import BEGIN, job
from tests.unit.policyfile.writing import problems

POLICIES = Path(__file__).resolve().parents[3] / "policies"

# An example with every kind of rule.
EXAMPLE = """\
version: 1
defaults: {mode: audit, channel: "#ml-spot"}
rules:
  - name: vision-checkpoints
    rule: checkpoint-required
    match: {tags: {team: [vision, speech]}, name: "train-*", algorithm: [framework, custom], role: Trainer}
    options: {runtime_over: 15m, under: ["s3://acme-ml-checkpoints/"]}
    mode: enforce
    severity: high
    action: stop
    applies_to: running
  - {name: one-hour-without-checkpoints, rule: uncheckpointed-cap, options: {at_most: 60m}, mode: warn}
  - {name: wait-limit, rule: max-wait-limit, options: {at_most: 48h, times_runtime: 4}}
  - {name: not-for-ever, rule: max-runtime-limit, options: {at_most: 7d}, channel: "#elsewhere"}
  - {name: spot-first, rule: spot-required, options: {runtime_over: 90s}}
  - {name: one-writer, rule: checkpoint-exclusive}
  - {name: really-written, rule: checkpoint-alive, options: {first_within: 20m}}
  - {name: who-pays, rule: tags-required, options: {tags: [team, owner]}}
  - {name: small, rule: instance-allowed, options: {instance_types: ml.g5.*}}
  - {name: spot-pays, rule: spot-worth-it, options: {chance_at_least: 80%, times_on_demand: 1.5}}
resubmit:
  - name: starved-vision-jobs
    match: {tags: {team: vision}}
    mode: enforce
    within: 6h
    causes:
      starved:  {limit: 3, backoff: {first: 5m, factor: 2, most: 2h}}
      capacity: {limit: 5, backoff: {first: 2m, factor: 2, most: 1h}}
      internal: {limit: 1, backoff: {first: 10m}}
  - {name: others, causes: {starved: {limit: 1}}}
"""


def compiled(folder: Path, text: str = EXAMPLE) -> dict[str, Any]:
    (folder / "a.yaml").write_text(text, "utf-8")
    return compile_folder(folder)


def loaded(folder: Path, text: str = EXAMPLE) -> Policy:
    """The policy, loaded from JSON as on Lambda."""
    return load_policy(json.loads(json.dumps(compiled(folder, text))), in_force_at=BEGIN)


def test_every_kind_compiles_to_options_that_its_rule_accepts(tmp_path: Path) -> None:
    policy = loaded(tmp_path)
    assert {rule.kind for rule in policy.rules} == set(RULE_KINDS) == set(OPTIONS)
    options = {rule.kind: RULE_KINDS[rule.kind].options(**rule.options) for rule in policy.rules}
    assert options["checkpoint-required"].runtime_over_s == 900
    assert list(options["checkpoint-required"].under) == ["s3://acme-ml-checkpoints/"]
    assert options["uncheckpointed-cap"].at_most_s == 3600
    assert (options["max-wait-limit"].at_most_s, options["max-wait-limit"].times_runtime) == (172_800, 4)
    assert (options["checkpoint-alive"].first_within_s, options["checkpoint-alive"].at_most_s) == (1200, 3600)
    assert options["max-runtime-limit"].at_most_s == 604_800
    assert options["spot-required"].runtime_over_s == 90
    assert list(options["tags-required"].tags) == ["team", "owner"]
    assert list(options["instance-allowed"].instance_types) == ["ml.g5.*"]
    assert (options["spot-worth-it"].chance_at_least, options["spot-worth-it"].times_on_demand) == (80, 1.5)


@pytest.mark.parametrize("kind", OPTIONS)
def test_every_option_of_a_rule_kind_can_be_written(kind: str) -> None:
    written = {field.serialization_alias or name for name, field in OPTIONS[kind].model_fields.items()}
    assert written == {field.name for field in fields(RULE_KINDS[kind].options)}  # type: ignore[arg-type]  # each is a dataclass


def test_a_rule_gets_missing_keys_from_the_defaults(tmp_path: Path) -> None:
    rules = {rule.name: rule for rule in loaded(tmp_path).rules}
    vision, waiting = rules["vision-checkpoints"], rules["wait-limit"]
    assert (vision.mode, vision.severity, vision.action) == (Mode.ENFORCE, Severity.HIGH, RuleAction.STOP)
    assert (vision.applies_to, vision.channel) == (AppliesTo.RUNNING, "#ml-spot")
    assert (waiting.mode, waiting.severity, waiting.action) == (Mode.AUDIT, Severity.MEDIUM, None)
    assert (waiting.applies_to, rules["not-for-ever"].channel) == (AppliesTo.NEW, "#elsewhere")


def test_a_selector_accepts_one_text_for_a_list_and_the_name_of_a_role(tmp_path: Path) -> None:
    match = loaded(tmp_path).rules[0].match
    assert (match.tags, match.name) == ({"team": ("vision", "speech")}, ("train-*",))
    assert match.algorithm == ("framework", "custom")
    theirs = job("train-1", tags={"team": "vision"}, role="arn:aws:iam::111122223333:role/ml/Trainer")
    assert match.matches(theirs) is True


def test_a_resubmit_block_only_warns_and_only_within_six_hours_by_default(tmp_path: Path) -> None:
    vision, others = loaded(tmp_path).resubmissions
    assert (vision.mode, vision.within_s, others.mode, others.within_s) == (Mode.ENFORCE, 21_600, Mode.WARN, 21_600)
    assert vision.causes[FailureCause.CAPACITY] == Budget(limit=5, first_s=120, factor=2, most_s=3600, jitter=0.1)
    assert vision.causes[FailureCause.INTERNAL] == Budget(limit=1, first_s=600, factor=2, most_s=7200, jitter=0.1)
    assert others.causes == {FailureCause.STARVED: Budget(limit=1, first_s=300, factor=2, most_s=7200, jitter=0.1)}


def test_the_revision_depends_on_the_content_and_not_on_its_format(tmp_path: Path) -> None:
    revision = compiled(tmp_path)["revision"]
    assert len(revision) == 12
    assert compiled(tmp_path, f"# a comment\n{EXAMPLE}")["revision"] == revision
    assert (
        compiled(tmp_path, EXAMPLE.replace("mode: audit, channel", "severity: medium, mode: audit, channel"))["revision"]
        == revision
    )
    assert compiled(tmp_path, EXAMPLE.replace("48h", "2d"))["revision"] == revision
    assert compiled(tmp_path, EXAMPLE.replace("48h", "49h"))["revision"] != revision


def test_the_files_of_a_folder_are_read_by_name_each_with_its_own_defaults(tmp_path: Path) -> None:
    rule = "version: 1\ndefaults: {mode: %s%s}\nrules:\n  - {name: %s, rule: checkpoint-exclusive}\n"
    (tmp_path / "b.yml").write_text(rule % ("warn", "", "second"))
    (tmp_path / "a.yaml").write_text(rule % ("audit", "", "first"))
    (tmp_path / "c.yaml").write_text(rule % ("warn", ', channel: "#c"', "third"))
    (tmp_path / "notes.txt").write_text("not a policy")
    document = compile_folder(tmp_path)
    assert [(r["name"], r["mode"], r["channel"]) for r in document["rules"]] == [
        ("first", "audit", "#ml-spot"), ("second", "warn", "#ml-spot"), ("third", "warn", "#c"),
    ]  # fmt: skip
    assert document["channel"] == "#c", "digests go to the first channel that a file names"


def test_the_packaged_policy_is_the_compiled_folder() -> None:
    assert packaged_document() == compile_folder(POLICIES), (
        "run: python -m controller.policyfile policies controller/data/policies.json"
    )


def test_the_shipped_policies_are_complete_and_never_act() -> None:
    policy = load_policy(packaged_document(), in_force_at=BEGIN)
    assert {rule.kind: dict(rule.options) for rule in policy.rules} == {
        "checkpoint-required": {"runtime_over_s": 900, "under": [], "only_capable": True},
        "uncheckpointed-cap": {"at_most_s": 3600, "without_config": False},
        "max-wait-limit": {"at_most_s": 172_800, "times_runtime": None},
        "spot-required": {"runtime_over_s": 3600},
    }
    assert all(rule.mode is not Mode.ENFORCE and rule.action is None for rule in policy.rules)
    assert policy.resubmissions == ()


def test_the_shipped_policies_find_nothing_in_a_correct_job() -> None:
    verdict = judge(job(wait_s_max=172_800), Basis(load_policy(packaged_document(), in_force_at=BEGIN), Evidence(claims=())))
    assert (verdict.findings, verdict.undecided) == ((), ())


def test_the_command_writes_the_document_and_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "policies.json"
    assert main([str(POLICIES), str(target)]) == 0
    assert target.read_text("utf-8") == as_text(compile_folder(POLICIES))
    assert main([str(tmp_path / "none"), str(target)]) == 2
    assert main([]) == 2
    assert "wanted a folder of policy files" in capsys.readouterr().err


WHOLE = """
version: 1
brakes: {stops_per_hour: 20, submissions_per_hour: 50}
rules:
  - name: vision-checkpoints
    rule: checkpoint-required
    mode: enforce
    action: repair
    repair: {checkpoint: "s3://acme-ckpt/{team}/{family}/", allowed: {"*role/vision*": ["s3://acme-ckpt/vision/"]}}
  - name: who-pays
    rule: tags-required
    options: {tags: [team]}
    mode: enforce
    action: repair
    repair: {tags: {team: nobody}}
resubmit:
  - name: finish-the-job
    mode: enforce
    causes:
      starved: {limit: 3, backoff: {first: 5m, factor: 2, most: 2h, jitter: 0.2}}
      never-launched: {limit: 0}
      algorithm: {limit: 1, reasons: ["AlgorithmError: Exit Code: 137"]}
      memory: {limit: 1, instance_type: ml.g5.12xlarge}
      disk: {limit: 1, volume_gb: 500}
    interruptions: {more_than: 5, within: 2h}
    ladder: [same, {instance_types: [ml.g5.4xlarge, ml.g4dn.4xlarge]}, equivalents, {subnets: [subnet-0abc1234]}, on-demand]
    deadline:
      {finish_within: 24h, guarantee: money, quantile: 0.8, margin: 15m, start: 6m, checkpoint_every: 20m, min_stay: 1h, moves: 0}
    cap: {lineage_usd: 50, team_month_usd: "1000.50"}
"""


def whole(folder: Path) -> Policy:
    (folder / "whole.yaml").write_text(WHOLE)
    return load_policy(compile_folder(folder), BEGIN)


def test_a_limit_of_zero_means_no_retry_and_causes_may_share_a_budget(tmp_path: Path) -> None:
    (block,) = whole(tmp_path).resubmissions
    budget, sharing = block.budget_of(FailureCause.NEVER_LAUNCHED)
    assert budget is not None
    assert (budget.limit, sharing) == (0, frozenset({FailureCause.NEVER_LAUNCHED}))
    assert block.budget_of(FailureCause.STARVED)[1] == {FailureCause.STARVED}
    assert block.budget_of(FailureCause.CAPACITY) == block.budget_of(FailureCause.QUOTA) == (None, frozenset())


def test_a_cause_takes_the_settings_that_it_needs_beside_its_limit(tmp_path: Path) -> None:
    causes = whole(tmp_path).resubmissions[0].causes
    assert causes[FailureCause.ALGORITHM].beginnings == ("AlgorithmError: Exit Code: 137",)
    assert causes[FailureCause.MEMORY].instance_type == "ml.g5.12xlarge"
    assert causes[FailureCause.DISK].volume_gb == 500


def test_a_budget_counts_every_retry_or_those_without_progress(tmp_path: Path) -> None:
    assert whole(tmp_path).resubmissions[0].causes[FailureCause.STARVED].per is BudgetPer.LINEAGE
    (tmp_path / "whole.yaml").write_text(WHOLE.replace("starved: {limit: 3,", "starved: {limit: 3, per: progress,"))
    [block] = load_policy(compile_folder(tmp_path), BEGIN).resubmissions
    assert block.causes[FailureCause.STARVED].per is BudgetPer.PROGRESS


def test_names_of_files_that_are_not_checkpoints_are_compiled_only_if_given(tmp_path: Path) -> None:
    assert whole(tmp_path).checkpoint_ignore == ()
    assert "checkpoint_ignore" not in compile_folder(tmp_path)
    (tmp_path / "whole.yaml").write_text(WHOLE + '\ncheckpoints: {ignore: ["*.onnx", preds.bin]}\n')
    assert load_policy(compile_folder(tmp_path), BEGIN).checkpoint_ignore == ("*.onnx", "preds.bin")


@pytest.mark.parametrize("bad", ["{}", "{ignore: []}", '{ignore: ["*"]}', '{ignore: ["a/b"]}', '{ignore: [""]}', "{skip: [x]}"])
def test_names_that_would_ignore_everything_or_match_nothing_are_refused(tmp_path: Path, bad: str) -> None:
    (tmp_path / "whole.yaml").write_text(f"{WHOLE}\ncheckpoints: {bad}\n")
    with pytest.raises(BadPolicy, match="checkpoints"):
        compile_folder(tmp_path)


def test_a_policy_is_refused_that_the_loader_would_find_too_large(tmp_path: Path) -> None:
    def rules(kind: str, number: int) -> str:
        return "".join(f"  - {{name: {kind}{n}, rule: spot-required}}\n" for n in range(number))

    head = "version: 1\nrules:\n"
    assert problems(tmp_path, head + rules("a", 300), head + rules("b", 300)) == [
        "b.yaml:2: rules: found 600 entries with those of other files, wanted at most 500"
    ]
    assert "wanted at most 500" in problems(tmp_path, head + rules("a", 501), head + rules("b", 1))[0]
    long = f'version: 1\ndefaults: {{channel: "#{"x" * 1024}"}}\nrules: [{{name: a, rule: spot-required}}]\n'
    [problem] = problems(tmp_path, long, head + rules("b", 1))
    assert problem.endswith("wanted a text of at most 1,024 characters")


def test_a_ladder_keeps_its_order(tmp_path: Path) -> None:
    assert [(fallback_step.kind, fallback_step.values) for fallback_step in whole(tmp_path).resubmissions[0].ladder] == [
        (FallbackKind.SAME, ()),
        (FallbackKind.INSTANCE_TYPES, ("ml.g5.4xlarge", "ml.g4dn.4xlarge")),
        (FallbackKind.EQUIVALENTS, ()),
        (FallbackKind.SUBNETS, ("subnet-0abc1234",)),
        (FallbackKind.ON_DEMAND, ()),
    ]


def test_a_deadline_caps_rate_limits_and_repairs_are_read_in_seconds_and_micro_dollars(tmp_path: Path) -> None:
    policy = whole(tmp_path)
    (block,) = policy.resubmissions
    assert block.deadline == DeadlineSettings(
        finish_within_s=86_400, guarantee=Guarantee.MONEY, quantile=0.8, margin_s=900, start_s=360, checkpoint_every_s=1200,
        stay_s=3600, moves_max=0,
    )  # fmt: skip
    assert (block.cap_micros, block.team_month_cap_micros) == (50_000_000, 1_000_500_000)
    assert policy.rate_limits == RateLimits(stops_per_h=20, submissions_per_h=50)
    assert policy.rules[0].repair.allowed == {"*role/vision*": ("s3://acme-ckpt/vision/",)}
    assert policy.rules[1].repair.tags == {"team": "nobody"}


def test_a_deadline_gets_missing_keys_from_the_defaults(tmp_path: Path) -> None:
    text = "version: 1\nresubmit: [{name: one, causes: {starved: {limit: 1}}, deadline: {}}]\n"
    (block,) = loaded(tmp_path, text).resubmissions
    assert block.deadline == DeadlineSettings()


def test_a_role_that_may_be_repaired_is_an_arns_glob_or_a_plain_name(tmp_path: Path) -> None:
    text = WHOLE.replace('{"*role/vision*": [', '{Trainer: ["s3://acme-ckpt/t/"], "*role/vision*": [')
    assert set(loaded(tmp_path, text).rules[0].repair.allowed) == {"*/Trainer", "*role/vision*"}


def test_rate_limits_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("version: 1\nbrakes: {stops_per_hour: 3}\n")
    assert load_policy(compiled(tmp_path), BEGIN).rate_limits == RateLimits(stops_per_h=3)


def test_a_document_compiled_by_an_older_version_is_still_read() -> None:
    old = {"revision": "r", "channel": "#c", "rules": [], "resubmit": [
        {"name": "b", "match": {}, "mode": "warn", "within_s": 60, "channel": "#c",
         "causes": {"starved": {"limit": 1, "first_s": 1, "factor": 2, "most_s": 2}}}]}  # fmt: skip
    (block,) = load_policy(old, BEGIN).resubmissions
    assert (block.ladder, block.on_demand, block.cap_micros) == ((), True, None)


def test_the_slack_section_is_read(tmp_path: Path) -> None:
    (tmp_path / "slack.yaml").write_text(
        """version: 1
labels: {team: cost-center}
slack:
  channels: {vision: "#ml-vision"}
  people: {ada: U012AB3CD}
  tell: all
  digest: {at: "07:30", timezone: Europe/Berlin, weekly_on: friday}
  may: {stop: [S012AB3CD, U012AB3CD], read: [members, S012AB3CD]}
  waiver_at_most: 7d
"""
    )
    policy = load_policy(compiled(tmp_path), BEGIN)
    assert policy.labels == Labels(team="cost-center", user="user")
    assert policy.slack == SlackSettings(
        channels={"vision": "#ml-vision"}, people={"ada": "U012AB3CD"},
        tell=(Importance.PERSON, Importance.ACTION, Importance.NEWS),
        digest=DigestTime(hour=7, minute=30, timezone="Europe/Berlin", weekday=4),
        may={UserRequest.STOP: ("S012AB3CD", "U012AB3CD")}, waiver_s_max=7 * 86_400, read=("members", "S012AB3CD"),
    )  # fmt: skip


def test_without_a_slack_section_the_settings_are_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nbrakes: {stops_per_hour: 1}\n")
    assert load_policy(compiled(tmp_path), BEGIN).slack == SlackSettings()
