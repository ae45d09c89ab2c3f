"""Finds the fix of a job: the smallest change of its request after which it keeps every rule and SageMaker accepts it.

Each broken rule has a ``Demand`` on the request. A fix meets all demands at once, and the changed job is judged again. The change
may break another rule: a job on spot must write checkpoints. The demand of that rule is then added. This ends when no rule is
broken, or when two demands exclude each other. MaxRuntimeInSeconds is never lowered: only the job's owner knows how long it
needs. On-demand costs more, so a job leaves spot only if SageMaker refuses it there, even without its warm pool.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from typing import Any

from controller.jobs.checkpoint import within
from controller.jobs.claim import claim_of, writing_there
from controller.jobs.instance import difference, equivalents, instance_types
from controller.jobs.job import Job
from controller.jobs.request import WAIT_FACTOR, RequestChange, merged
from controller.jobs.spot_possible import (
    CAPPED_S,
    REFUSED_ON_SPOT,
    members_excluding_spot,
    refusals,
    refused_beside_groups,
    runtime_of,
    why_not_spot,
)
from controller.policy.findings import Demand, Fix
from controller.units.duration import said
from controller.units.value import dataclass, replace

ROUNDS = 12  # more than any job has demands: each round but the last adds a demand
WARM = "ResourceConfig.KeepAlivePeriodInSeconds"
COOLED: RequestChange = {"ResourceConfig": {"KeepAlivePeriodInSeconds": None}}
ON_DEMAND: RequestChange = {"EnableManagedSpotTraining": False, "StoppingCondition": {"MaxWaitTimeInSeconds": None}}
SOME_BUCKET = "s3://your-bucket/checkpoints"  # a placeholder, where the request names no bucket
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")  # a job without a name has that of a pipeline step, a state or a variable

Broken = Callable[[Job], Sequence[tuple[str, Demand]]]
"""Returns the rules that a job breaks: the name of each, and its demand."""


class Impossible(Exception):
    """No request meets all demands. The message names the rules that exclude each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Values that a fix may choose where a rule allows several."""

    places: tuple[str, ...] = ()  # checkpoint prefixes, the preferred one first
    only_places: bool = False  # no other prefixes; if one of them is in use, the controller chooses a prefix beside it
    tags: Mapping[str, str] = field(default_factory=dict)  # values by tag key
    may_leave_spot: bool = True  # whether a job that SageMaker refuses on spot may move to on-demand


def combined_fix(job: Job, broken: Broken, values: Values) -> Fix:
    """The change after which ``broken`` returns nothing and SageMaker accepts the request; or why there is none."""
    why_not = ""
    for beginning in _beginnings(job):
        try:
            change = _converged(job, beginning, broken, values)
            return Fix(request=change, sdk=sdk_arguments(change))
        except Impossible as why:
            why_not = why_not or str(why)
    return Fix(why_not=why_not)


def _beginnings(job: Job) -> tuple[RequestChange, ...]:
    """The changes that a fix may start from, the preferred one first. A job that SageMaker refuses on spot loses its warm pool,
    or else moves to on-demand.
    """
    if not job.spot or _refused_on_spot(job) is None:
        return ({},)
    return (COOLED, ON_DEMAND) if job.excludes_spot == (WARM,) else (ON_DEMAND,)


def _refused_on_spot(job: Job) -> str | None:
    """Why SageMaker refuses a job on spot; None if it does not, or if that is not certain."""
    certain = not job.excludes_spot or set(job.excludes_spot) & REFUSED_ON_SPOT
    return why_not_spot(replace(job, spot=True)) if certain else None


def _converged(job: Job, beginning: RequestChange, broken: Broken, values: Values) -> RequestChange:
    """A change that includes ``beginning`` and after which no rule is broken. Raises Impossible."""
    if beginning == ON_DEMAND and not values.may_leave_spot:
        raise Impossible(
            f"SageMaker refuses this job on spot: {_refused_on_spot(job)}. On-demand costs more, so a person must decide"
        )
    begun, demands, change = applied(job, beginning), list[tuple[str, Demand]](), beginning
    for _ in range(ROUNDS):
        changed = applied(job, change)
        wrong = [(name, demand) for name, demand in broken(changed) if not _met_later(demand, change, job, values)]
        if not wrong and not any(refusals(changed)):
            return change
        demands += [item for item in wrong if item not in demands]
        following = merged(beginning, _smallest(begun, demands, values))
        if following == change:
            left = ", ".join(dict.fromkeys(name for name, _ in wrong))
            raise Impossible(
                f"no change of the request satisfies {left}" if left else "there is no change with which SageMaker accepts it"
            )
        change = following
    raise Impossible("no request satisfies these rules: each change breaks another of them")


def _met_later(demand: Demand, change: RequestChange, job: Job, values: Values) -> bool:
    """Whether a repair's checkpoint prefix will meet a demand: if it is in use, the controller chooses one beside it later,
    before it calls CreateTrainingJob.
    """
    uri = change.get("CheckpointConfig", {}).get("S3Uri")
    asks_for_a_free_one = demand.checkpoint and bool(demand.checkpoint_apart_from)
    return values.only_places and bool(uri) and asks_for_a_free_one and _allows(demand, uri, job, free=False)


def applied(job: Job, change: RequestChange) -> Job:
    """The job as it would be after a change of its request; with an empty change, the same object."""
    if not change:
        return job
    stopping, resources = change.get("StoppingCondition", {}), change.get("ResourceConfig", {})
    checkpoints = change.get("CheckpointConfig", {"S3Uri": job.checkpoint_uri}) or {}
    excluding = tuple(m for m in job.excludes_spot if m.rpartition(".")[2] not in resources and m not in change)
    return replace(
        job,
        spot=change.get("EnableManagedSpotTraining", job.spot),
        runtime_s_max=stopping.get("MaxRuntimeInSeconds", job.runtime_s_max),
        wait_s_max=stopping.get("MaxWaitTimeInSeconds", job.wait_s_max),
        checkpoint_uri=checkpoints.get("S3Uri"),
        instance_type=resources.get("InstanceType", job.instance_type),
        instance_count=resources.get("InstanceCount", job.instance_count),
        volume_gb=resources.get("VolumeSizeInGB", job.volume_gb),
        tags={**job.tags, **{tag["Key"]: tag["Value"] for tag in change.get("Tags", ())}},
        excludes_spot=excluding + members_excluding_spot(change),
        members={path: _member_after(change, path, value) for path, value in job.members.items()},
        unknown=job.unknown - {name for name, path in _SET_BY.items() if _sets(change, path)},
    )


_SET_BY: Mapping[str, tuple[str, ...]] = {
    "spot": ("EnableManagedSpotTraining",),
    "runtime_s_max": ("StoppingCondition", "MaxRuntimeInSeconds"),
    "wait_s_max": ("StoppingCondition", "MaxWaitTimeInSeconds"),
    "checkpoint_uri": ("CheckpointConfig", "S3Uri"),
    "instance_type": ("ResourceConfig", "InstanceType"),
}


def _member_after(change: Any, path: tuple[str, ...], value: Any) -> Any:
    """The value of a member of the job's document after a change of its request; ``value`` is the one before."""
    for name in path:
        if change is None:
            return None  # the change removes a structure that contains the member
        if not isinstance(change, Mapping) or name not in change:
            return value
        change = change[name]
    return value if isinstance(change, Mapping) else change


def _sets(change: Any, path: tuple[str, ...]) -> bool:
    return not path or (isinstance(change, Mapping) and path[0] in change and _sets(change[path[0]], path[1:]))


def sdk_arguments(change: RequestChange) -> Mapping[str, Any]:
    """A change as arguments of the SageMaker Python SDK's Estimator (v2)."""
    stopping, resources = (change.get(name) or {} for name in ("StoppingCondition", "ResourceConfig"))
    saved = change["CheckpointConfig"] or {"S3Uri": None} if "CheckpointConfig" in change else {}
    found: dict[str, Any] = {}
    for name, source, member in (
        ("use_spot_instances", change, "EnableManagedSpotTraining"),
        ("max_run", stopping, "MaxRuntimeInSeconds"),
        ("max_wait", stopping, "MaxWaitTimeInSeconds"),
        ("checkpoint_s3_uri", saved, "S3Uri"),
        ("instance_type", resources, "InstanceType"),
        ("instance_count", resources, "InstanceCount"),
        ("volume_size", resources, "VolumeSizeInGB"),
        ("keep_alive_period_in_seconds", resources, "KeepAlivePeriodInSeconds"),
        ("tags", change, "Tags"),
    ):
        if member in source:
            found[name] = source[member]
    return found


Named = Sequence[tuple[str, Demand]]


def _smallest(job: Job, demands: Named, values: Values) -> RequestChange:
    """The smallest change that meets the demands. Raises Impossible."""
    _runtime(job, demands)
    parts = [_spot(job, demands, values), _tags(job, demands, values), _instance(job, demands), *(d.request for _, d in demands)]
    change = merged(*(part for part in parts if part))
    if refused := refused_beside_groups(job, change):
        raise Impossible(f"{_listed(name for name, d in demands if d.request or d.instance_types)} wants {refused}")
    return change


def _runtime(job: Job, demands: Named) -> None:
    for name, demand in demands:
        if demand.runtime_s_most is not None and runtime_of(job) > demand.runtime_s_most:
            raise Impossible(
                f"{name} allows MaxRuntimeInSeconds of at most {said(demand.runtime_s_most)}, and this job asks for"
                f" {said(runtime_of(job))}. A fix never lowers it: only the job's owner knows how long the job needs"
            )


def _spot(job: Job, demands: Named, values: Values) -> RequestChange:
    """EnableManagedSpotTraining, MaxWaitTimeInSeconds and CheckpointConfig, which depend on each other. Raises Impossible."""
    wanting = [name for name, demand in demands if demand.spot]
    if not job.spot and not wanting:
        unwaited = {"StoppingCondition": {"MaxWaitTimeInSeconds": None}} if job.wait_s_max is not None else {}
        return merged(unwaited, _checkpoint(job, demands, values, needed=False))
    excluded = _refused_on_spot(job) if job.spot else why_not_spot(replace(job, spot=True))
    if excluded:
        wants = f"{_listed(wanting)} wants spot, and SageMaker refuses it" if wanting else "SageMaker refuses it on spot"
        raise Impossible(f"no request satisfies these rules: {wants}: {excluded}")
    flag = {} if job.spot else {"EnableManagedSpotTraining": True}
    unsaved = not job.spot and job.checkpoint_uri is None and job.algorithm.checkpoints is not False
    return merged(flag, _waiting(job, demands, wanting), _checkpoint(job, demands, values, needed=unsaved))


def _waiting(job: Job, demands: Named, wanting: Sequence[str]) -> RequestChange:
    """MaxWaitTimeInSeconds of a spot job: at least MaxRuntimeInSeconds, and at most what the rules allow. Raises Impossible."""
    limits = [(d.wait_s_most, name) for name, d in demands if d.wait_s_most is not None]
    if job.spot and job.excludes_spot and job.wait_s_max is None and not limits:
        return {}  # it is not known whether SageMaker requires MaxWaitTimeInSeconds
    if job.algorithm.checkpoints is False and not job.excludes_spot:  # else it is not known whether this limit applies
        limits.append((CAPPED_S, "SageMaker (for an algorithm that cannot checkpoint)"))
    most_s, limiting = min(limits, default=(None, ""))
    runtime_s, wait_s = runtime_of(job), job.wait_s_max
    known = not {"wait_s_max", "runtime_s_max"} & job.unknown
    if known and most_s is not None and most_s < runtime_s:
        also = f"; {_listed(wanting)} wants spot" if wanting else ""
        raise Impossible(
            f"no request on spot satisfies these rules with MaxRuntimeInSeconds of {said(runtime_s)}: {limiting} allows"
            f" MaxWaitTimeInSeconds of at most {said(most_s)}, and SageMaker wants it to be at least MaxRuntimeInSeconds{also}."
            " A fix never lowers MaxRuntimeInSeconds, since the job may need it. Its owner can lower it, or run the job"
            " on-demand, which costs more; or the rule can be changed or waived"
        )
    if wait_s is None or wait_s < runtime_s:
        wait_s = WAIT_FACTOR * runtime_s
    if most_s is not None:
        wait_s = min(wait_s, most_s)
    if job.spot and (not known or wait_s == job.wait_s_max):
        return {}
    return {"StoppingCondition": {"MaxRuntimeInSeconds": runtime_s, "MaxWaitTimeInSeconds": wait_s}}


def _checkpoint(job: Job, demands: Named, values: Values, *, needed: bool) -> RequestChange:
    """A CheckpointConfig with a prefix that every rule allows and that no other job uses. Raises Impossible."""
    asking = [(name, demand) for name, demand in demands if demand.checkpoint]
    if not asking and not needed:
        return {}
    roots = [root for _, demand in asking for root in demand.checkpoint_under]
    name = _NOT_IN_NAMES.sub("-", job.name).strip("-") or "job"
    offered = list(values.places)
    if not values.only_places:
        bucket = "/".join(job.output_uri.split("/")[:3]) if job.output_uri and job.output_uri.startswith("s3://") else None
        own = f"{bucket}/checkpoints" if bucket else SOME_BUCKET
        beside = job.checkpoint_uri.rstrip("/").rpartition("/")[0] if job.checkpoint_uri else ""
        above = [beside] if beside.startswith("s3://") and beside != "s3://" else []
        for root in (*roots, *above, own):
            folder = root.rstrip("/")
            offered += [f"{folder}/{name}/", f"{folder}/{name}-checkpoints/"]
        offered.append(f"s3://another-bucket/{name}/")
    if job.checkpoint_uri:
        offered.insert(0, job.checkpoint_uri)
    for uri in offered:
        chosen_later = values.only_places and uri != job.checkpoint_uri  # the controller chooses a free prefix beside it
        if all(_allows(demand, uri, job, free=not chosen_later) for _, demand in asking):
            return {} if uri == job.checkpoint_uri else {"CheckpointConfig": {"S3Uri": uri}}
    if values.only_places and not values.places:
        raise Impossible("it needs a place for checkpoints, and no rule of the policy has a checkpoint template for it")
    told = "; ".join(f"{name} wants {_place(demand)}" for name, demand in asking)
    raise Impossible(f"no request satisfies these rules: {told}")


def _allows(demand: Demand, uri: str, job: Job, *, free: bool) -> bool:
    """Whether a prefix meets a demand; with ``free``, only if no other job writes there."""
    if demand.checkpoint_under and not any(within(uri, prefix) for prefix in demand.checkpoint_under):
        return False
    mine = claim_of(uri, job=job.name, lineage=job.name, created_at=job.created_at)
    return not free or not writing_there(mine, demand.checkpoint_apart_from)


def _place(demand: Demand) -> str:
    if demand.checkpoint_under:
        return f"checkpoints under {' or '.join(demand.checkpoint_under)}"
    return "a checkpoint prefix that no other job uses" if demand.checkpoint_apart_from else "checkpoints"


def _tags(job: Job, demands: Named, values: Values) -> RequestChange:
    keys = dict.fromkeys(key for _, demand in demands for key in demand.tags)
    told = {key: values.tags.get(key) or f"YOUR-{key.upper()}" for key in keys}
    return {"Tags": [{"Key": key, "Value": value} for key, value in told.items()]} if told else {}


def _instance(job: Job, demands: Named) -> RequestChange:
    """The instance type most similar to the job's that every rule allows. Raises Impossible."""
    asking = [(name, demand.instance_types) for name, demand in demands if demand.instance_types]
    if not asking:
        return {}
    named = [pattern for _, patterns in asking for pattern in patterns if not set("*?[").intersection(pattern)]

    def is_allowed(one: str) -> bool:
        return all(any(fnmatchcase(one, pattern) for pattern in patterns) for _, patterns in asking)

    found = next(filter(is_allowed, equivalents(job.instance_type)), None)
    others = () if found else filter(is_allowed, (*named, *instance_types()))
    if found := found or min(others, key=lambda one: (*difference(one, job.instance_type), one not in named, one), default=None):
        instead = {"InstanceCount": job.instance_count, "InstancePreferences": None} if job.preferences else {}
        return {"ResourceConfig": {"InstanceType": found, **instead}}
    told = ", ".join(f"{name} allows {' or '.join(patterns)}" for name, patterns in asking)
    raise Impossible(f"no instance type satisfies these rules: {told}")


def _listed(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))
