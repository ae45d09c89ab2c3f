"""Checks the stack with the linters checkov and parliament: ``make lint-stack``. They need other versions of packages than this
project, so each has its own virtual environment.

checkov checks the transformed template, parliament the policy of each function. Accepted findings have a reason in
infra/lint_stack.yaml. A finding without a reason fails, and so does a reason without a finding.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from infra import function_permissions as permissions
from infra.tool_environment import programs_of

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "lint-stack"
TOOLS = {"checkov": ("checkov>=3.3",), "parliament": ("parliament>=1.6", "setuptools<81")}
ACCEPTED = Path(__file__).with_suffix(".yaml")


def transformed(template: dict[str, Any], values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the template after the SAM transform, with ``values`` for its parameters; by default, their default values."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the transform asks boto3 for a region
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    if values is None:
        values = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
    made: dict[str, Any] = Translator({}, Parser()).translate(template, values)
    return made


def tool(name: str) -> Path:
    """Return the path of a linter's program, and install it if it is missing. Raises NotInstalled."""
    return programs_of(BUILD / name, TOOLS[name]) / name


def checkov(template: Path) -> set[tuple[str, str]]:
    """Return what checkov finds in a transformed template, as pairs of a check and a resource."""
    command = [str(tool("checkov")), "--file", str(template), "--framework", "cloudformation", "--output", "json", "--compact"]
    done = subprocess.run([*command, "--quiet"], check=False, capture_output=True, text=True)  # noqa: S603  # our own arguments
    answer = json.loads(done.stdout)
    results = answer["results"]["failed_checks"] if isinstance(answer, dict) and "results" in answer else []
    return {(found["check_id"], found["resource"].partition(".")[2]) for found in results}


def parliament(functions: Iterable[str]) -> set[tuple[str, str]]:
    """Return what parliament finds in the policy of each function, as pairs of an issue and a function. Raises RuntimeError."""
    found = set()
    for function in functions:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [_plain(s) for s in permissions.statements(function)]})
        command = [str(tool("parliament")), "--string", policy, "--json"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own arguments
        if done.returncode and not done.stdout.strip():
            raise RuntimeError(done.stderr)
        found |= {(json.loads(line)["issue"], function) for line in done.stdout.splitlines() if line.startswith("{")}
    return found


def _plain(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement with example values in place of CloudFormation's intrinsic functions."""
    action = statement["Action"][0]
    example = EXAMPLES.get(action) or EXAMPLES.get(action.split(":")[0])
    condition = {
        operator: {key: "us-east-1" if isinstance(value, dict | list) else value for key, value in pairs.items()}
        for operator, pairs in statement.get("Condition", {}).items()
    }
    resource = "*" if statement["Resource"] == "*" else _written(statement["Resource"]) or example
    return {**statement, "Resource": resource, **({"Condition": condition} if condition else {})}


PSEUDO = {"Partition": "aws", "Region": "us-east-1", "AccountId": "123456789012"}


def _written(resource: Any) -> str:
    """An ARN with example values for pseudo parameters; empty if it refers to a resource or a parameter of the stack."""
    text = resource.get("Fn::Sub") if isinstance(resource, Mapping) else None
    found = re.sub(r"\$\{AWS::(\w+)\}", lambda name: PSEUDO[name[1]], text) if isinstance(text, str) else ""
    return "" if "${" in found else found


HERE = "us-east-1:123456789012"
EXAMPLES = {
    "dynamodb": f"arn:aws:dynamodb:{HERE}:table/Ledger",
    "logs": f"arn:aws:logs:{HERE}:log-group:SweepLogs:*",
    "events": f"arn:aws:events:{HERE}:event-bus/default",
    "iam": "arn:aws:iam::123456789012:role/training",
    "s3": "arn:aws:s3:::acme-checkpoints",
    "s3:GetObject": "arn:aws:s3:::acme-policies/policies.json",
    "s3:PutObject": "arn:aws:s3:::spotwarden-reports/reports/*",
    "secretsmanager": f"arn:aws:secretsmanager:{HERE}:secret:slack-AbCdEf",
    "kms": f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "sns": f"arn:aws:sns:{HERE}:notices",
    "sqs": f"arn:aws:sqs:{HERE}:DeadLetters",
}


def unexplained(found: set[tuple[str, str]], accepted: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return a line for each finding without a reason, and for each reason without a finding.

    ``accepted`` maps each check to reasons by resource; the resource "*" means all resources of the check.
    """
    lines = [f"{check} on {where}" for check, where in sorted(found) if not {where, "*"} & set(accepted.get(check, {}))]
    for check, reasons in accepted.items():
        hit = {where for name, where in found if name == check}
        over = [where for where in reasons if where not in hit and not (where == "*" and hit)]
        lines += [f"{check} on {where} is accepted, but is no longer found" for where in over]
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Lint the template of a package (build/package/sam.json); returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.lint_stack", description="Lint a package's template and permissions.")
    parser.add_argument("template", type=Path, help="the template of a package, such as build/package/sam.json")
    package: Path = parser.parse_args(arguments).template
    template = BUILD / "transformed.json"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_text(json.dumps(transformed(json.loads(package.read_text("utf-8")))))
    accepted = yaml.safe_load(ACCEPTED.read_text("utf-8"))
    problems = unexplained(checkov(template), accepted["checkov"])
    problems += unexplained(parliament(permissions.FUNCTIONS), accepted["parliament"])
    print("\n".join(problems) or "checkov and parliament find nothing that has no reason in infra/lint_stack.yaml")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
