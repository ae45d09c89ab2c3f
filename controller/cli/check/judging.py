"""Judges a job for ``spotwarden check``: the policy's findings, SageMaker's refusals, the fix, and what is undecided."""

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
SAVED_AT = "CheckpointConfig.S3Uri"  # required in a CheckpointConfig, so it exists even if its value comes later
ASK_WHETHER = frozenset({"checkpoint-required", "uncheckpointed-cap"})  # only need to know that a prefix exists
NAMED_LATER = "its name is given when it is made"


SAGEMAKER = "SageMaker"  # stands for the policy's name where SageMaker would refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result for one document; ``job`` is None if it cannot be read, and then ``error`` or ``refused`` explains why."""

    found: Found
    job: Job | None = None
    word: VerdictKind | None = None
    findings: tuple[Finding, ...] = ()
    refused: tuple[Refusal, ...] = ()
    undecided: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()  # the undecided rules that need the ledger or S3, which no document contains
    helps: frozenset[str] = frozenset()  # the fields missing in the document that would decide a rule
    later: Mapping[str, str] = field(default_factory=dict)
    fix: Fix = NO_FIX
    left: tuple[str, ...] = ()  # refused fields that the fix does not change: only the author knows what was meant
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
    """Judge the job of a document. ``tags``: from the caller, in addition to the document's. ``evidence``: what else is known.

    ``as_made`` adds what the document does not contain, such as the job's creation time. Without ``now``, no waiver counts.
    """
    if found.error:
        return Checked(found=found, error=found.error)
    body, later = _known_part(found)
    refused = [*found.refused, *refused_members(body, found, later), *refused_around(found)] if found.request else []
    body, later = _with_name(body, found, later)
    meant = _with_right_names(body, found.request) if found.request else body
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
        job = replace(job, checkpoint_uri=later[SAVED_AT])  # it is known that there is a prefix, but not which
    checked = check_job(job, Basis(policy, evidence, now=now), found, refused=refused, later=later, body=body, meant=meant)
    unsaid = tags is not None and checked.fix.request.get("Tags") and not says_tags(whole, {**later, **chosen}, found)
    return _with_fix(checked, only_added(checked.fix, job)) if unsaid else checked


def _known_part(found: Found) -> tuple[Any, dict[str, str]]:
    """The known part of a document, and the members that are filled in later: member → by what."""
    return (found.body, {}) if found.base is DocumentKind.EVENT else _without_open_tags(*said_part(found.body))


def _with_name(body: Any, found: Found, later: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """The document with a name for its job, if SageMaker's name for it is only chosen when it is created."""
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
    """The job of a document. If it cannot be read, it is read without its refused values, to find its other mistakes too."""

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
    plain, without = _without_refused_values(document, refused)
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
    """Judge a job. ``refused``: what SageMaker would refuse. ``later``: members that are filled in later. ``body`` and ``meant``:
    the request as it was written, and with misspelt names corrected.
    """
    job = as_seen(job, basis.policy)
    verdict = judge(job, basis)
    if SAVED_AT in (later or {}):
        verdict = _with_known_prefix(verdict, job, basis)
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


def _with_known_prefix(verdict: Verdict, job: Job, basis: Basis) -> Verdict:
    """The verdict for a job whose checkpoint prefix is unknown but exists: rules that need only its existence are decided."""
    broken, undecided = judged(replace(job, unknown=job.unknown - {"checkpoint_uri"}), basis)
    open_ = {*undecided, *(finding.policy for finding in broken)}
    only_ask = {rule.name for rule in basis.policy.rules if rule.kind in ASK_WHETHER}
    left = tuple(name for name in verdict.undecided if name in open_ or name not in only_ask)
    settled = verdict.word is VerdictKind.UNDECIDED and not left
    return replace(verdict, undecided=left, word=VerdictKind.ALLOW if settled else verdict.word)


def _what_decides(job: Job, basis: Basis, undecided: tuple[str, ...]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The undecided rules that no document can decide, and the fields of the job that would decide at least one of the others."""
    if not undecided:
        return (), frozenset()
    helps = {
        name for name in job.unknown
        if len(judged(replace(job, unknown=job.unknown - {name}), basis)[1]) < len(undecided)
    }  # fmt: skip
    told = judged(replace(job, unknown=frozenset()), basis)[1]
    if not helps and len(told) < len(undecided):
        helps = set(job.unknown)  # only several of them together decide a rule
    return tuple(name for name in undecided if name in told), frozenset(helps)


def as_seen(job: Job, policy: Policy) -> Job:
    """The job under a policy: team and user by the policy's labels, and the owner that it claims if the policy trusts claims."""
    if policy.trust_claims and job.claimed is not None:
        job = replace(job, service=job.service or job.claimed)
    return labelled(job, policy)


def labelled(job: Job, policy: Policy) -> Job:
    """The job with the team and the user that the policy's labels give it."""
    job = job.labelled(team=policy.labels.team, user=policy.labels.user)
    return job if {"role", "tags"} & job.unknown else job.paid_by(policy.labels.team_of_role)


def _with_right_names(body: Mapping[str, Any], request: str) -> Mapping[str, Any]:
    """The request with misspelt names corrected. ``ADDED`` members stay as they are: a tuning job's definition has no such."""
    added = {} if request == CREATE_SHAPE else {name: body[name] for name in ADDED & body.keys()}
    return {**corrected({name: value for name, value in body.items() if name not in added}, request), **added}


def _without_refused_values(request: Mapping[str, Any], refused: list[Refusal]) -> tuple[dict[str, Any], set[str]]:
    """The request with certain corrections and without the other refused values, and the fields of the values left out."""
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
    """The fix with the names and values that were certainly meant. Without any, the fix explains that only the author knows."""
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
    """Whether a change sets or removes a member or a structure that contains it."""
    if not path or not isinstance(change, Mapping):
        return True
    return path[0] in change and _touches(change[path[0]], path[1:])


def _renames(body: Mapping[str, Any], meant: Mapping[str, Any]) -> dict[str, Any]:
    """The change that corrects misspelt names: the member under the right name, and null under the wrong one."""
    change: dict[str, Any] = {name: None for name in body if name not in meant}
    for name, value in meant.items():
        before = body.get(name)
        if name not in body:
            change[name] = value
        elif isinstance(value, Mapping) and isinstance(before, Mapping) and (inner := _renames(before, value)):
            change[name] = inner
    return change


def _without_open_tags(body: Any, later: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """The request without tags that are filled in later; then ``Tags`` as a whole counts as filled in later."""
    places = [place for place in later if place.startswith("Tags[")]
    if not places:
        return body, later
    whole = [tag for tag in body.get("Tags", ()) if not isinstance(tag, Mapping) or {"Key", "Value"} <= tag.keys()]
    kept = {place: why for place, why in later.items() if place not in places}
    return {**body, "Tags": whole}, {**kept, "Tags": later[places[0]]}


def _with_algorithm(job: Job, body: Any, later: Mapping[str, str]) -> Job:
    """The job with its algorithm, if enough is known about an image that is filled in later."""
    specification = body.get("AlgorithmSpecification")
    like = image_like(specification.get("TrainingImage")) if isinstance(specification, Mapping) else None
    if like is None or "AlgorithmSpecification.AlgorithmName" in later:
        return job
    told = algorithm_of(image=like, algorithm_name=None, product_id=None, described=False, hyperparameters={})
    return replace(job, algorithm=told, unknown=job.unknown - {"algorithm"})
