"""The rules about checkpoints: long spot jobs write them, to a prefix that the policy allows and that no other job uses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import Claim, claim_of, overlapping
from controller.jobs.job import Job, Outcome
from controller.policy.findings import Finding
from controller.policy.judge import Basis, judge
from controller.policy.mode import Mode
from controller.policy.rules.kind import Evidence
from controller.policy.rules.prefix_shared import prefix_shared
from tests.builders import BEGIN, algorithm, ended, job, policy
from tests.unit.policy.rules.judging import ask, fault_in, fix_in

CANNOT = algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False)


def claim(name: str, uri: str, minutes: int = 0) -> Claim:
    return claim_of(uri, job=name, lineage=f"life of {name}", created_at=BEGIN + timedelta(minutes=minutes))


def test_a_long_spot_job_without_checkpoints_breaks_the_rule_and_the_finding_names_a_prefix() -> None:
    fault = fault_in("checkpoint-required", job(checkpoint_uri=None), under=("s3://acme/ckpt/",))
    assert (fault.field, fault.found) == ("CheckpointConfig.S3Uri", "not set")
    assert "under s3://acme/ckpt/" in fault.wanted
    assert "up to 10 h of training" in fault.wanted
    fix = fix_in("checkpoint-required", job(checkpoint_uri=None), under=("s3://acme/ckpt/",))
    assert fix.request == {"CheckpointConfig": {"S3Uri": "s3://acme/ckpt/bert/"}}
    assert fix.sdk == {"checkpoint_s3_uri": "s3://acme/ckpt/bert/"}


def test_fifteen_minutes_may_be_lost_and_a_second_more_may_not() -> None:
    assert ask("checkpoint-required", job(checkpoint_uri=None, runtime_s_max=900)) is None
    assert ask("checkpoint-required", job(checkpoint_uri=None, runtime_s_max=901)) is not None


def test_a_job_without_a_limit_may_run_for_a_day() -> None:
    assert "up to 24 h of training" in fault_in("checkpoint-required", job(checkpoint_uri=None, runtime_s_max=None)).wanted


def test_on_demand_jobs_need_no_checkpoints() -> None:
    assert ask("checkpoint-required", job(spot=False, checkpoint_uri=None)) is None


def test_an_algorithm_that_cannot_checkpoint_is_exempt_unless_the_rule_includes_it() -> None:
    incapable = job(checkpoint_uri=None, algorithm=CANNOT)
    assert ask("checkpoint-required", incapable) is None
    assert ask("checkpoint-required", incapable, only_capable=False) is not None


@pytest.mark.parametrize("uri", ["s3://acme", "s3://acme/", "s3://acme/bert", "s3://acme/bert/"])
@pytest.mark.parametrize("prefix", ["s3://acme", "s3://acme/"])
def test_a_prefix_is_a_folder_with_or_without_its_last_slash(prefix: str, uri: str) -> None:
    assert ask("checkpoint-required", job(checkpoint_uri=uri), under=("s3://other/", prefix)) is None


@pytest.mark.parametrize(
    ("prefix", "uri"),
    [
        ("s3://acme/", "s3://acme-evil/bert/"),
        ("s3://acme", "s3://acme-evil/bert/"),
        ("s3://acme/ckpt", "s3://acme/ckpt-evil/"),
        ("s3://acme/ckpt/", "s3://acme/"),
    ],
)
def test_a_prefix_that_only_begins_alike_is_another_folder(prefix: str, uri: str) -> None:
    fault = fault_in("checkpoint-required", job(checkpoint_uri=uri), under=(prefix,))
    assert fault.found == uri
    assert fault.wanted == f"an S3 prefix under {prefix}"


@given(
    st.sampled_from(["s3://a", "s3://a/b", "s3://a/b/c", "s3://ab", "s3://a-b", "s3://a/b-c"]),
    st.sampled_from(["", "/", "x", "/x"]),
)
def test_the_fix_satisfies_the_rule(prefix: str, rest: str) -> None:
    here = job(checkpoint_uri="s3://elsewhere/")
    uri = fix_in("checkpoint-required", here, under=(prefix + rest,)).sdk["checkpoint_s3_uri"]
    assert ask("checkpoint-required", replace(here, checkpoint_uri=uri), under=(prefix + rest,)) is None


def test_of_two_jobs_on_one_prefix_the_later_breaks_the_rule() -> None:
    claims = (claim("bert", "s3://c/one/"), claim("gpt", "s3://c/one/", minutes=1))
    older, younger = job("bert", checkpoint_uri="s3://c/one/"), job("gpt", checkpoint_uri="s3://c/one/")
    younger = replace(younger, created_at=BEGIN + timedelta(minutes=1))
    assert ask("checkpoint-exclusive", older, claims) is None
    fault = fault_in("checkpoint-exclusive", younger, claims)
    assert fault.found == "s3://c/one/"
    assert fault.wanted == "a prefix that no other job uses; bert writes to s3://c/one/"
    assert fix_in("checkpoint-exclusive", younger, claims).request == {"CheckpointConfig": {"S3Uri": "s3://c/gpt/"}}


def test_of_two_jobs_created_at_the_same_time_the_later_name_breaks_the_rule() -> None:
    claims = (claim("bert", "s3://c/"), claim("bert-r02", "s3://c/"))
    assert ask("checkpoint-exclusive", job("bert", checkpoint_uri="s3://c/"), claims) is None
    assert ask("checkpoint-exclusive", job("bert-r02", checkpoint_uri="s3://c/"), claims) is not None


def test_prefixes_are_compared_by_whole_segments() -> None:
    assert ask("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/one-archive"), (claim("bert", "s3://c/one"),)) is None
    assert ask("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/one/x"), (claim("bert", "s3://c/one"),)) is None
    assert ask("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c2/one"), (claim("bert", "s3://c/one"),)) is None


def test_attempts_of_one_lineage_share_their_prefix() -> None:
    first, second = claim("bert", "s3://c/"), claim("bert-r02", "s3://c/", minutes=9)
    same_life = (first, replace(second, lineage=first.lineage))
    later = job("bert-r02", checkpoint_uri="s3://c/", created_at=BEGIN + timedelta(minutes=9))
    assert ask("checkpoint-exclusive", later, same_life) is None


def test_a_job_that_has_ended_writes_no_checkpoints() -> None:
    over = ended(job("gpt", checkpoint_uri="s3://c/"), Outcome.COMPLETED)
    assert ask("checkpoint-exclusive", over, (claim("bert", "s3://c/"),)) is None


@pytest.mark.parametrize(
    ("claimed", "fix"),
    [
        (["s3://your-bucket/"], "s3://your-bucket/checkpoints/gpt/"),  # also if another job claims the whole bucket
        (["s3://your-bucket/checkpoints/gpt/x/", "s3://your-bucket/checkpoints/gpt-checkpoints/"], "s3://another-bucket/gpt/"),
    ],
)
def test_the_fix_is_a_prefix_that_nobody_claims_nor_one_below_it(claimed: list[str], fix: str) -> None:
    claims = [claim("bert", "s3://c/", minutes=-9), *(claim(f"other-{n}", uri, minutes=-9) for n, uri in enumerate(claimed))]
    found = fix_in("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/"), tuple(claims))
    assert found.sdk == {"checkpoint_s3_uri": fix}


def test_the_later_job_under_another_role_is_told_and_not_stopped() -> None:
    theirs = replace(claim("bert", "s3://c/one/"), role="arn:aws:iam::111122223333:role/stranger")
    fault = fault_in("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/one"), (theirs,))
    assert fault.wanted.endswith("bert writes to s3://c/one/ under arn:aws:iam::111122223333:role/stranger")
    assert not fault.actionable


def test_of_two_earlier_jobs_the_one_that_shares_the_role_counts() -> None:
    theirs = replace(claim("ant", "s3://c/one/"), role="arn:aws:iam::111122223333:role/stranger")
    ours = replace(claim("bert", "s3://c/one/", minutes=1), role=job().role)
    later = job("gpt", checkpoint_uri="s3://c/one", created_at=BEGIN + timedelta(minutes=2))
    assert fault_in("checkpoint-exclusive", later, (theirs, ours)).actionable


def test_a_job_whose_prefix_contains_others_gets_a_finding_and_is_never_stopped_for_it() -> None:
    fault = fault_in("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/"), (claim("bert", "s3://c/one/", minutes=9),))
    assert fault.wanted == "a prefix of its own; below this one writes bert"
    assert not fault.actionable


NAMES = st.sampled_from(["a", "ab", "a-r02", "b"])
URIS = st.sampled_from(["s3://c/", "s3://c/a", "s3://c/a/", "s3://c/a/b/", "s3://c/ab", "s3://c/b/", "s3://d/a"])
JOBS = st.builds(
    lambda name, uri, age: job(name, checkpoint_uri=uri, created_at=BEGIN + timedelta(minutes=age)),
    NAMES,
    URIS,
    st.integers(0, 2),
)


def claims_of(jobs: list[Job]) -> tuple[Claim, ...]:
    return tuple(claim_of(j.checkpoint_uri or "", job=j.name, lineage=j.name, created_at=j.created_at) for j in jobs)


@given(st.lists(JOBS, unique_by=lambda j: j.name, max_size=4))
def test_without_the_offending_jobs_no_prefixes_overlap_and_a_job_remains(jobs: list[Job]) -> None:
    claims = claims_of(jobs)
    innocent = claims_of([j for j in jobs if ask("checkpoint-exclusive", j, claims) is None])
    assert all(not overlapping(one, innocent) for one in innocent)
    assert bool(innocent) is bool(jobs)


@given(st.lists(JOBS, unique_by=lambda j: j.name, min_size=2, max_size=4))
def test_the_fix_overlaps_no_other_prefix(jobs: list[Job]) -> None:
    claims = claims_of(jobs)
    for one in jobs:
        fault = ask("checkpoint-exclusive", one, claims)
        if fault is not None:
            uri = fix_in("checkpoint-exclusive", one, claims).sdk["checkpoint_s3_uri"]
            assert ask("checkpoint-exclusive", replace(one, checkpoint_uri=uri), claims) is None


# ── a prefix without its last slash ──────────────────────────────────────────────────────────────────────────────────────────

OPEN = job(checkpoint_uri="s3://acme/ASHA-1")


def scan_beside(uri: str, sibling: str) -> CheckpointScan:
    return CheckpointScan(
        uri=uri, scanned_at=BEGIN, objects=0, bytes_seen=0, newest_at=None, complete=True, sibling=sibling
    )  # fmt: skip


def shared(one: Job, *claims: Claim, scan: CheckpointScan | None = None) -> Finding | None:
    return prefix_shared(one, Evidence(claims=claims, checkpoint_scan=scan), "#ml")


def test_a_prefix_without_a_last_slash_beside_one_that_begins_alike_is_a_finding() -> None:
    looked = scan_beside("s3://acme/ASHA-1", "s3://acme/ASHA-1-secret/")
    for found, beside in (
        (shared(OPEN, claim("other", "s3://acme/ASHA-10/")), "s3://acme/ASHA-10/"),
        (shared(OPEN, scan=looked), "another prefix that begins with the same text"),
        (shared(OPEN, claim("other", "s3://acme/ASHA-10/"), scan=looked), "s3://acme/ASHA-10/"),
    ):
        assert found is not None
        assert (found.rule, found.mode, found.action) == ("prefix-shared", Mode.WARN, None)
        assert found.found == f"s3://acme/ASHA-1, beside {beside}"
        assert "s3://acme/ASHA-1/" in found.wanted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (replace(OPEN, checkpoint_uri="s3://acme/ASHA-1/"), "s3://acme/ASHA-10/"),  # it ends with a slash
        (OPEN, "s3://acme/ASHA-1/"),  # the same prefix
        (OPEN, "s3://acme/ASHA-1/epoch/"),  # below it: checkpoint-exclusive is about that
        (OPEN, "s3://acme/ASHA-2/"),
        (OPEN, "s3://other/ASHA-10/"),
        (replace(OPEN, checkpoint_uri=None), "s3://acme/ASHA-10/"),
        (replace(OPEN, checkpoint_uri="s3://acme"), "s3://acme/ASHA-10/"),  # the whole bucket
        (ended(OPEN), "s3://acme/ASHA-10/"),
    ],
)
def test_other_prefixes_are_no_finding(one: Job, other: str) -> None:
    assert shared(one, claim("other", other)) is None


def test_the_finding_is_among_those_of_every_policy() -> None:
    evidence = Evidence(claims=(claim("other", "s3://acme/ASHA-10/"),))
    assert [finding.rule for finding in judge(OPEN, Basis(policy(rules=()), evidence)).findings] == ["prefix-shared"]
    assert judge(OPEN, Basis(policy(rules=()), Evidence())).findings == ()
