"""Recognizes texts that no reader can read, such as Terraform source, and states what to check instead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

FILES_MAX = 1_000  # files of a folder that are compared with a misspelt name
BEGINNING = 20_000  # characters of a text that are matched
# Pattern of a text → what was found and what is wanted.
TELLING: Mapping[re.Pattern[str], str] = {
    re.compile(r"^[ \t]*(?:\$\s*)?aws\s+(?:--\S+\s+\S+\s+)*sagemaker\s+\S+", re.MULTILINE): (
        "found a command of the AWS CLI, wanted its request (the JSON that --cli-input-json takes) or its answer in JSON or YAML"
    ),
    re.compile(r"^(?:TRAININGJOB|RESULTS|ALGORITHMSPECIFICATION|RESOURCECONFIG|STOPPINGCONDITION)\w*\t", re.MULTILINE): (
        "found the text output of the AWS CLI, wanted the same with --output json"
    ),
    re.compile(r"^[ \t]*\|\s*(?:Describe|List|Search)\w*\s*\|", re.MULTILINE): (
        "found a table of the AWS CLI, wanted the same with --output json"
    ),
    re.compile(
        r"^[ \t]*(?:(?:resource|data)[ \t]+\"[^\"\n]+\"[^\n={]*\{|(?:module|variable|provider|terraform|locals)\b[^\n={]*\{\s*$)",
        re.MULTILINE,
    ): ("found Terraform's source, wanted its plan: terraform plan -out plan, then terraform show -json plan"),
    re.compile(r"\A\s*\{.*datetime\.datetime\(", re.DOTALL): (
        "found a response as Python prints it, wanted JSON: print(json.dumps(response, default=str))"
    ),
    re.compile(r"^import\s.*\bfrom\s+['\"](?:aws-cdk-lib|@aws-cdk/)", re.MULTILINE): (
        "found source of the CDK, wanted the template that cdk synth makes of it"
    ),
}
STRUCTURED = re.compile(r"\s*(?:[{\[]|---\s*$|[\"']?[\w.-]+[\"']?\s*:(?:\s|$))", re.MULTILINE)


ELSEWHERE: Mapping[re.Pattern[str], str] = {
    re.compile(r"s3://.+"): "found an S3 address, wanted a file on this machine: aws s3 cp {name} - | spotwarden check -",
    re.compile(r"https?://.+"): "found an address, wanted a file on this machine: curl -s {name} | spotwarden check -",
    re.compile(r"arn:[^:]*:([^:]+):.*"): "found an ARN of {service}, wanted that of a training job, or a file",
}


def unreadable(name: str, error: OSError) -> str:
    """Why a file cannot be read, and what was probably meant, in one sentence."""
    if isinstance(error, IsADirectoryError):
        return f"found a folder, wanted its files: spotwarden check {shlex.quote(name.rstrip('/'))}/*"
    for pattern, wanted in ELSEWHERE.items():
        if found := pattern.fullmatch(name):
            return wanted.format(name=shlex.quote(name), service=_of_arn(name) if found.groups() else "")
    said = f"found {error.strerror or error}, wanted a file that can be read"
    if not isinstance(error, FileNotFoundError):
        return said
    path = Path(name)
    try:
        beside = {one.name.lower(): one.name for one in islice(path.parent.iterdir(), FILES_MAX) if one.is_file()}
    except OSError:
        return said
    near = get_close_matches(path.name.lower(), beside, n=1, cutoff=0.75)
    return f"{said}; did you mean {path.parent / beside[near[0]]}?" if near else said


def streams(file: Path) -> bool:
    """Whether a path is an open stream, such as ``/dev/stdin`` or the shell's ``<(…)``."""
    return file.is_absolute() and file.parts[1] in ("dev", "proc")


def _of_arn(arn: str) -> str:
    parts = arn.split(":", 5)
    kind = re.match(r"[a-z-]+", parts[5]) if len(parts) == 6 else None
    return f"{parts[2]} ({kind[0]})" if kind else parts[2]


def source_of_another_tool(name: str, text: str) -> str:
    """What was found and what is wanted, for a text of another tool; empty for JSON, YAML, Python and unknown texts."""
    beginning = text[:BEGINNING]
    if name.endswith((".py", ".ipynb")) or (STRUCTURED.match(beginning) and "datetime.datetime(" not in beginning):
        return ""
    return next((wanted for pattern, wanted in TELLING.items() if pattern.search(beginning)), "")
