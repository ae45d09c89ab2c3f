"""An expression that probably means something else, or that is true for no job of its rule, has a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.policyfile.writing import RULES, told, warnings


@pytest.mark.parametrize(
    ("when", "code", "marked"),
    [
        ("\"TrainingJobName == 'train-*'\"", "doubtful-expression", "'train-*'"),
        ("TrainingJobName matches '^train-[0-9]+$'", "matches-no-job", "'^train-[0-9]+$'"),
        ("|\n      has(VpcConfig) and\n      TrainingJobName == 'a*'", "doubtful-expression", "'a*'"),
        ('"has(VpcConfig) and not has(VpcConfig)"', "matches-no-job", "has(VpcConfig) and not has(VpcConfig)"),
        (
            "\"(has(VpcConfig) and not has(VpcConfig)) or TrainingJobName == 'a'\"",
            "does-nothing",
            "(has(VpcConfig) and not has(VpcConfig))",
        ),
    ],
)
def test_a_doubtful_part_of_an_expression_is_named_at_its_place(tmp_path: Path, when: str, code: str, marked: str) -> None:
    assert told(tmp_path, f"{RULES}  - name: one\n    rule: spot-required\n    when: {when}\n") == [(code, marked)]


def test_a_warning_about_an_expression_says_what_may_be_meant(tmp_path: Path) -> None:
    text = RULES + "  - {name: one, rule: spot-required, when: TrainingJobName == 'train-*'}\n"
    [warning] = warnings(tmp_path, text)
    assert warning.suggestions == ("TrainingJobName matches 'train-*'",)
    assert "did you mean" in str(warning)


SPOT = "default(EnableManagedSpotTraining, false)"
RUNTIME = "default(StoppingCondition.MaxRuntimeInSeconds, 1d)"


@pytest.mark.parametrize(
    ("rule", "when", "code"),
    [
        ("rule: max-wait-limit, options: {at_most: 1h}", f"not {SPOT}", "never-broken"),
        ("rule: checkpoint-required", f"{SPOT} == false", "never-broken"),
        ("rule: checkpoint-required", SPOT, None),
        ("rule: spot-required", SPOT, "never-broken"),
        ("rule: spot-required", f"not {SPOT}", None),
        ("rule: spot-required, options: {runtime_over: 2h}", f"{RUNTIME} < 1h", "never-broken"),
        ("rule: spot-required, options: {runtime_over: 2h}", f"{RUNTIME} < 3h", None),
        ("rule: max-runtime-limit, options: {at_most: 24h}", f"{RUNTIME} <= 24h", "never-broken"),
        ("rule: max-runtime-limit, options: {at_most: 24h}", f"{RUNTIME} > 2h", None),
        ("rule: tags-required, options: {tags: [team]}, match: {name: train-*}", "TrainingJobName == 'eval-1'", "matches-no-job"),
        ("rule: tags-required, options: {tags: [team]}, match: {name: [train-*, eval-*]}", "TrainingJobName == 'eval-1'", None),
        ("rule: tags-required, options: {tags: [team]}, match: {role: trainer}", "default(RoleArn, '') == ''", "matches-no-job"),
        (
            "rule: tags-required, options: {tags: [team]}, mode: enforce, action: stop",
            "TrainingJobStatus == 'Failed'",
            "never-reached",
        ),
        ("rule: tags-required, options: {tags: [team]}, mode: warn", "TrainingJobStatus == 'Failed'", None),
        ("rule: tags-required, options: {tags: [team]}, mode: enforce, action: stop", "has(FailureReason)", "never-reached"),
    ],
)
def test_an_expression_that_no_job_of_the_rule_can_make_true_is_named(
    tmp_path: Path, rule: str, when: str, code: str | None
) -> None:
    text = RULES + f'  - {{name: one, {rule}, when: "{when}"}}\n'
    assert [one.code for one in warnings(tmp_path, text)] == ([code] if code else [])
