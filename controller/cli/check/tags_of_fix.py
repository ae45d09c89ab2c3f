"""The tags of a fix as people merge them into a request: the whole list, because a merge replaces a list as a whole.

The controller itself sends a typed change (``controller.jobs.changes``), which adds tags to those from ListTags.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from controller.aws.sagemaker.read_job import job_of
from controller.cli.documents.found import Found
from controller.jobs.job import Job
from controller.jobs.request import OUR_TAGS, TAGS_MAX, RequestChange
from controller.policy.findings import Fix
from controller.policy.fix import sdk_arguments
from controller.units.plural import count

ONLY_ADDED = "only those to add to the job's own: the document does not contain the job's tags"


class TooManyTags(Exception):
    """With the tags that a change adds, a request would have more than SageMaker accepts. The message explains it."""


def tags_over(body: Any, tags: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The document's tags, overridden by the caller's; None without the caller's."""
    if tags is None:
        return None
    own = body.get("Tags") or []
    if isinstance(own, Mapping):
        return {**own, **tags}
    return {**{tag["Key"]: tag["Value"] for tag in own if isinstance(tag, Mapping) and {"Key", "Value"} <= tag.keys()}, **tags}


def says_tags(document: Mapping[str, Any], later: Collection[str], found: Found) -> bool:
    """Whether a document shows which tags its job has; a request without ``Tags`` means none."""
    return "tags" not in job_of(document, kind=found.base, later=later, service=found.service).unknown


def with_whole_tags(change: RequestChange, job: Job) -> RequestChange:
    """The change with all tags of the job after it: its own tags in their order, with new values, then the added ones.

    ``aws:`` tags and those that the controller sets on attempts are left out, because people cannot set them. If the job's tags
    are unknown, the change is returned as it is. Raises TooManyTags.
    """
    added = {tag["Key"]: tag["Value"] for tag in change.get("Tags") or ()}
    if "tags" in job.unknown:
        return change
    own = {key: value for key, value in job.tags.items() if key not in OUR_TAGS and not key.lower().startswith("aws:")}
    whole = {**own, **added}
    if len(whole) > TAGS_MAX:
        missing = [key for key in added if key not in own]
        raise TooManyTags(
            f"no request satisfies these rules: they want {count(len(missing), 'more tag')} ({', '.join(missing)}), the job has"
            f" {len(own)}, and SageMaker accepts at most {TAGS_MAX}"
        )
    return {**change, "Tags": _listed(whole)}


def whole_fix(fix: Fix, job: Job, *, misspelt: bool = False) -> Fix:
    """The fix with the whole list of tags, or why SageMaker would not accept it. ``misspelt``: the request has its tags under a
    wrong name, which the fix removes.
    """
    if not fix.request.get("Tags") and not (misspelt and fix.request and job.tags):
        return fix
    try:
        change = with_whole_tags(fix.request, job)
    except TooManyTags as why:
        return Fix(why_not=str(why))
    return Fix(request=change, sdk=sdk_arguments(change))


def only_added(fix: Fix, job: Job) -> Fix:
    """The fix without tags that the job has already, for a document that does not contain the job's tags."""
    tags = [tag for tag in fix.request.get("Tags") or () if job.tags.get(tag["Key"]) != tag["Value"]]
    if not tags:
        return fix
    change = {**fix.request, "Tags": tags}
    return Fix(request=change, sdk=sdk_arguments(change), tags=ONLY_ADDED)


def _listed(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
