"""The AWS calls of each function, and the IAM actions that each call needs, dependent actions included; and no more.

``python -m infra.function_permissions`` writes the policy files in `.chalice/`; a test compares them with this table. A DynamoDB
transaction has no IAM action of its own: it needs the action of each operation in it. KMS grants for encrypted training volumes
belong to the training role, not here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from infra.logical_ids import log_group, logical_id

FOLDER = Path(__file__).resolve().parents[1] / ".chalice"
SOURCE = "spotwarden"  # the source of events that the controller puts on the bus
LINEAGE_TAG = "spotwarden:lineage"  # the tag of every job that the controller creates
Arn = str | Mapping[str, Any]


def _sub(text: str) -> Arn:
    return {"Fn::Sub": text}


def _index(name: str) -> Arn:
    return {"Fn::Sub": [f"${{Table}}/index/{name}", {"Table": LEDGER}]}


LEDGER: Arn = {  # the stack's own table, or the one in the parameter ExistingLedger
    "Fn::If": [
        "MakesLedger",
        {"Fn::GetAtt": ["Ledger", "Arn"]},
        _sub("arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${ExistingLedger}"),
    ]
}
DUE, DAY, FAMILY = _index("due"), _index("day"), _index("family")
BUS = _sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBus}")
REPORTS = _sub("${Reports.Arn}/reports/*")
DEAD_LETTERS: Arn = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
SLACK_TOKEN: Arn = {"Ref": "SlackTokenSecret"}
TUNERS = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:hyper-parameter-tuning-job/*")
JOBS = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:training-job/*")
PIPELINES = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:pipeline/*/execution/*")
ALGORITHMS = _sub("arn:${AWS::Partition}:sagemaker:${AWS::Region}:*:algorithm/*")  # Marketplace algorithms: sellers' accounts
# The ARN of the object at PolicyUri: split and join remove "s3://". With an empty PolicyUri, nothing is granted.
POLICY: Arn = {
    "Fn::Join": [
        "",
        ["arn:", {"Ref": "AWS::Partition"}, ":s3:::", {"Fn::Join": ["", {"Fn::Split": ["s3://", {"Ref": "PolicyUri"}]}]}],
    ]
}
ROLES: Arn = {"Ref": "TrainingRoles"}
TOPICS: Arn = {"Ref": "PolicyTopics"}
ANY = "*"  # for actions that do not support resource-level permissions


def _buckets(partition: str) -> Arn:
    """The ARN of each checkpoint bucket. The separator of Fn::Join must be a literal, so each partition needs its own."""
    first = f"arn:{partition}:s3:::"
    return {"Fn::Split": [",", {"Fn::Join": ["", [first, {"Fn::Join": [f",{first}", {"Ref": "CheckpointBuckets"}]}]]}]}


BUCKETS: Arn = {"Fn::If": ["InChina", _buckets("aws-cn"), {"Fn::If": ["InGovCloud", _buckets("aws-us-gov"), _buckets("aws")]}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """IAM actions that are allowed on one resource, with an optional IAM condition.

    ``when`` is the condition in the template under which the statement exists; empty: always.
    """

    actions: tuple[str, ...]
    resource: Arn
    condition: Mapping[str, Any] | None = None
    when: str = ""


def _grant(resource: Arn, *actions: str, condition: Mapping[str, Any] | None = None, when: str = "") -> Grant:
    return Grant(actions=actions, resource=resource, condition=condition, when=when)


DEAD_LETTER = "sqs SendMessage, by Lambda, when the last try has failed"
NETWORK = "ec2 network interfaces, by Lambda, in a VPC"
KEY = "kms, by DynamoDB, SQS and S3, under a customer managed key"
BY_LAMBDA = frozenset({DEAD_LETTER, NETWORK, KEY})  # AWS services need these in the function's name; the code does not call them
HERE = {"StringEquals": {"aws:RequestedRegion": {"Ref": "AWS::Region"}}}
# Anybody can take the name of a deleted bucket, so the policy is read only from a bucket of the expected account.
OF_POLICY_ACCOUNT = {
    "StringEquals": {"aws:ResourceAccount": {"Fn::If": ["HasPolicyAccount", {"Ref": "PolicyAccount"}, {"Ref": "AWS::AccountId"}]}}
}
OF_THIS_ACCOUNT = {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}  # likewise for the bucket of reports
TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
OUR_EVENTS = {"StringEquals": {"events:source": SOURCE}}
# A topic and its key may be in another region than the stack.
BY_SNS = {"StringLike": {"kms:ViaService": [_sub("sns.*.${AWS::URLSuffix}")]}}
# Every job that the controller creates has this tag, so its role can create no other jobs.
WITH_LINEAGE = {"Null": {f"aws:RequestTag/{LINEAGE_TAG}": "false"}}


def _via(*services: str) -> Mapping[str, Any]:
    names = [_sub(f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}") for service in services]
    return {"StringEquals": {"kms:ViaService": names}}


# A call of the code → the grants that it needs.
CALLS: dict[str, tuple[Grant, ...]] = {
    "dynamodb GetItem": (_grant(LEDGER, "dynamodb:GetItem"),),
    "dynamodb Query": (_grant(LEDGER, "dynamodb:Query"),),
    "dynamodb Query due": (_grant(DUE, "dynamodb:Query"),),
    "dynamodb Query day": (_grant(DAY, "dynamodb:Query"),),
    "dynamodb Query family": (_grant(FAMILY, "dynamodb:Query"),),
    "dynamodb PutItem": (_grant(LEDGER, "dynamodb:PutItem"),),
    "dynamodb UpdateItem": (_grant(LEDGER, "dynamodb:UpdateItem"),),
    "dynamodb DeleteItem": (_grant(LEDGER, "dynamodb:DeleteItem"),),
    "dynamodb TransactWriteItems with Put": (_grant(LEDGER, "dynamodb:PutItem"),),
    "dynamodb TransactWriteItems with Update": (_grant(LEDGER, "dynamodb:UpdateItem"),),
    "dynamodb TransactWriteItems with Delete": (_grant(LEDGER, "dynamodb:DeleteItem"),),
    "events PutEvents": (_grant(BUS, "events:PutEvents", condition=OUR_EVENTS),),
    "ec2 DescribeInstances": (_grant(ANY, "ec2:DescribeInstances", condition=HERE),),
    "ec2 GetSpotPlacementScores": (_grant(ANY, "ec2:GetSpotPlacementScores", condition=HERE),),
    "service-quotas ListServiceQuotas": (_grant(ANY, "servicequotas:ListServiceQuotas", condition=HERE),),
    "pricing GetProducts": (_grant(ANY, "pricing:GetProducts"),),
    "s3 GetObject": (
        _grant(POLICY, "s3:GetObject", condition=OF_POLICY_ACCOUNT, when="HasPolicyUri"),
        _grant({"Ref": "PolicyKey"}, "kms:Decrypt", condition=_via("s3"), when="HasPolicyKey"),
    ),
    "s3 PutObject": (_grant(REPORTS, "s3:PutObject", condition=OF_THIS_ACCOUNT),),
    "s3 ListObjectsV2": (_grant(BUCKETS, "s3:ListBucket", when="HasBuckets"),),
    "sagemaker DescribeTrainingJob": (_grant(JOBS, "sagemaker:DescribeTrainingJob"),),
    "sagemaker DescribeHyperParameterTuningJob": (
        _grant(TUNERS, "sagemaker:DescribeHyperParameterTuningJob", "sagemaker:ListTags"),
    ),
    "sagemaker ListTags": (_grant(JOBS, "sagemaker:ListTags"),),
    "sagemaker DescribeAlgorithm": (_grant(ALGORITHMS, "sagemaker:DescribeAlgorithm"),),
    "sagemaker ListPipelineExecutionSteps": (_grant(PIPELINES, "sagemaker:ListPipelineExecutionSteps"),),
    "sagemaker ListTrainingJobs": (_grant(ANY, "sagemaker:ListTrainingJobs", condition=HERE),),
    "sagemaker StopTrainingJob": (_grant(JOBS, "sagemaker:StopTrainingJob", when="HasRoles"),),
    "sagemaker CreateTrainingJob": (
        _grant(JOBS, "sagemaker:AddTags", "sagemaker:CreateTrainingJob", condition=WITH_LINEAGE, when="HasRoles"),
        _grant(ROLES, "iam:PassRole", condition=TO_SAGEMAKER, when="HasRoles"),
    ),
    "secretsmanager GetSecretValue": (
        _grant(SLACK_TOKEN, "secretsmanager:GetSecretValue", when="HasSlack"),
        _grant({"Ref": "SlackSecretKey"}, "kms:Decrypt", condition=_via("secretsmanager"), when="HasSlackKey"),
    ),
    "sns Publish": (
        _grant({"Ref": "NoticeTopic"}, "sns:Publish", when="HasNotices"),
        _grant(TOPICS, "sns:Publish", when="HasPolicyTopics"),
        _grant({"Ref": "TopicKey"}, "kms:Decrypt", "kms:GenerateDataKey", condition=BY_SNS, when="HasTopicKey"),
    ),
    DEAD_LETTER: (_grant(DEAD_LETTERS, "sqs:SendMessage"),),
    NETWORK: (
        _grant(
            ANY,
            "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
            condition=HERE,
            when="HasVpc",
        ),
    ),
    KEY: (
        _grant(
            {"Ref": "Key"}, "kms:Decrypt", "kms:GenerateDataKey", condition=_via("dynamodb", "sqs", "s3"), when="HasKey"
        ),
    ),
}  # fmt: skip

QUEUE_A_MESSAGE = ("dynamodb GetItem", "dynamodb PutItem", "dynamodb TransactWriteItems with Put")
ASK_WHEN_THE_POLICY_TOOK_FORCE = ("dynamodb GetItem", "dynamodb PutItem")
RECONCILE = (
    *ASK_WHEN_THE_POLICY_TOOK_FORCE,
    *QUEUE_A_MESSAGE,
    "dynamodb Query",
    "dynamodb UpdateItem",
    "dynamodb DeleteItem",
    "dynamodb TransactWriteItems with Update",
    "dynamodb TransactWriteItems with Delete",
    "dynamodb Query family",
    "events PutEvents",
    "ec2 GetSpotPlacementScores",
    "service-quotas ListServiceQuotas",
    "s3 GetObject",
    "s3 ListObjectsV2",
    "sagemaker DescribeTrainingJob",
    "sagemaker ListTags",
    "sagemaker DescribeAlgorithm",
    "sagemaker ListPipelineExecutionSteps",
    "sagemaker ListTrainingJobs",
    "sagemaker StopTrainingJob",
    "sagemaker CreateTrainingJob",
)
DIGEST = (
    *QUEUE_A_MESSAGE,
    "dynamodb DeleteItem",
    "dynamodb Query",
    "dynamodb Query day",
    "dynamodb Query family",
    "dynamodb TransactWriteItems with Delete",
    "dynamodb UpdateItem",
    "s3 PutObject",
)

# Function → its calls. Sweep and drain have no dead-letter queue: they run again in the next minute.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "job_changed": (*RECONCILE, "sagemaker DescribeHyperParameterTuningJob", DEAD_LETTER),
    "market_signalled": (*QUEUE_A_MESSAGE, "dynamodb Query", "ec2 DescribeInstances", DEAD_LETTER),
    "sweep": (*RECONCILE, "dynamodb Query due"),
    "discover": (*RECONCILE, DEAD_LETTER),
    "drain": (
        *QUEUE_A_MESSAGE, "dynamodb Query", "dynamodb UpdateItem", "dynamodb DeleteItem",
        "dynamodb TransactWriteItems with Delete", "secretsmanager GetSecretValue", "events PutEvents", "sns Publish",
    ),
    "prices": (
        "dynamodb GetItem", "dynamodb PutItem", "dynamodb Query", "dynamodb UpdateItem", "pricing GetProducts", DEAD_LETTER,
    ),
    "api_handler": (
        "dynamodb GetItem", "dynamodb PutItem", "dynamodb Query", "dynamodb Query family", "sagemaker DescribeTrainingJob",
        "sagemaker ListTags", "sagemaker DescribeAlgorithm", "secretsmanager GetSecretValue",
    ),
    "digests": (*DIGEST, DEAD_LETTER),
}  # fmt: skip


# Functions that never submit jobs → the partition keys that they write. Only functions that submit jobs may write lineage#….
ROWS: dict[str, tuple[str, ...]] = {
    "market_signalled": ("outbox", "outbox#*", "said#*", "signal#*"),
    "drain": ("aside", "cursor", "outbox", "outbox#*", "post#*", "said#*", "shelf#*"),
    "prices": ("cursor", "late", "price#*"),
    "api_handler": ("halt", "once", "request#*"),
    "digests": ("cursor", "late", "outbox", "outbox#*", "pool#*", "rollup", "said#*", "shelf#*"),
}
WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")


def _rows(partitions: Sequence[str]) -> Mapping[str, Any]:
    """The condition that a write is to these partition keys. ``Null``: refuse also a request without a partition key."""
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": list(partitions)},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def policy(function: str) -> dict[str, Any]:
    """Return the IAM policy of a function: for its calls, for its log group, and for what AWS services do in its name."""
    calls = (*FUNCTIONS[function], NETWORK, KEY)
    grants = [_logs(function), *(_where(function, grant) for call in calls for grant in CALLS[call])]
    grants.sort(key=_place)
    return {"Version": "2012-10-17", "Statement": [_statement(list(same)) for _, same in groupby(grants, key=_place)]}


def _where(function: str, grant: Grant) -> Grant:
    """The grant as one function needs it, limited to the rows that it writes and to the stacks in which it is used.

    The drain puts events only if the stack has no Slack. The API's function exists only with Slack, so it needs no condition.
    """
    if function in ROWS and grant.resource == LEDGER and set(grant.actions) <= set(WRITES):
        return replace(grant, condition=_rows(ROWS[function]))
    if function == "drain" and grant.resource == BUS:
        return replace(grant, when="HasNoSlack")
    return replace(grant, when="") if function == "api_handler" and grant.when == "HasSlack" else grant


def _logs(function: str) -> Grant:
    # No CreateLogGroup: the stack creates the log group. The ARN of a log group ends with ":*", so it includes its streams.
    return _grant({"Fn::GetAtt": [log_group(logical_id(function)), "Arn"]}, "logs:CreateLogStream", "logs:PutLogEvents")


def _place(grant: Grant) -> str:
    return json.dumps([grant.actions[0].split(":")[0], grant.when, grant.resource, grant.condition], sort_keys=True)


def _statement(grants: list[Grant]) -> dict[str, Any]:
    """One statement for grants that have the same resource and conditions."""
    actions = sorted({action for grant in grants for action in grant.actions})
    condition = {"Condition": grants[0].condition} if grants[0].condition else {}
    statement = {"Effect": "Allow", "Action": actions, "Resource": grants[0].resource, **condition}
    return {"Fn::If": [grants[0].when, statement, {"Ref": "AWS::NoValue"}]} if grants[0].when else statement


def statements(function: str) -> list[dict[str, Any]]:
    """Return all statements of a function's policy, also those that exist only under a condition of the template."""
    return [s["Fn::If"][1] if "Fn::If" in s else s for s in policy(function)["Statement"]]


def policy_file(function: str) -> Path:
    """Return the path at which Chalice looks for the policy of a function."""
    return FOLDER / f"policy-{function}.json"


def policy_text(function: str) -> str:
    """Return the content of a function's policy file."""
    return json.dumps(policy(function), indent=2) + "\n"


if __name__ == "__main__":
    for name in FUNCTIONS:
        policy_file(name).write_text(policy_text(name))
