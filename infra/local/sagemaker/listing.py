"""ListTrainingJobs and ListTags. SageMaker makes the pages of ListTrainingJobs before it filters them.

This is documented for the filter by status. Users saw it for times and names too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from infra.local.sagemaker.description import summarize
from infra.local.sagemaker.errors import invalid
from infra.local.sagemaker.job import TrainingJob

ORDERS: Final[Mapping[str, Callable[[TrainingJob], tuple[Any, str]]]] = {
    "CreationTime": lambda job: (job.created_at.timestamp(), job.name),
    "Name": lambda job: (job.name, job.name),
    "Status": lambda job: (job.shown_status, job.name),
}


def list_jobs(jobs: Iterable[TrainingJob], **query: Any) -> dict[str, Any]:
    """Answer ListTrainingJobs.

    A page has MaxResults jobs (10 by default) before it is filtered. So an empty page with a NextToken is normal, and a list of
    a short period reads pages of all jobs that ever existed (aws/aws-sdk#486).
    """
    order = ORDERS[query.get("SortBy") or "CreationTime"]
    backwards = query.get("SortOrder") == "Descending"
    found = sorted(jobs, key=order, reverse=backwards)
    if token := query.get("NextToken"):
        last = _read_token(token)
        found = [job for job in found if (order(job) < last if backwards else order(job) > last)]
    size = query.get("MaxResults") or 10
    page = found[:size]
    answer: dict[str, Any] = {"TrainingJobSummaries": [summarize(job) for job in page if _matches(job, query)]}
    if len(found) > size:
        answer["NextToken"] = _token(order(page[-1]))
    return answer


def list_tags(shown: Mapping[str, str], token: str | None, most: int) -> dict[str, Any]:
    """Answer ListTags with ``shown`` (values by key), in pages of at most ``most`` tags."""
    tags = [{"Key": key, "Value": value} for key, value in shown.items()]
    if token and not token.isdigit():
        raise invalid("Invalid pagination token.")
    begin = int(token or 0)
    end = begin + most
    return {"Tags": tags[begin:end]} | ({"NextToken": str(end)} if len(tags) > end else {})


def _matches(job: TrainingJob, query: dict[str, Any]) -> bool:
    bounds: tuple[tuple[datetime, datetime | None, datetime | None], ...] = (
        (job.created_at, query.get("CreationTimeAfter"), query.get("CreationTimeBefore")),
        (job.modified_at, query.get("LastModifiedTimeAfter"), query.get("LastModifiedTimeBefore")),
    )
    inside = all((after is None or at > after) and (before is None or at < before) for at, after, before in bounds)
    named = (query.get("NameContains") or "") in job.name
    return inside and named and query.get("StatusEquals") in (None, job.shown_status)


def _token(position: tuple[Any, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _read_token(token: str) -> tuple[Any, str]:
    try:
        at, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise invalid("Invalid pagination token.") from error
    return at, name
