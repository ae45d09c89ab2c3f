"""What is merged into Chalice's template: the stack's own resources, and for each function its runtime, log group and alarms.

IAM policies name resources by Ref and GetAtt, never by a name made from the stack's name: CloudFormation shortens such names, to
a different length for each kind of resource. CloudFormation also chooses the name of each function's log group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.alarms import ALARMS, FUNCTIONS
from infra.cost import widget
from infra.logical_ids import log_group, role_of

FOLDER = Path(__file__).resolve().parent
NO_VALUE = {"Ref": "AWS::NoValue"}


def merge_template(runtime: str, architecture: str) -> dict[str, Any]:
    """Return the template for ``chalice package --merge-template``, with this Lambda runtime and architecture."""
    template: dict[str, Any] = json.loads((FOLDER / "resources.json").read_text("utf-8"))
    resources = template["Resources"]
    for function, cadence in FUNCTIONS.items():
        resources[function]["Properties"] |= {
            "Runtime": runtime,
            "Architectures": [architecture],
            "LoggingConfig": {"LogGroup": {"Ref": log_group(function)}},
            "VpcConfig": {"Fn::If": ["HasVpc", _VPC, NO_VALUE]},
        }
        resources[log_group(function)] = _log_group(cadence.condition)
        role = resources.setdefault(role_of(function), {})
        role["Properties"] = {"PermissionsBoundary": {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, NO_VALUE]}}
    for alarm in ALARMS:
        resources[alarm.name] = alarm.resource()
    board = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    dashboard = json.dumps({"widgets": [*board["widgets"], widget()]})
    resources["Dashboard"] = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardBody": {"Fn::Sub": [dashboard, {"Table": LEDGER_NAME}]}},
    }
    resources |= {f"{name}Query": _query(name, text) for name, text in QUERIES.items()}
    return template


_VPC: Mapping[str, Any] = {"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}


LEDGER_NAME = {"Fn::If": ["MakesLedger", {"Ref": "Ledger"}, {"Ref": "ExistingLedger"}]}


def _log_group(condition: str) -> dict[str, Any]:
    key = {"Fn::If": ["HasKey", {"Ref": "Key"}, NO_VALUE]}
    return {
        "Type": "AWS::Logs::LogGroup",
        **({"Condition": condition} if condition else {}),
        "Properties": {"RetentionInDays": {"Ref": "LogDays"}, "KmsKeyId": key},
    }


# Saved queries of CloudWatch Logs Insights over the log groups of all functions but the API's. In Lineage, users replace EXAMPLE
# by a job's name.
QUERIES: Mapping[str, str] = {
    "Lineage": "fields @timestamp, function, message, job, lineage, problem"
    ' | filter lineage like "EXAMPLE" or job like "EXAMPLE" | sort @timestamp',
    "Errors": "fields @timestamp, function, message, job, problem, to_do"
    ' | filter level = "ERROR" | sort @timestamp desc | limit 100',
    "Waiting": 'fields @timestamp, channel, why | filter message = "channel waits" | sort @timestamp desc | limit 100',
}


def _query(name: str, text: str) -> dict[str, Any]:
    groups = [{"Ref": log_group(function)} for function, cadence in FUNCTIONS.items() if not cadence.condition]
    return {
        "Type": "AWS::Logs::QueryDefinition",
        "Properties": {
            "Name": {"Fn::Sub": f"Spotwarden/${{AWS::StackName}}/{name}"},
            "QueryString": text,
            "LogGroupNames": groups,
        },
    }
