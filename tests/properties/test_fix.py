"""With its fix, a job keeps all rules and SageMaker accepts it. Without a fix, there is a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.cli.check.judging import Checked, check_document
from controller.cli.check.request_constraints import documented_refusals
from controller.cli.check.request_model import model_refusals
from controller.cli.documents.found import Found
from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.job import Job
from controller.jobs.request import merged
from controller.jobs.spot_possible import EXCLUDING, refusals, runtime_of
from controller.policy.findings import VerdictKind
from controller.policy.fix import applied
from controller.policy.judge import Basis, judge, judged, standing_findings
from controller.policy.mode import Mode
from controller.policy.policy import Policy, Repair
from controller.policy.repair import repaired_request
from controller.policy.rules.kind import Evidence
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.selector import Selector
from controller.policy.waiver import Waiver
from tests.builders import BEGIN as NOW
from tests.builders import algorithm, job, policy, rule
from tests.examples import examples

HOURS = st.sampled_from([600, 900, 901, 3600, 3601, 7200, 14_400, 86_400, 172_800, 432_000])
ALGORITHMS = (
    algorithm(),
    algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False, why="kmeans cannot checkpoint"),
    algorithm(AlgorithmClass.BUILT_IN, name="sagemaker-xgboost", checkpoints=True),
)
OPTIONS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "spot-required": st.fixed_dictionaries({"runtime_over_s": HOURS}),
    "checkpoint-required": st.fixed_dictionaries(
        {
            "runtime_over_s": HOURS,
            "under": st.sampled_from([(), ("s3://acme/",), ("s3://acme/ckpt/", "s3://other/"), ("s3://other/", "s3://third/")]),
            "only_capable": st.booleans(),
        }
    ),
    "uncheckpointed-cap": st.fixed_dictionaries({"at_most_s": HOURS, "without_config": st.booleans()}),
    "max-wait-limit": st.fixed_dictionaries({"at_most_s": HOURS})
    | st.fixed_dictionaries({"times_runtime": st.sampled_from([1, 1.5, 3])}),
    "max-runtime-limit": st.fixed_dictionaries({"at_most_s": HOURS}),
    "tags-required": st.fixed_dictionaries({"tags": st.sampled_from([("team",), ("cost-center", "team"), ("owner",)])}),
    "instance-allowed": st.fixed_dictionaries(
        {"instance_types": st.sampled_from([("ml.g5.*",), ("ml.g5.2xlarge", "ml.m5.large"), ("ml.m5.*", "ml.p4d.24xlarge")])}
    ),
}
SELECTORS = st.sampled_from(
    [Selector(), Selector(tags={"team": ("vision",)}), Selector(instance_type=("ml.g5.*",)), Selector(algorithm=("built-in",))]
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A random policy of up to six rules that jobs often break."""
    kinds = draw(st.lists(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=6))
    rules = tuple(
        rule(
            f"rule-{number}", kind=kind, options=draw(OPTIONS[kind]), match=draw(SELECTORS), mode=Mode.WARN, action=None,
            repair=draw(st.sampled_from([Repair(), Repair(checkpoint="s3://acme/ckpt/{job}/", tags={"owner": "ml"})])),
        )
        for number, kind in enumerate(kinds)
    )  # fmt: skip
    return policy(rules=rules)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """A random job, also one that SageMaker would refuse."""
    excluded = draw(st.sampled_from([(), (), (), *((member,) for member in EXCLUDING)]))
    return job(
        "bert", spot=draw(st.booleans()), runtime_s_max=draw(st.none() | HOURS), wait_s_max=draw(st.none() | HOURS),
        checkpoint_uri=draw(st.sampled_from([None, "s3://acme/ckpt/bert/", "s3://elsewhere/bert/"])),
        algorithm=draw(st.sampled_from(ALGORITHMS)), instance_type=draw(st.sampled_from(["ml.g5.2xlarge", "ml.p3.2xlarge"])),
        tags=draw(st.sampled_from([{}, {"team": "vision"}, {"owner": "x", "team": "search"}])), excludes_spot=excluded,
        output_uri=draw(st.sampled_from([None, "s3://acme-ml/out"])), intervals=(),
    )  # fmt: skip


EVIDENCE = Evidence(claims=())


@given(jobs(), policies())
def test_a_job_with_its_fix_breaks_nothing_that_the_fix_could_have_cured(about: Job, whole: Policy) -> None:
    verdict = judge(about, Basis(whole, EVIDENCE))
    if not verdict.findings or verdict.fix.why_not:
        return
    fixed = applied(about, verdict.fix.request)
    left, _ = judged(fixed, Basis(whole, EVIDENCE))
    assert [finding.policy for finding in left] == []
    assert not list(refusals(fixed))
    assert runtime_of(fixed) == runtime_of(about)


@given(jobs(), policies())
def test_a_second_fix_changes_nothing(about: Job, whole: Policy) -> None:
    verdict = judge(about, Basis(whole, EVIDENCE))
    assert all(finding.fix == verdict.fix for finding in verdict.findings)
    if verdict.findings and not verdict.fix.why_not:
        again = judge(applied(about, verdict.fix.request), Basis(whole, EVIDENCE))
        assert (again.findings, again.fix.request) == ((), {})


@given(jobs(), policies())
def test_without_a_fix_there_is_a_reason(about: Job, whole: Policy) -> None:
    verdict = judge(about, Basis(whole, EVIDENCE))
    if verdict.findings and not verdict.fix.request:
        assert verdict.fix.why_not


SPOT_CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"ResourceConfig": {"KeepAlivePeriodInSeconds": None}},
    {"EnableManagedSpotTraining": True},
    {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}},
)
PREFIXES = ("s3://acme/ckpt/bert/", "s3://other/bert/", "s3://third/bert/")


def other_changes(about: Job) -> Iterable[dict[str, Any]]:
    """Changes that a person would try: on spot or on-demand, other waiting times and checkpoint prefixes, the missing tags."""
    refused = any(one.field == "EnableManagedSpotTraining" for one in refusals(about))
    added = {"Tags": [{"Key": key, "Value": "x"} for key in ("team", "cost-center", "owner") if key not in about.tags]}
    for spot in SPOT_CHANGES if refused else SPOT_CHANGES[:3]:
        waits = (None, runtime_of(about), 2 * runtime_of(about), 3600) if "StoppingCondition" not in spot else (None,)
        for wait, prefix in product(waits, (None, *PREFIXES)):
            wanted: dict[str, Any] = {"StoppingCondition": {"MaxWaitTimeInSeconds": wait}} if wait else {}
            yield merged(spot, wanted, {"CheckpointConfig": {"S3Uri": prefix}} if prefix else {}, added)


@settings(max_examples=examples(25))
@given(jobs(), policies())
def test_if_no_fix_is_found_no_simple_change_is_a_fix(about: Job, whole: Policy) -> None:
    verdict = judge(about, Basis(whole, EVIDENCE))
    if not verdict.fix.why_not or any(finding.rule == "instance-allowed" for finding in verdict.findings):
        return
    for change in other_changes(about):
        changed = applied(about, change)
        assert any(refusals(changed)) or judged(changed, Basis(whole, EVIDENCE))[0], change


@settings(max_examples=examples(25))
@given(jobs(), policies(), st.data())
def test_a_waived_rule_changes_no_fix_and_no_repair(about: Job, whole: Policy, data: st.DataObject) -> None:
    off = data.draw(st.sampled_from(whole.rules)).name
    rules = tuple(replace(one, repair=Repair()) if one.name == off else one for one in whole.rules)
    without = replace(whole, rules=tuple(one for one in rules if one.name != off))
    waiver = Waiver(rules=(off,), reason="r", owner="o", ticket="t", expires=NOW + timedelta(days=1), name="w")
    waiving = replace(whole, rules=rules, waivers=(waiver,))
    told, wanted = judge(about, Basis(waiving, EVIDENCE, now=NOW)), judge(about, Basis(without, EVIDENCE, now=NOW))
    assert (told.fix, told.word) == (wanted.fix, wanted.word)
    repairs = [
        repaired_request(about, broken, one, partial(standing_findings, basis=Basis(one, EVIDENCE, now=NOW)))
        for one in (waiving, without)
        if (broken := standing_findings(about, Basis(one, EVIDENCE, now=NOW)))
    ]
    assert len({str(one) for one in repairs}) <= 1


@given(jobs(), policies())
def test_a_request_with_its_fix_is_one_that_sagemaker_takes(about: Job, whole: Policy) -> None:
    about = replace(about, excludes_spot=())
    verdict = judge(about, Basis(whole, EVIDENCE))
    if not verdict.findings or verdict.fix.why_not:
        return
    request = patched(request_of(about), checked(request_of(about), whole).fix.request)
    assert model_refusals(request, "CreateTrainingJobRequest", filled=frozenset()) == []
    assert documented_refusals(request) == []


@given(jobs(), policies())
def test_a_request_with_its_fix_merged_keeps_the_rules_and_its_own_tags(about: Job, whole: Policy) -> None:
    request = request_of(replace(about, excludes_spot=()))
    before = checked(request, whole)
    if before.fix.why_not or not before.fix.request:
        return
    fixed = patched(request, before.fix.request)
    after = checked(fixed, whole)
    assert (after.word, after.findings, after.refused) == (VerdictKind.ALLOW, (), ())
    own = [tag["Key"] for tag in request["Tags"]]
    assert [tag["Key"] for tag in fixed["Tags"]][: len(own)] == own


def checked(request: dict[str, Any], whole: Policy) -> Checked:
    return check_document(Found(file="job.json", kind="request", body=request), whole, evidence=EVIDENCE)


def patched(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396): objects are merged, null removes a member, lists are replaced."""
    if not isinstance(patch, Mapping):
        return patch
    whole = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            whole.pop(name, None)
        else:
            whole[name] = patched(whole.get(name), value)
    return whole


def request_of(about: Job) -> dict[str, Any]:
    """The CreateTrainingJob request of a job."""
    return without_nulls(
        {
            "TrainingJobName": about.name, "RoleArn": about.role, "EnableManagedSpotTraining": about.spot,
            "AlgorithmSpecification": {"TrainingImage": "train:1", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": about.output_uri or "s3://acme-ml/out"},
            "ResourceConfig": {"InstanceType": about.instance_type, "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": about.runtime_s_max, "MaxWaitTimeInSeconds": about.wait_s_max},
            "CheckpointConfig": {"S3Uri": about.checkpoint_uri} if about.checkpoint_uri else None,
            "Tags": [{"Key": key, "Value": value} for key, value in about.tags.items() if value and key != "owner"],
        }
    )  # fmt: skip


def without_nulls(value: Any) -> Any:
    """A request as it is sent, without null members."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return value


def test_every_kind_that_a_request_can_break_is_generated() -> None:
    assert set(RULE_KINDS) - set(OPTIONS) == {"checkpoint-alive", "checkpoint-exclusive", "spot-worth-it"}
