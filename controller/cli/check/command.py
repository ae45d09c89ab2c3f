"""``spotwarden check``: checks training jobs in files, with the same rules as the controller on AWS."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.aws.sagemaker.read_job import DocumentKind
from controller.aws.system_clock import SystemClock
from controller.cli.check.judging import NOTHING_SEEN, SAGEMAKER, Checked, check_document, check_job
from controller.cli.check.text_output import TextOutput
from controller.cli.documents import Found, documents
from controller.cli.input.job_names import job_name as name_in
from controller.cli.input.job_names import not_meant
from controller.cli.input.options import Format, OutputFormat, Table
from controller.cli.input.policy_source import PolicyFolder, policy_document
from controller.cli.output.errors import AwsUnreachable, BadInput
from controller.cli.output.printable import json_text, printable
from controller.cli.output.usage import BAD_INPUT
from controller.jobs.job import Job
from controller.jobs.spot_possible import Refusal
from controller.policy.findings import Finding, Fix, VerdictKind
from controller.policy.judge import Basis
from controller.policy.load_policy import load_policy
from controller.policy.policy import Policy
from controller.policy.rules.kind import Evidence
from controller.policy.waiver import Waiver
from controller.policyfile import BadPolicy
from controller.units.value import replace

CLEAN, FINDINGS, UNDECIDED, REFUSED, UNREACHABLE = 0, 1, 3, 4, 5
WORSE = (CLEAN, UNDECIDED, FINDINGS, REFUSED, UNREACHABLE, BAD_INPUT)  # of several codes the last one here counts
EXIT_CODES: Mapping[VerdictKind, int] = {
    VerdictKind.ALLOW: CLEAN, VerdictKind.UNDECIDED: UNDECIDED, VerdictKind.FINDINGS: FINDINGS, VerdictKind.STOP: FINDINGS,
    VerdictKind.REFUSED: REFUSED,
}  # fmt: skip


def run(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|JOB",
            help="Files with training jobs (JSON, YAML, Python, notebooks), - for standard input, or a job's name on SageMaker.",
        ),
    ],
    policies: PolicyFolder = None,
    format_: Format = OutputFormat.TEXT,
    tags: Annotated[
        list[str] | None,
        typer.Option(
            "--tags", metavar="KEY=VALUE", help="A tag that the jobs have, where their documents do not say. Repeatable."
        ),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask SageMaker for the jobs' descriptions and tags (Describe and ListTags).")
    ] = False,
    table: Table = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Count an undecided rule like a broken one: exit code 1 instead of 3.")
    ] = False,
) -> int:
    """Check every job in every file. A document that cannot be read is reported, and the others are still checked."""
    if "" in files:
        raise BadInput("found an empty name, wanted a file or a job's name")
    known = known_tags(tags)
    try:
        policy, source = _policy(policies)
    except BadPolicy as error:
        print(error.text, file=sys.stderr)
        return BAD_INPUT
    text = TextOutput(sys.stdout)
    write: Callable[[Checked], None] = partial(_write_json, source) if format_ is OutputFormat.JSON else text.write
    codes, judged = {CLEAN}, False
    for file in files:
        for checked, code in _checked(file, policy, known, live=live, table=table):
            if checked.error:
                print(printable(checked.found.with_place(checked.error)), file=sys.stderr)
            write(checked)
            judged = judged or checked.word is not None
            codes.add(FINDINGS if strict and code == UNDECIDED else code)
    if format_ is OutputFormat.TEXT:
        text.write_totals()
        if judged:
            print(f"policies: {source} (revision {policy.revision})")
    return max(codes, key=WORSE.index)


def _checked(
    file: str, policy: Policy, tags: Mapping[str, str] | None, *, live: bool, table: str | None
) -> Iterator[tuple[Checked, int]]:
    asked, now = job_name(file), SystemClock().now()
    found = iter([Found(file=file, kind="job on SageMaker", name=asked, request=None)]) if asked else documents(file)
    for one in found:
        checked = check_document(one, policy, tags, now=now) if not asked else Checked(found=one)
        named = (
            checked.job is not None and "name" not in checked.job.unknown and one.tool != "tuning"
        )  # a tuning job's training jobs have other names
        name = asked or (checked.job.name if checked.job and named else None)
        if name and (asked or live):
            try:
                job = described(name, policy)
                basis = Basis(policy, _evidence(job, policy, table), now=now)
                given = _given(job, basis, one, table)
            except (AwsUnreachable, BadInput) as error:
                yield Checked(found=one, error=str(error)), UNREACHABLE
                continue
            if job is not None and (other := not_meant(file, job.account, job.region)):
                checked = Checked(found=one, error=other)
            elif job is not None:
                checked = check_job(job, replace(basis, given=given), one)
            elif asked or one.base is not DocumentKind.CREATE:
                checked = Checked(found=one, error=f"found no training job {name} in this account and region")
        yield checked, EXIT_CODES[checked.word] if checked.word is not None else BAD_INPUT


def job_name(file: str) -> str | None:
    """The job's name in an argument that is not a file, such as an ARN; None for a file."""
    return None if Path(file).exists() else name_in(file)


def described(name: str, policy: Policy) -> Job | None:
    """The job as SageMaker describes it now; None if it does not exist. Raises AwsUnreachable."""
    from controller import wiring  # boto3 is slow to load, and files are checked without it
    from controller.aws.sagemaker.jobs import SageMakerJobs
    from controller.cli.aws_calls import asking

    return asking(lambda: SageMakerJobs(wiring.client("sagemaker"), fields=lambda: policy.fields_read).describe(name))


def _evidence(job: Job | None, policy: Policy, table: str | None) -> Evidence:
    """The evidence in the ledger that a rule needs; empty without a table. Raises BadInput and AwsUnreachable."""
    if job is None or not table:
        return NOTHING_SEEN
    from controller.cli.check.live_evidence import live_evidence  # boto3 is slow to load, and files are checked without it

    return live_evidence(job, policy, table)


def _given(job: Job | None, basis: Basis, found: Found, table: str | None) -> tuple[Waiver, ...]:
    """The waivers from Slack for a job that breaks a rule; none without a table. Raises BadInput and AwsUnreachable."""
    if job is None or not table or not check_job(job, basis, found).findings:
        return ()
    from controller.cli.check.live_evidence import live_waivers  # boto3 is slow to load, and files are checked without it

    return live_waivers(job, basis.policy, table)


def known_tags(tags: list[str] | None) -> Mapping[str, str] | None:
    """The tags from ``--tags``; None without the option. Raises BadInput."""
    if not tags:
        return None
    pairs = [tag.partition("=") for text in tags for tag in text.split(",") if tag]
    for key, equals, value in pairs:
        if not key or not equals:
            near = re.fullmatch(r"([^:=]+):([^:=]+)", key) if not equals else None
            raise BadInput(
                f"--tags: found {key + equals + value!r}, wanted KEY=VALUE"
                + (f"; did you mean {near[1]}={near[2]}?" if near else "")
            )
    return {key: value for key, _, value in pairs}


def _policy(folder: str | None) -> tuple[Policy, str]:
    """The policy to check with, and where it is from. It counts as always in force, so no job is exempt as an older one."""
    document, source = policy_document(folder)
    return load_policy(document, in_force_at=datetime.min.replace(tzinfo=UTC)), source


def _write_json(source: str, checked: Checked) -> None:
    found, job = checked.found, checked.job
    owner = (job.service or job.claimed) if job else None
    line = {
        "file": found.file,
        "path": found.path,
        "line": found.line,
        "kind": found.kind or None,
        "job": job.name if job else found.name or None,
        "owner": owner.value if owner else None,
        "owner_proved": bool(job and job.service),
        "algorithm": {"class": job.algorithm.klass.value, "name": job.algorithm.name, "why": job.algorithm.why} if job else None,
        "verdict": checked.word.value if checked.word else None,
        "findings": [_refusal(one, checked.fix) for one in checked.refused] + [_finding(one) for one in checked.findings],
        "undecided": list(checked.undecided),
        "later": dict(checked.later),
        "fix": _fix(checked.fix) | ({"left": checked.left} if checked.left else {}),
        "error": checked.error or None,
        "policies": source,
    }
    print(json_text(line))


def _finding(finding: Finding) -> dict[str, Any]:
    waived: dict[str, Any] = {"waiver": waiver_json(finding.waiver)} if finding.waiver is not None else {}
    return {
        "rule": finding.rule,
        "policy": finding.policy,
        "severity": finding.severity.value,
        "mode": finding.mode.value,
        "field": finding.field,
        "found": finding.found,
        "wanted": finding.wanted,
        **(waived | ({"lapsed": finding.lapsed} if finding.lapsed else {})),
        "fix": _fix(finding.fix),
    }


def waiver_json(waiver: Waiver) -> dict[str, Any]:
    """A waiver as JSON."""
    return {
        "name": waiver.name,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "ticket": waiver.ticket,
        "expires": waiver.expires.isoformat(),
    }


def _refusal(refusal: Refusal, fix: Fix) -> dict[str, Any]:
    return {
        "rule": "sagemaker-request",
        "policy": SAGEMAKER,
        "severity": "refused",
        "mode": "enforce",
        "field": refusal.field,
        "found": refusal.found,
        "wanted": refusal.wanted,
        "fix": _fix(fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    said: dict[str, Any] = {"request": fix.request, "sdk": fix.sdk}
    return said | ({"why_not": fix.why_not} if fix.why_not else {}) | ({"tags": fix.tags} if fix.tags else {})
