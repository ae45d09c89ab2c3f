"""Prefixes are compared by whole segments; which job waits for which depends on prefixes and roles."""

from __future__ import annotations

import pytest

from controller.jobs.claim import Claim, bucket_and_prefix, claim_of, holding_up, segments_of
from tests.builders import BEGIN


def claim(uri: str, role: str = "arn:aws:iam::111122223333:role/a") -> Claim:
    return claim_of(uri, job=uri, lineage=uri, created_at=BEGIN, role=role)


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        ("s3://b/v", "s3://b/v/", "equals"),
        ("s3://b/v", "s3://b//v", "equals"),
        ("s3://b/v/x/..", "s3://b/./v", "equals"),
        ("s3://b", "s3://b/", "equals"),
        ("s3://b/..", "s3://b//", "equals"),
        ("https://s3.us-east-1.amazonaws.com/b/v", "s3://b/v", "equals"),
        ("https://b.s3.us-east-1.amazonaws.com/v/", "s3://b/v", "equals"),
        ("s3://b", "s3://b/v", "above"),
        ("s3://b/v", "s3://b/v/w", "above"),
        ("s3://b/v/..", "s3://b/v", "above"),
        ("s3://b/v", "s3://b/vision", "apart"),
        ("s3://b/v/", "s3://b/V/", "apart"),
        ("s3://b/v", "s3://c/v", "apart"),
        ("s3://b", "s3://b-2/v", "apart"),
    ],
)
def test_prefixes_are_compared_by_segment(one: str, other: str, relation: str) -> None:
    first, second = claim(one), claim(other)
    assert (first.equals(second), first.above(second), second.above(first)) == (relation == "equals", relation == "above", False)
    assert first.overlaps(second) is second.overlaps(first) is (relation != "apart")


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://b/v/w", ("b", "v/w")),
        ("s3://b", ("b", "")),
        ("https://s3.amazonaws.com/b/v", ("b", "v")),
        ("https://s3.amazonaws.com/b/v%2Fw", ("b", "v/w")),
        ("https://b.s3.amazonaws.com/v?versionId=1", ("b", "v")),
        ("s3://b/v%2Fw", ("b", "v%2Fw")),
        ("https://my.bucket.s3.eu-west-1.amazonaws.com/v", ("my.bucket", "v")),
        ("https://example.com/b/v", ("example.com", "b/v")),
        ("https://s3-mine.s3.us-east-1.amazonaws.com/victims/v", ("s3-mine", "victims/v")),
        ("https://b.S3.Amazonaws.com/V", ("b", "V")),
        ("https://S3-us-west-2.amazonaws.com:443/b/v", ("b", "v")),
        ("https://x@b.s3.amazonaws.com./v", ("b", "v")),
        ("https://s3.dualstack.eu-west-1.amazonaws.com/b/v", ("b", "v")),
        ("https://b.s3-fips.us-gov-west-1.amazonaws.com/v", ("b", "v")),
        ("https://b.s3.cn-north-1.amazonaws.com.cn/v", ("b", "v")),
        ("https://s3.amazonaws.com.evil.example/b/v", ("s3.amazonaws.com.evil.example", "b/v")),
        ("s3://B/v", ("B", "v")),
    ],
)
def test_a_uri_is_split_into_bucket_and_prefix(uri: str, place: tuple[str, str]) -> None:
    assert bucket_and_prefix(uri) == place


def test_two_dots_lead_no_higher_than_the_root() -> None:
    assert segments_of("../../a/../../b") == ("b",)


def test_an_attempt_waits_for_jobs_of_its_own_role_on_its_prefix_or_below_it() -> None:
    mine = claim("s3://b/v")
    assert mine.waits_for(claim("s3://b/v/"))
    assert mine.waits_for(claim("s3://b/v/w"))
    assert not mine.waits_for(claim("s3://b/"))
    assert not mine.waits_for(claim("s3://b/v", role="arn:aws:iam::111122223333:role/b"))
    assert mine.waits_for(claim("s3://b/v", role="")), "a row from before roles were kept is anybody's"


def test_for_a_new_prefix_every_other_claim_on_it_or_below_it_counts_and_else_only_those_of_its_own_role() -> None:
    mine, others = (
        claim("s3://b/v"),
        tuple(claim(uri, role="arn:aws:iam::111122223333:role/b") for uri in ("s3://b/v/w", "s3://b/")),
    )
    assert holding_up(mine, others, new=True) == others[:1]
    assert holding_up(mine, others) == ()
    assert holding_up(mine, (claim("s3://b/v/w"),)) == (claim("s3://b/v/w"),)
