"""Reads the name of a training job from an argument: the name itself, or the job's ARN."""

from __future__ import annotations

import re

JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
JOB_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):training-job/(?P<name>[a-zA-Z0-9-]+)")


def job_name(text: str) -> str | None:
    """The name of a job, from its name or its ARN; None for any other text."""
    arn = JOB_ARN.fullmatch(text)
    if arn:
        return arn["name"]
    return text if JOB_NAME.fullmatch(text) else None


def not_meant(text: str, account: str, region: str) -> str:
    """Why a job in this account and region is not the one in the argument; empty if it is, and for a name without an ARN."""
    arn = JOB_ARN.fullmatch(text)
    if arn is None or (arn["account"], arn["region"]) == (account, region):
        return ""
    add = f"add --region {arn['region']}" if arn["account"] == account else f"use credentials of the account {arn['account']}"
    return f"found the ARN of a job of {arn['account']} in {arn['region']}, and this is {account} in {region}: {add}"
