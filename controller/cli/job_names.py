"""Reads the name of a training job as people type it: the name itself, or the job's ARN."""

from __future__ import annotations

import re

JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
JOB_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-job/([a-zA-Z0-9-]+)")


def job_name(text: str) -> str | None:
    """The name of a job, from a name or an ARN; None for anything else."""
    arn = JOB_ARN.fullmatch(text)
    if arn:
        return arn[1]
    return text if JOB_NAME.fullmatch(text) else None
