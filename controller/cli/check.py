"""``spotwarden check``: checks job documents with the same rules as the controller on AWS."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.aws.packaged_policy import packaged_document
from controller.aws.sagemaker.documents import BadDocument, job_of, kind_of
from controller.cli.check_text import Checked, TextOutput
from controller.cli.options import Format, OutputFormat
from controller.cli.read_documents import documents
from controller.cli.usage import BAD_INPUT
from controller.policy.compiled import load_policy
from controller.policy.findings import Finding, VerdictKind
from controller.policy.policy import Policy
from controller.policy.rules import judge
from controller.policy.rules.kind import Evidence
from controller.policyfile import BadPolicy, compile_folder

LOCAL_FOLDER = "policies"
CLEAN, FINDINGS = 0, 1


def run(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="Training jobs as JSON, JSON lines or YAML; - is standard input.",
        ),
    ],
    policies: Annotated[
        str | None,
        typer.Option(
            "--policies", metavar="DIR", help=f"The policy folder. Default: ./{LOCAL_FOLDER}, else the packaged policies."
        ),
    ] = None,
    format_: Format = OutputFormat.TEXT,
) -> int:
    """Check every document of every file. A document that cannot be read is reported, and the others are still checked."""
    try:
        policy = _policy(policies)
    except BadPolicy as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    text = TextOutput(sys.stdout)
    write: Callable[[Checked], None] = _write_json if format_ is OutputFormat.JSON else text.write
    worst = CLEAN
    for file in files:
        for where, document in documents(file):
            try:
                checked = _checked(where, document, policy)
            except BadDocument as error:
                print(f"{where}: {error}", file=sys.stderr)
                worst = BAD_INPUT
                continue
            write(checked)
            worst = max(worst, CLEAN if checked.verdict.word is VerdictKind.ALLOW else FINDINGS)
    if format_ is OutputFormat.TEXT:
        text.write_totals()
    return worst


def _policy(folder: str | None) -> Policy:
    """The policy to check by. It counts as always in force: nothing is stopped here, so no running job is exempt."""
    if folder is None and Path(LOCAL_FOLDER).is_dir():
        folder = LOCAL_FOLDER
    document = packaged_document() if folder is None else compile_folder(folder)
    return load_policy(document, in_force_at=datetime.min.replace(tzinfo=UTC))


def _checked(where: str, document: Any, policy: Policy) -> Checked:
    if isinstance(document, BadDocument):
        raise document
    kind = kind_of(document)
    job = job_of(document, kind=kind)
    return Checked(where=where, kind=kind.value, job=job.name, verdict=judge(job, policy, Evidence()))


def _write_json(checked: Checked) -> None:
    verdict = checked.verdict
    line = {
        "job": checked.job,
        "verdict": verdict.word.value,
        "findings": [_finding(finding) for finding in verdict.findings],
        "undecided": list(verdict.undecided),
    }
    print(json.dumps(line, ensure_ascii=False))


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "policy": finding.policy,
        "severity": finding.severity.value,
        "mode": finding.mode.value,
        "field": finding.field,
        "found": finding.found,
        "wanted": finding.wanted,
        "fix": {"request": finding.fix.request, "sdk": finding.fix.sdk},
    }
