"""If ``never`` states that a condition is true for no job, the controller evaluates it to true for no job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.policy.when import when_of
from controller.policyfile.when import BadWhen, compile_when
from controller.policyfile.when.logic import never
from controller.policyfile.when.syntax import parse
from tests.examples import examples

COUNT, STATUS = "default(ResourceConfig.InstanceCount, 2)", "TrainingJobStatus"
ATOMS = [
    *(f"{COUNT} {sign} {number}" for sign in ("<", "<=", "==", "!=", ">", ">=") for number in (0, 1, 2)),
    *(f"{STATUS} {sign} '{word}'" for sign in ("==", "!=") for word in ("Failed", "Stopped")),
    "TrainingJobStatus matches 'S*'", "TrainingJobName matches 'a*'", "TrainingJobName == 'ab'", "TrainingJobName in ['ab', 'c']",
    "has(ResourceConfig)", "has(ResourceConfig.InstanceCount)", "default(EnableNetworkIsolation, false)",
    "has(EnableNetworkIsolation)", "count(Environment) > 0", "count(Environment) == 1", "has(Environment)",
    "any(VpcConfig.Subnets == 'subnet-a')", "any(VpcConfig.Subnets matches 'subnet-*')", "TrainingJobName == TrainingJobArn",
]  # fmt: skip
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: "(" + ") and (".join(some) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: "(" + ") or (".join(some) + ")"),
    ),
    max_leaves=6,
)
VALUES: Mapping[tuple[str, ...], tuple[Any, ...]] = {
    ("ResourceConfig",): ({},), ("ResourceConfig", "InstanceCount"): (None, 0, 1, 2, 3),
    ("TrainingJobStatus",): ("Failed", "Stopped", "Completed"),
    ("TrainingJobName",): ("ab", "c", "ax", "z"), ("EnableNetworkIsolation",): (None, True, False),
    ("Environment",): (None, {}, {"A": "1"}, {"A": "1", "B": "2"}), ("VpcConfig", "Subnets"): (None, ["subnet-a"], ["subnet-b"]),
    ("TrainingJobArn",): ("arn:aws:sagemaker:us-east-1:111122223333:training-job/ab",),
}  # fmt: skip
JOBS = st.fixed_dictionaries({path: st.sampled_from(known) for path, known in VALUES.items()})


@given(text=CONDITIONS, jobs=st.lists(JOBS, min_size=8, max_size=8))
@settings(max_examples=examples(25))
def test_what_is_never_true_is_true_of_no_job_and_what_is_never_false_is_false_of_none(text: str, jobs: list[Any]) -> None:
    try:
        when = when_of(compile_when(text))
    except BadWhen:
        return
    tree = parse(text)
    if never(tree):
        assert not any(when.holds(job) for job in jobs)
    if never(tree, denied=True):
        assert all(when.holds(job) is not False for job in jobs)


@pytest.mark.parametrize(
    ("text", "is_never"),
    [
        (f"{COUNT} > 2 and {COUNT} < 3", True),
        (f"{COUNT} > 1 and {COUNT} < 3", False),
        ("any(FinalMetricDataList.Value > 0.1) and any(FinalMetricDataList.Value < 0.2)", False),
        ("default(ResourceConfig.InstanceCount, 9) == 9 and not has(ResourceConfig.InstanceCount)", False),
        ("default(ResourceConfig.InstanceCount, 9) == 8 and not has(ResourceConfig)", True),
        ("count(Environment) > 0 and not has(Environment)", True),
        ("has(VpcConfig.Subnets) and not has(VpcConfig)", True),
        ("TrainingJobStatus in ['Failed'] and TrainingJobStatus matches 'S*'", True),
        ("TrainingJobName == TrainingJobArn and not (TrainingJobArn == TrainingJobName)", True),
        ("TrainingJobName != TrainingJobName", True),
        ("has(EnableNetworkIsolation) and EnableNetworkIsolation and not EnableNetworkIsolation", True),
        (" and ".join(["(has(Environment) or has(RetryStrategy))"] * 9) + " and has(VpcConfig) and not has(VpcConfig)", False),
    ],
)
def test_a_contradiction_is_found_and_in_doubt_nothing_is_reported(text: str, is_never: bool) -> None:
    """The last example has more cases than are checked."""
    compile_when(text)
    assert never(parse(text)) is is_never
