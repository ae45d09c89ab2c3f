"""Addresses in the AWS console."""

from __future__ import annotations

from urllib.parse import quote

DOMAINS = {"us-gov-": "console.amazonaws-us-gov.com", "cn-": "console.amazonaws.cn"}


def console_url(region: str, job: str) -> str:
    """The page of a training job in the SageMaker console."""
    domain = next((domain for prefix, domain in DOMAINS.items() if region.startswith(prefix)), "console.aws.amazon.com")
    return f"https://{quote(region)}.{domain}/sagemaker/home?region={quote(region)}#/jobs/{quote(job)}"
