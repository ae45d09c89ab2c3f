"""Makes the checks, and reports which IAM actions the caller's credentials lack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.cli.aws_calls import explained
from controller.runtime.ports.answers import Unreachable

Look = Callable[[], tuple[bool | None, str]]
# API operation that the doctor uses → IAM action that it needs.
ACTIONS = {
    "GetCallerIdentity": "sts:GetCallerIdentity", "DescribeStacks": "cloudformation:DescribeStacks",
    "ListStackResources": "cloudformation:ListStackResources", "DescribeRule": "events:DescribeRule",
    "DescribeAlarms": "cloudwatch:DescribeAlarms", "GetMetricStatistics": "cloudwatch:GetMetricStatistics",
    "GetQueueAttributes": "sqs:GetQueueAttributes", "DescribeTable": "dynamodb:DescribeTable", "GetItem": "dynamodb:GetItem",
    "Query": "dynamodb:Query", "GetRole": "iam:GetRole", "ListRolePolicies": "iam:ListRolePolicies",
    "GetRolePolicy": "iam:GetRolePolicy", "HeadBucket": "s3:ListBucket", "GetObject": "s3:GetObject",
    "GetSecretValue": "secretsmanager:GetSecretValue", "ListServiceQuotas": "servicequotas:ListServiceQuotas",
    "GetTopicAttributes": "sns:GetTopicAttributes", "ListTargetsByRule": "events:ListTargetsByRule",
    "DescribeEventBus": "events:DescribeEventBus", "GetPolicy": "lambda:GetPolicy",
    "DescribeContinuousBackups": "dynamodb:DescribeContinuousBackups", "GetFunctionConcurrency": "lambda:GetFunctionConcurrency",
    "GetTemplate": "cloudformation:GetTemplate", "GetFunctionConfiguration": "lambda:GetFunctionConfiguration",
    "GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock", "GetBucketPolicy": "s3:GetBucketPolicy",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration", "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "ListAttachedRolePolicies": "iam:ListAttachedRolePolicies",
    "DescribeTimeToLive": "dynamodb:DescribeTimeToLive", "ListSubscriptionsByTopic": "sns:ListSubscriptionsByTopic",
}  # fmt: skip
DENIED = frozenset({"403", "Forbidden", "AuthorizationError", "UnauthorizedException"})  # codes of some services
PERFORM = re.compile(r"not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check. ``ok`` is None if the check could not be made. ``says``: a sentence for the operator."""

    check: str
    ok: bool | None
    says: str


@dataclass(slots=True)
class Looks:
    """Makes checks, and collects the IAM actions that the caller lacks in ``lacking``."""

    lacking: set[str] = field(default_factory=set)

    def at(self, check: str, look: Look) -> Iterator[CheckResult]:
        """One finding. If AWS does not answer or refuses the caller, the finding states why the check was not made."""
        try:
            ok, says = look()
        except (ClientError, BotoCoreError, Unreachable) as error:
            action = _action(error)
            if action:
                self.lacking.add(action)
            why = f"your credentials lack {action}" if action else str(explained(error))
            yield CheckResult(check=check, ok=None, says=f"not checked: {why}")
        else:
            yield CheckResult(check=check, ok=ok, says=says)

    def caller(self) -> Iterator[CheckResult]:
        """A finding with the IAM actions that the caller lacks; none if every check could be made."""
        if self.lacking:
            says = f"your credentials lack {', '.join(sorted(self.lacking))}: allow them, or use --profile with others"
            yield CheckResult(check="caller", ok=False, says=says)


def _action(error: Exception) -> str:
    """The IAM action that a refused call needs; empty if the call did not fail because of a missing permission."""
    cause = error if isinstance(error, ClientError) else error.__cause__
    if not isinstance(cause, ClientError):
        return ""
    code = cause.response.get("Error", {}).get("Code", "")
    if code not in DENIED and fault_of(cause) is not AwsFault.DENIED:
        return ""
    said = PERFORM.search(cause.response.get("Error", {}).get("Message", ""))
    return said[1] if said else ACTIONS.get(cause.operation_name, f"the permission for {cause.operation_name}")
