"""A rule that needs an unknown field is undecided. Only live jobs that no AWS service owns get the verdict stop."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.directives import Directives, directives_of
from controller.jobs.job import Job, Outcome, Service
from controller.policy.findings import NO_DEMAND, VerdictKind
from controller.policy.judge import Basis, judge
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo
from controller.policy.rules.kind import Evidence
from controller.policy.rules.rule_kinds import RULE_KINDS
from controller.policy.selector import Selector
from tests.builders import algorithm, ended, job, policy, rule

ON_DEMAND = job(spot=False)


def test_the_rule_kinds_have_their_documented_ids() -> None:
    assert set(RULE_KINDS) == {
        "checkpoint-required", "uncheckpointed-cap", "max-wait-limit", "max-runtime-limit", "spot-required",
        "checkpoint-exclusive", "checkpoint-alive", "tags-required", "instance-allowed", "spot-worth-it",
    }  # fmt: skip


@pytest.mark.parametrize("kind", RULE_KINDS.values(), ids=RULE_KINDS)
def test_a_kind_needs_fields_of_jobs_or_of_evidence(kind: object) -> None:
    known = {field.name for one in (Job, Evidence) for field in fields(one)}
    assert getattr(kind, "needs", set()) <= known


def test_an_enforced_finding_on_a_live_job_says_stop() -> None:
    assert judge(ON_DEMAND, Basis(policy(), Evidence(claims=()))).word is VerdictKind.STOP


@pytest.mark.parametrize(
    "spared", [ended(ON_DEMAND, Outcome.COMPLETED), job(spot=False, service=Service.TUNING)], ids=["over", "owned"]
)
def test_a_job_that_has_ended_or_has_an_owner_only_gets_findings(spared: Job) -> None:
    assert judge(spared, Basis(policy(), Evidence(claims=()))).word is VerdictKind.FINDINGS


def test_a_finding_in_mode_audit_is_a_finding_too() -> None:
    audit = policy(rules=(rule(mode=Mode.AUDIT, action=None),))
    verdict = judge(ON_DEMAND, Basis(audit, Evidence(claims=())))
    assert (verdict.word, [f.policy for f in verdict.findings]) == (VerdictKind.FINDINGS, ["use-spot"])


def test_a_rule_that_needs_an_unknown_field_is_undecided_and_finds_nothing() -> None:
    verdict = judge(job(spot=False, unknown=frozenset({"spot"})), Basis(policy(), Evidence(claims=())))
    assert (verdict.word, verdict.findings, verdict.undecided) == (VerdictKind.UNDECIDED, (), ("use-spot",))


UNCAPABLE = job(algorithm=algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False, why="it cannot"))
WARM = ("ResourceConfig.KeepAlivePeriodInSeconds",)


@pytest.mark.parametrize(
    ("kind", "about", "unknown"),
    [
        ("spot-required", job(spot=False, excludes_spot=WARM), {"spot", "runtime_s_max", "algorithm"}),
        ("spot-required", job(spot=False, runtime_s_max=60), {"spot", "excludes_spot", "algorithm"}),
        ("spot-required", job(), {"runtime_s_max", "algorithm"}),
        ("spot-required", replace(UNCAPABLE, runtime_s_max=86_400), {"spot"}),
        ("checkpoint-required", job(checkpoint_uri="s3://acme/x/"), {"spot", "runtime_s_max", "algorithm"}),
        ("checkpoint-required", job(checkpoint_uri=None, runtime_s_max=60), {"spot", "checkpoint_uri", "algorithm"}),
        ("checkpoint-required", job(spot=False, checkpoint_uri=None), {"checkpoint_uri", "runtime_s_max"}),
        ("checkpoint-required", replace(UNCAPABLE, checkpoint_uri=None), {"spot", "runtime_s_max"}),
    ],
)
def test_a_rule_is_decided_if_the_job_keeps_it_for_all_values_of_unknown_fields(kind: str, about: Job, unknown: set[str]) -> None:
    whole = policy(rules=(rule("one", kind=kind, options={"runtime_over_s": 3600}),))
    verdict = judge(replace(about, unknown=frozenset(unknown)), Basis(whole, Evidence(claims=())))
    assert (verdict.word, verdict.undecided) == (VerdictKind.ALLOW, ())
    everything = frozenset({"spot", "runtime_s_max", "algorithm", "checkpoint_uri", "excludes_spot"})
    assert judge(replace(about, unknown=everything), Basis(whole, Evidence(claims=()))).undecided == ("one",)


def test_a_selector_that_needs_an_unknown_field_leaves_its_rule_undecided() -> None:
    theirs = policy(rules=(rule(match=Selector(region=("eu-*",))),))
    assert judge(job(spot=False, unknown=frozenset({"region"})), Basis(theirs, Evidence(claims=()))).undecided == ("use-spot",)


def test_without_claims_the_rule_about_them_is_undecided() -> None:
    alone = policy(rules=(rule(kind="checkpoint-exclusive", options={}),))
    assert judge(job(), Basis(alone, Evidence())).undecided == ("use-spot",)
    assert judge(job(), Basis(alone, Evidence(claims=()))).undecided == ()


def test_a_tag_without_effect_is_found_in_running_jobs_too_and_asks_for_no_change() -> None:
    late = job(tags={"team": "vision", "spotwarden:deadline": "soon"})
    [finding] = [f for f in judge(late, Basis(policy(rules=()), Evidence())).findings if f.rule == "tag-invalid"]
    assert (finding.applies_to, finding.mode, finding.action, finding.demand) == (AppliesTo.RUNNING, Mode.WARN, None, NO_DEMAND)
    assert finding.found == "spotwarden:deadline='soon'"


def test_directives_in_force_count_in_place_of_the_job_s_tags() -> None:
    late, basis = job(tags={"team": "vision", "spotwarden:deadline": "soon"}), Basis(policy(rules=()), Evidence())
    assert judge(late, basis, Directives()).findings == ()
    read = directives_of(late.tags, created_at=late.created_at)
    assert [f.rule for f in judge(replace(late, tags={}), basis, read).findings] == ["tag-invalid"]
