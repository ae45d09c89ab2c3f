"""Texts of tools that make a document of some other kind: named, with what to check in place of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

BEGINNING = 20_000  # characters of a text that are looked at
# What a text shows, and what to do about it.
TELLING: Mapping[re.Pattern[str], str] = {
    re.compile(r"^\s*(?:\$\s*)?aws\s+(?:--\S+\s+\S+\s+)*sagemaker\s+\S+", re.MULTILINE): (
        "found a command of the AWS CLI, wanted its request (the JSON that --cli-input-json takes) or its answer in JSON or YAML"
    ),
    re.compile(r"^\s*\|\s*(?:Describe|List|Search)\w*\s*\|", re.MULTILINE): (
        "found a table of the AWS CLI, wanted the same with --output json"
    ),
    re.compile(r"^\s*(?:resource|module|variable|provider|data|terraform|locals)\b[^\n={]*\{\s*$", re.MULTILINE): (
        "found Terraform's source, wanted its plan: terraform plan -out plan, then terraform show -json plan"
    ),
    re.compile(r"^import\s.*\bfrom\s+['\"](?:aws-cdk-lib|@aws-cdk/)", re.MULTILINE): (
        "found source of the CDK, wanted the template that cdk synth makes of it"
    ),
}
STRUCTURED = re.compile(r"\s*(?:[{\[]|---\s*$|[\"']?[\w.-]+[\"']?\s*:(?:\s|$))", re.MULTILINE)


def source_of_another_tool(name: str, text: str) -> str:
    """What a text is that no reader reads, and what is wanted; empty for JSON, YAML, Python, and what nobody knows."""
    beginning = text[:BEGINNING]
    if name.endswith((".py", ".ipynb")) or STRUCTURED.match(beginning):
        return ""
    return next((wanted for pattern, wanted in TELLING.items() if pattern.search(beginning)), "")
