"""URLs of pages in the AWS console."""

from __future__ import annotations

import pytest

from controller.notifications.console_links import console_url, job_links, link, logs_url


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("mx-central-1", "mx-central-1.console.aws.amazon.com"),
    ],
)
def test_an_address_is_in_the_domain_of_the_region_s_partition(region: str, host: str) -> None:
    assert console_url(region, "bert").startswith(f"https://{host}/sagemaker/home?region={region}#/jobs/")
    assert logs_url(region, "bert").startswith(f"https://{host}/cloudwatch/home?region={region}#logsV2:")


@pytest.mark.parametrize("region", ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1", "", "evil.com/?x="])
def test_a_region_whose_console_is_not_known_has_no_address(region: str) -> None:
    assert (console_url(region, "bert"), logs_url(region, "bert"), job_links(region, "bert")) == ("", "", [])


def test_a_name_cannot_leave_its_link() -> None:
    assert ">" not in console_url("us-east-1", "a|b>c<d")
    assert "|" not in logs_url("us-east-1", "a|b>c<d")
    assert link("https://x.example/a|b>c&d", "text") == "<https://x.example/a%7Cb%3Ec&amp;d|text>"
    assert link("", "text") == "text"
