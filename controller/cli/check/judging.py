"""What ``spotwarden check`` says of a job: findings of the policy, refusals of SageMaker, the one fix, and what is undecided."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from controller.aws.sagemaker.read_job import BadDocument, DocumentKind, job_of
from controller.aws.sagemaker.tuning import resources_of
from controller.cli.check.refused_members import ADDED, refused_around, refused_members
from controller.cli.check.request_model import corrected
from controller.cli.check.tags_of_fix import only_added, says_tags, tags_over, whole_fix
from controller.cli.documents.found import CREATE_SHAPE, Found, said_part
from controller.cli.documents.sdk import image_like
from controller.jobs.algorithm import algorithm_of
from controller.jobs.job import Job
from controller.jobs.request import merged
from controller.jobs.spot_possible import Refusal, may_be_refused, refusals
from controller.policy.findings import NO_FIX, Finding, Fix, Verdict, VerdictKind
from controller.policy.fix import sdk_arguments
from controller.policy.judge import Basis, fix_of, judge, judged
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence

NOTHING_SEEN = Evidence()
SAVED_AT = "CheckpointConfig.S3Uri"  # SageMaker requires it in a CheckpointConfig, so one that is filled in later is there
ASK_WHETHER = frozenset({"checkpoint-required", "uncheckpointed-cap"})  # what they ask of a prefix: is there one, and below what
NAMED_LATER = "its name is given when it is made"


SAGEMAKER = "SageMaker"  # as a policy: what it would refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A place of a file and the result of its check; ``job`` is None where there is none, and ``error`` says why."""

    found: Found
    job: Job | None = None
    word: VerdictKind | None = None
    findings: tuple[Finding, ...] = ()
    refused: tuple[Refusal, ...] = ()
    undecided: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()  # of these, the rules that need what no document says: the ledger, or a look into S3
    helps: frozenset[str] = frozenset()  # of the fields that the document does not say, those that would decide a rule
    later: Mapping[str, str] = field(default_factory=dict)
    fix: Fix = NO_FIX
    left: tuple[str, ...] = ()  # refused fields that the fix leaves as they are: only the writer knows what was meant
    error: str = ""


def check_document(
    found: Found,
    policy: Policy,
    tags: Mapping[str, str] | None = None,
    *,
    evidence: Evidence = NOTHING_SEEN,
    as_made: Callable[[Job], Job] | None = None,
    now: datetime | None = None,
) -> Checked:
    """Judge the job of a document. ``tags`` are those that the caller knows, and ``evidence`` is what else is known.

    ``as_made`` adds to the job what its document does not say, such as when it is created. Without ``now``, no waiver counts.
    """
    if found.error:
        return Checked(found=found, error=found.error)
    body, later = _said(found)
    refused = [*found.refused, *refused_members(body, found, later), *refused_around(found)] if found.request else []
    body, later = _named(body, found, later)
    meant = _meant(body, found.request) if found.request else body
    resources, chosen = resources_of(meant) if found.tool == "tuning" else ({}, {})
    whole = {**meant, "ResourceConfig": resources} if resources else meant
    job = _readable_job(found, whole, {**later, **chosen}, refused, policy, tags)
    if isinstance(job, BadDocument):
        if not refused:
            return Checked(found=found, error=str(job))
        name = meant.get("TrainingJobName")
        named = replace(found, name=name if isinstance(name, str) else found.name)
        return Checked(found=named, word=VerdictKind.REFUSED, refused=tuple(refused), later=later)
    job = _with_algorithm(job, found.body, later)
    if found.request:
        refused += [one for one in refusals(job) if one.field not in {r.field for r in refused}]
    job = as_made(job) if as_made is not None else job
    if SAVED_AT in later:
        job = replace(job, checkpoint_uri=later[SAVED_AT])  # that there is one is known, where is not
    checked = check_job(job, Basis(policy, evidence, now=now), found, refused=refused, later=later, body=body, meant=meant)
    unsaid = tags is not None and checked.fix.request.get("Tags") and not says_tags(whole, {**later, **chosen}, found)
    return _with_fix(checked, only_added(checked.fix, job)) if unsaid else checked


def _said(found: Found) -> tuple[Any, dict[str, str]]:
    """What a document says, and which members are filled in later, by what."""
    return (found.body, {}) if found.base is DocumentKind.EVENT else _without_open_tags(*said_part(found.body))


def _named(body: Any, found: Found, later: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """The document with the name that people call its job: its own name is given when it is made."""
    name = found.name or later.get("TrainingJobName")
    if found.base is DocumentKind.EVENT or "TrainingJobName" in body or not name:
        return body, later
    return {**body, "TrainingJobName": name}, {**later, "TrainingJobName": later.get("TrainingJobName", NAMED_LATER)}


def _readable_job(
    found: Found,
    document: Mapping[str, Any],
    later: Mapping[str, str],
    refused: list[Refusal],
    policy: Policy,
    tags: Mapping[str, str] | None,
) -> Job | BadDocument:
    """The job of a document. Where it cannot be read, the job without its refused values: one wrong value hides no mistake."""

    def read(said: Mapping[str, Any], open_: Collection[str]) -> Job | BadDocument:
        try:
            return job_of(
                said, kind=found.base, tags=tags_over(said, tags), later=open_, service=found.service, fields=policy.fields_read
            )
        except BadDocument as error:
            return error

    job = read(document, later)
    if isinstance(job, Job) or not refused:
        return job
    plain, without = _as_read(document, refused)
    return read(plain, {*later, *without})


def check_job(
    job: Job,
    basis: Basis,
    found: Found,
    *,
    refused: list[Refusal] | None = None,
    later: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    meant: Mapping[str, Any] | None = None,
) -> Checked:
    """Judge a job."""
    job = as_seen(job, basis.policy)
    verdict = judge(job, basis)
    if SAVED_AT in (later or {}):
        verdict = _of_saved(verdict, job, basis)
    word, fix, renames = verdict.word, verdict.fix, _renames(body or {}, meant or {})
    if refused:
        word = VerdictKind.REFUSED
        fix = fix_of(job, basis, verdict.findings)
        fix = _with_corrections(fix, refused, renames)
    fix = whole_fix(fix, job, misspelt="Tags" in renames)
    cured = {one.field for one in refusals(job)}
    left = [one.field for one in refused or () if one.field not in cured and not _touches(fix.request, one.field.split("."))]
    elsewhere, helps = _what_decides(job, basis, verdict.undecided)
    undecided = verdict.undecided
    if word is VerdictKind.ALLOW and found.request and (open_ := may_be_refused(job)):
        word, undecided, helps = VerdictKind.UNDECIDED, (SAGEMAKER,), open_
    checked = Checked(
        found=found, job=job, word=word, findings=verdict.findings, refused=tuple(refused or ()), undecided=undecided,
        elsewhere=elsewhere, helps=helps, later=later or {}, left=tuple(dict.fromkeys(left)) if fix.request else (),
    )  # fmt: skip
    return _with_fix(checked, fix)


def _with_fix(checked: Checked, fix: Fix) -> Checked:
    return replace(checked, fix=fix, findings=tuple(replace(finding, fix=fix) for finding in checked.findings))


def _of_saved(verdict: Verdict, job: Job, basis: Basis) -> Verdict:
    """The verdict of a job that has a checkpoint prefix, whichever it is: rules that only ask whether it has one are decided."""
    broken, undecided = judged(replace(job, unknown=job.unknown - {"checkpoint_uri"}), basis)
    open_ = {*undecided, *(finding.policy for finding in broken)}
    only_ask = {rule.name for rule in basis.policy.rules if rule.kind in ASK_WHETHER}
    left = tuple(name for name in verdict.undecided if name in open_ or name not in only_ask)
    settled = verdict.word is VerdictKind.UNDECIDED and not left
    return replace(verdict, undecided=left, word=VerdictKind.ALLOW if settled else verdict.word)


def _what_decides(job: Job, basis: Basis, undecided: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Which undecided rules no document decides, and which single field of the job would decide at least one of the others."""
    if not undecided:
        return (), frozenset()
    helps = {
        name for name in job.unknown
        if len(judged(replace(job, unknown=job.unknown - {name}), basis)[1]) < len(undecided)
    }  # fmt: skip
    told = judged(replace(job, unknown=frozenset()), basis)[1]
    if not helps and len(told) < len(undecided):
        helps = set(job.unknown)  # only several of them together
    return tuple(name for name in undecided if name in told), frozenset(helps)


def as_seen(job: Job, policy: Policy) -> Job:
    """The job as the controller sees it under a policy: its team and user by the policy's labels, its owner by its claims."""
    if policy.trust_claims and job.claimed is not None:
        job = replace(job, service=job.service or job.claimed)
    return labelled(job, policy)


def labelled(job: Job, policy: Policy) -> Job:
    """The job with the team and the user that the policy's labels give it, as the controller sees it."""
    job = job.labelled(team=policy.labels.team, user=policy.labels.user)
    return job if {"role", "tags"} & job.unknown else job.paid_by(policy.labels.team_of_role)


def _meant(body: Mapping[str, Any], request: str) -> Mapping[str, Any]:
    """The request with the names that were meant. What was added to the definition of a tuning job is no member of it."""
    added = {} if request == CREATE_SHAPE else {name: body[name] for name in ADDED & body.keys()}
    return {**corrected({name: value for name, value in body.items() if name not in added}, request), **added}


def _as_read(request: Mapping[str, Any], refused: list[Refusal]) -> tuple[dict[str, Any], set[str]]:
    """The request with the values that were surely meant, and without the other refused ones; and the places of these."""
    plain: dict[str, Any] = json.loads(json.dumps(request, default=str))
    without: set[str] = set()
    for refusal in refused:
        *above, last = refusal.field.split(".")
        inner: Any = plain
        for name in above:
            inner = inner.get(name) if isinstance(inner, Mapping) else None
        if not isinstance(inner, dict) or last.partition("[")[0] not in inner or refusal.field == "TrainingJobName":
            continue
        if refusal.meant is not None:
            inner[last] = refusal.meant
        elif "[" in last:
            del inner[last.partition("[")[0]]
            without.add(refusal.field.partition("[")[0])
        else:
            del inner[last]
            without.add(refusal.field)
    return plain, without


def _with_corrections(fix: Fix, refused: list[Refusal], renames: Mapping[str, Any]) -> Fix:
    """The fix with the names and values that were surely meant; what only the reader can know is told."""
    if fix.why_not:
        return fix
    change = renames
    for refusal in refused:
        if (refusal.meant is not None or refusal.found == "null") and "[" not in refusal.field:
            value: Any = refusal.meant
            for name in reversed(refusal.field.split(".")):
                value = {name: value}
            change = merged(change, value)
    change = merged({name: value for name, value in change.items() if name != "Tags"}, fix.request)
    if not change:
        fields = ", ".join(refusal.field for refusal in refused)
        return Fix(why_not=f"only the writer of the request knows what was meant by {fields}")
    return Fix(request=change, sdk=sdk_arguments(change))


def _touches(change: Any, path: Sequence[str]) -> bool:
    """Whether a change sets or takes out a member, or a part around it."""
    if not path or not isinstance(change, Mapping):
        return True
    return path[0] in change and _touches(change[path[0]], path[1:])


def _renames(body: Mapping[str, Any], meant: Mapping[str, Any]) -> dict[str, Any]:
    """Members under the names that were meant, as a change: null where a member goes."""
    change: dict[str, Any] = {name: None for name in body if name not in meant}
    for name, value in meant.items():
        before = body.get(name)
        if name not in body:
            change[name] = value
        elif isinstance(value, Mapping) and isinstance(before, Mapping) and (inner := _renames(before, value)):
            change[name] = inner
    return change


def _without_open_tags(body: Any, later: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """A tag whose key or value is filled in later is none that is known, and leaves open which tags there are."""
    places = [place for place in later if place.startswith("Tags[")]
    if not places:
        return body, later
    whole = [tag for tag in body.get("Tags", ()) if not isinstance(tag, Mapping) or {"Key", "Value"} <= tag.keys()]
    kept = {place: why for place, why in later.items() if place not in places}
    return {**body, "Tags": whole}, {**kept, "Tags": later[places[0]]}


def _with_algorithm(job: Job, body: Any, later: Mapping[str, str]) -> Job:
    """The job with its algorithm, where enough is known of an image that is filled in later."""
    specification = body.get("AlgorithmSpecification")
    like = image_like(specification.get("TrainingImage")) if isinstance(specification, Mapping) else None
    if like is None or "AlgorithmSpecification.AlgorithmName" in later:
        return job
    told = algorithm_of(image=like, algorithm_name=None, product_id=None, described=False, hyperparameters={})
    return replace(job, algorithm=told, unknown=job.unknown - {"algorithm"})
