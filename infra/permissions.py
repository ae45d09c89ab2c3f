"""The reviewed table of what each function calls and which IAM actions each call needs, dependents included; and no more.

The policy files in `.chalice/` are written from it (`python infra/permissions.py`), and a test holds them to it.
A DynamoDB transaction has no action of its own: it needs the action of each operation inside. KMS grants for encrypted
training volumes belong to the training role, not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / ".chalice"
Arn = str | Mapping[str, Any]


def _sub(text: str) -> Arn:
    return {"Fn::Sub": text}


LEDGER: Arn = {"Fn::GetAtt": ["Ledger", "Arn"]}
DUE = _sub("${Ledger.Arn}/index/due")
DAY = _sub("${Ledger.Arn}/index/day")
FAMILY = _sub("${Ledger.Arn}/index/family")
BUS = _sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default")
REPORTS = _sub("${Reports.Arn}/reports/*")
BUCKETS = _sub("arn:${AWS::Partition}:s3:::${CheckpointBuckets}")
DEAD_LETTERS: Arn = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
SLACK_TOKEN: Arn = {"Ref": "SlackTokenSecret"}
JOBS = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/*")
PIPELINES = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:pipeline/*")
ALGORITHMS = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:*:algorithm/*")  # those of the Marketplace are its sellers'
NO_ROLE = _sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/spotwarden/observe-only")  # IAM takes no empty list
ROLES: Arn = {"Fn::If": ["Submits", {"Ref": "TrainingRoles"}, NO_ROLE]}  # full ARNs
ANY = "*"  # for the actions that IAM offers no resource for


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Actions allowed on one resource, under a condition where there is one."""

    actions: tuple[str, ...]
    resource: Arn
    condition: Mapping[str, Any] | None = None


def _grant(resource: Arn, *actions: str, condition: Mapping[str, Any] | None = None) -> Grant:
    return Grant(actions=actions, resource=resource, condition=condition)


DEAD_LETTER = "sqs SendMessage, by Lambda, when the last try has failed"
TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
OF_A_LINEAGE = {"Null": {"aws:RequestTag/spotwarden:lineage": "false"}}  # the request carries the tag

# What the code calls → what IAM asks for.
CALLS: dict[str, tuple[Grant, ...]] = {
    "dynamodb GetItem": (_grant(LEDGER, "dynamodb:GetItem"),),
    "dynamodb Query": (_grant(LEDGER, "dynamodb:Query"),),
    "dynamodb Query due": (_grant(DUE, "dynamodb:Query"),),
    "dynamodb Query day": (_grant(DAY, "dynamodb:Query"),),
    "dynamodb Query family": (_grant(FAMILY, "dynamodb:Query"),),
    "dynamodb PutItem": (_grant(LEDGER, "dynamodb:PutItem"),),
    "dynamodb UpdateItem": (_grant(LEDGER, "dynamodb:UpdateItem"),),
    "dynamodb DeleteItem": (_grant(LEDGER, "dynamodb:DeleteItem"),),
    "dynamodb TransactWriteItems of a decision": (
        _grant(LEDGER, "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    ),
    "dynamodb TransactWriteItems of a message": (_grant(LEDGER, "dynamodb:PutItem"),),
    "dynamodb TransactWriteItems of a day": (_grant(LEDGER, "dynamodb:DeleteItem", "dynamodb:PutItem"),),
    "events PutEvents": (_grant(BUS, "events:PutEvents"),),
    "ec2 DescribeInstances": (_grant(ANY, "ec2:DescribeInstances"),),
    "ec2 GetSpotPlacementScores": (_grant(ANY, "ec2:GetSpotPlacementScores"),),
    "service-quotas ListServiceQuotas": (_grant(ANY, "servicequotas:ListServiceQuotas"),),
    "pricing GetProducts": (_grant(ANY, "pricing:GetProducts"),),
    "s3 PutObject of a report": (_grant(REPORTS, "s3:PutObject"),),
    "s3 ListObjectsV2": (_grant(BUCKETS, "s3:ListBucket"),),
    "sagemaker DescribeTrainingJob": (_grant(JOBS, "sagemaker:DescribeTrainingJob"),),
    "sagemaker ListTags": (_grant(JOBS, "sagemaker:ListTags"),),
    "sagemaker DescribeAlgorithm": (_grant(ALGORITHMS, "sagemaker:DescribeAlgorithm"),),
    "sagemaker ListPipelineExecutionSteps": (_grant(PIPELINES, "sagemaker:ListPipelineExecutionSteps"),),
    "sagemaker ListTrainingJobs": (_grant(ANY, "sagemaker:ListTrainingJobs"),),
    "sagemaker StopTrainingJob": (_grant(JOBS, "sagemaker:StopTrainingJob"),),
    "sagemaker CreateTrainingJob with Tags": (
        _grant(JOBS, "sagemaker:AddTags", "sagemaker:CreateTrainingJob", condition=OF_A_LINEAGE),
        _grant(ROLES, "iam:PassRole", condition=TO_SAGEMAKER),
    ),
    "secretsmanager GetSecretValue": (_grant(SLACK_TOKEN, "secretsmanager:GetSecretValue"),),
    DEAD_LETTER: (_grant(DEAD_LETTERS, "sqs:SendMessage"),),
}

QUEUE_A_MESSAGE = ("dynamodb GetItem", "dynamodb PutItem", "dynamodb TransactWriteItems of a message")
ASK_WHEN_THE_POLICY_TOOK_FORCE = ("dynamodb GetItem", "dynamodb PutItem")
RECONCILE = (
    *ASK_WHEN_THE_POLICY_TOOK_FORCE,
    *QUEUE_A_MESSAGE,
    "dynamodb Query",
    "dynamodb UpdateItem",
    "dynamodb DeleteItem",
    "dynamodb TransactWriteItems of a decision",
    "dynamodb Query family",
    "events PutEvents",
    "ec2 GetSpotPlacementScores",
    "service-quotas ListServiceQuotas",
    "s3 ListObjectsV2",
    "sagemaker DescribeTrainingJob",
    "sagemaker ListTags",
    "sagemaker DescribeAlgorithm",
    "sagemaker ListPipelineExecutionSteps",
    "sagemaker StopTrainingJob",
    "sagemaker CreateTrainingJob with Tags",
)
DIGEST = (
    *ASK_WHEN_THE_POLICY_TOOK_FORCE,
    *QUEUE_A_MESSAGE,
    "dynamodb DeleteItem",
    "dynamodb Query",
    "dynamodb Query day",
    "dynamodb Query family",
    "dynamodb TransactWriteItems of a day",
    "dynamodb UpdateItem",
    "s3 PutObject of a report",
)

# Function → what it calls. Sweep and drain leave no dead letters: the next minute is their next try.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "job_changed": (*RECONCILE, DEAD_LETTER),
    "market_signalled": ("dynamodb PutItem", "ec2 DescribeInstances", DEAD_LETTER),
    "sweep": (*RECONCILE, "dynamodb Query due"),
    "discover": (*RECONCILE, "sagemaker ListTrainingJobs", DEAD_LETTER),
    "drain": (
        *ASK_WHEN_THE_POLICY_TOOK_FORCE,
        *QUEUE_A_MESSAGE,
        "dynamodb Query",
        "dynamodb UpdateItem",
        "dynamodb DeleteItem",
        "secretsmanager GetSecretValue",
    ),
    "prices": (
        *ASK_WHEN_THE_POLICY_TOOK_FORCE,
        "dynamodb Query",
        "dynamodb UpdateItem",
        "pricing GetProducts",
        DEAD_LETTER,
    ),
    "api_handler": (
        *ASK_WHEN_THE_POLICY_TOOK_FORCE,
        "dynamodb Query",
        "dynamodb Query family",
        "dynamodb TransactWriteItems of a decision",
        "sagemaker DescribeTrainingJob",
        "sagemaker ListTags",
        "sagemaker DescribeAlgorithm",
        "secretsmanager GetSecretValue",
    ),
    "digests": (*DIGEST, DEAD_LETTER),
}


def policy(function: str) -> dict[str, Any]:
    """Return the IAM policy of a function: the grants of its calls and its own log group."""
    grants = [_logs(function), *(grant for call in FUNCTIONS[function] for grant in CALLS[call])]
    grants.sort(key=_place)
    return {"Version": "2012-10-17", "Statement": [_statement(list(same)) for _, same in groupby(grants, key=_place)]}


def _logs(function: str) -> Grant:
    # No CreateLogGroup: the stack makes the group, with its retention, and a missing group should show.
    name = "APIHandler" if function == "api_handler" else "".join(word.title() for word in function.split("_"))
    group = f"log-group:/aws/lambda/${{AWS::StackName}}-{name}-*:*"
    arn = _sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:" + group)
    return _grant(arn, "logs:CreateLogStream", "logs:PutLogEvents")


def _place(grant: Grant) -> str:
    return json.dumps([grant.actions[0].split(":")[0], grant.resource, grant.condition], sort_keys=True)


def _statement(grants: list[Grant]) -> dict[str, Any]:
    """One statement for the grants of one resource and condition."""
    actions = sorted({action for grant in grants for action in grant.actions})
    condition = {"Condition": grants[0].condition} if grants[0].condition else {}
    return {"Effect": "Allow", "Action": actions, "Resource": grants[0].resource, **condition}


def policy_file(function: str) -> Path:
    """Return where Chalice looks for the policy of a function."""
    return FOLDER / f"policy-{function}.json"


def policy_text(function: str) -> str:
    """Return what stands in that file."""
    return json.dumps(policy(function), indent=2) + "\n"


if __name__ == "__main__":
    for name in FUNCTIONS:
        policy_file(name).write_text(policy_text(name))
