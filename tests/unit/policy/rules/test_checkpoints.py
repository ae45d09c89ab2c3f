"""Long spot jobs save checkpoints, where they are told to, and nobody else writes there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.jobs.algorithm import AlgorithmClass
from controller.jobs.claim import Claim, claim_of, overlapping
from controller.jobs.job import Job, Outcome
from tests.builders import BEGIN, algorithm, ended, job
from tests.unit.policy.rules.judging import ask, fault_in, fix_in

CANNOT = algorithm(AlgorithmClass.BUILT_IN, name="kmeans", checkpoints=False)


def claim(name: str, uri: str, minutes: int = 0) -> Claim:
    return claim_of(uri, job=name, lineage=f"life of {name}", created_at=BEGIN + timedelta(minutes=minutes))


def test_a_long_spot_job_without_checkpoints_is_told_where_to_write_them() -> None:
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


def test_a_job_that_says_no_limit_may_run_for_a_day() -> None:
    assert "up to 24 h of training" in fault_in("checkpoint-required", job(checkpoint_uri=None, runtime_s_max=None)).wanted


def test_on_demand_jobs_need_no_checkpoints() -> None:
    assert ask("checkpoint-required", job(spot=False, checkpoint_uri=None)) is None


def test_what_cannot_checkpoint_is_not_asked_to_unless_the_rule_says_so() -> None:
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
def test_a_name_that_merely_begins_alike_is_another_place(prefix: str, uri: str) -> None:
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


def test_of_two_jobs_on_one_prefix_the_later_offends() -> None:
    claims = (claim("bert", "s3://c/one/"), claim("gpt", "s3://c/one/", minutes=1))
    older, younger = job("bert", checkpoint_uri="s3://c/one/"), job("gpt", checkpoint_uri="s3://c/one/")
    younger = replace(younger, created_at=BEGIN + timedelta(minutes=1))
    assert ask("checkpoint-exclusive", older, claims) is None
    fault = fault_in("checkpoint-exclusive", younger, claims)
    assert fault.found == "s3://c/one/"
    assert fault.wanted == "a prefix that no other job uses; bert writes to s3://c/one/"
    assert fix_in("checkpoint-exclusive", younger, claims).request == {"CheckpointConfig": {"S3Uri": "s3://c/gpt/"}}


def test_of_two_jobs_of_one_moment_the_later_name_offends() -> None:
    claims = (claim("bert", "s3://c/"), claim("bert-r02", "s3://c/"))
    assert ask("checkpoint-exclusive", job("bert", checkpoint_uri="s3://c/"), claims) is None
    assert ask("checkpoint-exclusive", job("bert-r02", checkpoint_uri="s3://c/"), claims) is not None


def test_prefixes_overlap_as_plain_strings_like_sagemaker_matches_them() -> None:
    assert (
        ask("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/one-archive"), (claim("bert", "s3://c/one"),)) is not None
    )
    assert ask("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c2/one"), (claim("bert", "s3://c/one"),)) is None


def test_attempts_of_one_lineage_share_their_prefix() -> None:
    first, second = claim("bert", "s3://c/"), claim("bert-r02", "s3://c/", minutes=9)
    same_life = (first, replace(second, lineage=first.lineage))
    later = job("bert-r02", checkpoint_uri="s3://c/", created_at=BEGIN + timedelta(minutes=9))
    assert ask("checkpoint-exclusive", later, same_life) is None


def test_a_job_that_is_over_writes_nothing_more() -> None:
    over = ended(job("gpt", checkpoint_uri="s3://c/"), Outcome.COMPLETED)
    assert ask("checkpoint-exclusive", over, (claim("bert", "s3://c/"),)) is None


def test_where_somebody_holds_a_whole_bucket_another_bucket_is_the_fix() -> None:
    claims = (claim("bert", "s3://c/", minutes=-9), claim("all", "s3://your-bucket/", minutes=-9))
    fix = fix_in("checkpoint-exclusive", job("gpt", checkpoint_uri="s3://c/x/"), claims)
    assert fix.sdk == {"checkpoint_s3_uri": "s3://another-bucket/gpt/"}


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
def test_once_the_offenders_are_gone_nobody_overlaps_and_somebody_is_left(jobs: list[Job]) -> None:
    claims = claims_of(jobs)
    innocent = claims_of([j for j in jobs if ask("checkpoint-exclusive", j, claims) is None])
    assert all(not overlapping(one, innocent) for one in innocent)
    assert bool(innocent) is bool(jobs)


@given(st.lists(JOBS, unique_by=lambda j: j.name, min_size=2, max_size=4))
def test_the_fix_overlaps_nobody(jobs: list[Job]) -> None:
    claims = claims_of(jobs)
    for one in jobs:
        fault = ask("checkpoint-exclusive", one, claims)
        if fault is not None:
            uri = fix_in("checkpoint-exclusive", one, claims).sdk["checkpoint_s3_uri"]
            assert ask("checkpoint-exclusive", replace(one, checkpoint_uri=uri), claims) is None
