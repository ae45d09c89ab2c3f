"""A stage is deployed from an address in its own partition."""

from __future__ import annotations

import pytest

from infra.deploy import domain_of


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eu-central-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-iso-east-1", "c2s.ic.gov"),
    ],
)
def test_the_template_lies_in_the_domain_of_the_regions_partition(region: str, domain: str) -> None:
    assert domain_of(region) == domain
