"""``spotwarden check``: judges job documents with the engine that judges jobs on AWS."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.aws.packaged_policy import packaged_document
from controller.aws.sagemaker.documents import BadDocument, job_of, kind_of
from controller.cli.check_text import Judged, Prose
from controller.cli.read_documents import documents
from controller.policy.compiled import load_policy
from controller.policy.findings import Finding, VerdictKind
from controller.policy.policy import Policy
from controller.policy.rules import judge
from controller.policy.rules.kind import Evidence
from controller.policyfile import BadPolicy, compile_folder

HELP = "judge job documents: DescribeTrainingJob responses, CreateTrainingJob requests or EventBridge events"

HERE = "policies"
CLEAN, FINDINGS, BAD_INPUT = 0, 1, 2


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON, JSON lines or YAML; - is standard input")
    parser.add_argument(
        "--policies", metavar="DIR", help=f"the policy folder; ./{HERE} if there is one, else the packaged defaults"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="json prints one object a line")
    parser.epilog = "Exit status: 0 nothing found, 1 findings, 2 bad input."


def run(arguments: Namespace) -> int:
    """Judge every document of every file; bad input is told on standard error and does not silence the others."""
    try:
        policy = _policy(arguments.policies)
    except BadPolicy as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    prose = Prose(sys.stdout)
    tell: Callable[[Judged], None] = _tell_json if arguments.format == "json" else prose.tell
    worst = CLEAN
    for file in arguments.files:
        for where, document in documents(file):
            try:
                judged = _judged(where, document, policy)
            except BadDocument as error:
                print(f"{where}: {error}", file=sys.stderr)
                worst = BAD_INPUT
                continue
            tell(judged)
            worst = max(worst, CLEAN if judged.verdict.word is VerdictKind.ALLOW else FINDINGS)
    if arguments.format == "text":
        prose.sum_up()
    return worst


def _policy(folder: str | None) -> Policy:
    """The policy to judge by. It is in force since ever: here nobody acts, so nobody needs to be spared."""
    if folder is None and Path(HERE).is_dir():
        folder = HERE
    document = packaged_document() if folder is None else compile_folder(folder)
    return load_policy(document, in_force_at=datetime.min.replace(tzinfo=UTC))


def _judged(where: str, document: Any, policy: Policy) -> Judged:
    if isinstance(document, BadDocument):
        raise document
    kind = kind_of(document)
    job = job_of(document, kind=kind)
    return Judged(where=where, kind=kind.value, job=job.name, verdict=judge(job, policy, Evidence()))


def _tell_json(judged: Judged) -> None:
    verdict = judged.verdict
    line = {
        "job": judged.job,
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
