"""The doctor says who hears of alarms, what was changed by hand, whether the table is a ledger, and how far the clock is off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from controller.cli.doctor import Installation
from controller.cli.doctor_permissions import look_at_role, look_at_training_roles
from controller.cli.doctor_slack import look_at_slack
from controller.cli.doctor_table import INDEXES, look_at_table
from controller.cli.doctor_triggers import REDEPLOY, look_at_alarms, look_at_bus, look_at_dead_letters, look_at_rules
from infra.local import aws
from infra.local.slack import Slack

RESOURCES = json.loads((Path(__file__).resolve().parents[3] / "infra" / "resources.json").read_text("utf-8"))["Resources"]
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start() as started:
        yield started


def make_alarm(local: aws.Local, name: str, *, enabled: bool = True) -> None:
    local.client("cloudwatch").put_metric_alarm(
        AlarmName=name, MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1, Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold", ActionsEnabled=enabled,
    )  # fmt: skip


def test_alarms_that_nobody_hears_are_named(local: aws.Local) -> None:
    make_alarm(local, "A")
    assert look_at_alarms(local.client, ["A"], "") == (
        True,
        "none of 1 is in alarm; AlarmTopic is empty, so they are seen in CloudWatch alone",
    )
    assert look_at_alarms(local.client, ["A"], TOPIC)[1].startswith(f"the AlarmTopic {TOPIC} does not exist, so nobody hears")
    sns = local.client("sns")
    sns.create_topic(Name="alarms")
    assert look_at_alarms(local.client, ["A"], TOPIC) == (
        False,
        f"nobody is subscribed to the AlarmTopic {TOPIC}: subscribe with aws sns subscribe, and confirm the mail",
    )
    sns.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="ada@acme.org")
    assert look_at_alarms(local.client, ["A"], TOPIC) == (True, "none of 1 is in alarm")


@pytest.mark.parametrize(("bus", "ok"), [("", True), ("default", True), ("ml", False)])
def test_a_bus_that_is_not_there_is_named(local: aws.Local, bus: str, *, ok: bool) -> None:
    assert look_at_bus(local.client, bus)[0] is ok
    assert (
        ok or "the event bus ml does not exist: create it, or deploy with another EventBus" in look_at_bus(local.client, bus)[1]
    )


def test_the_doctor_knows_the_indexes_that_the_stack_makes() -> None:
    made = RESOURCES["Ledger"]["Properties"]["GlobalSecondaryIndexes"]
    assert {i["IndexName"]: tuple(k["AttributeName"] for k in i["KeySchema"]) for i in made} == INDEXES


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"HASH": "id"}, "has the key id, wanted pk and sk: restore it with the keys and indexes of Ledger"),
        ({"HASH": "pk", "RANGE": "sk"}, "has no index day, due, family: restore it with the keys and indexes of Ledger"),
    ],
)
def test_a_table_with_other_keys_is_named(local: aws.Local, keys: Mapping[str, str], told: str) -> None:
    name = f"T-{'-'.join(keys.values())}"
    dynamodb = local.client("dynamodb")
    dynamodb.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": n, "KeyType": kind} for kind, n in keys.items()],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in keys.values()],
    )  # fmt: skip
    ok, says = look_at_table(dynamodb, name)
    assert not ok
    assert told in says


def test_a_table_of_another_region_is_told_with_the_region_that_was_looked_at(local: aws.Local) -> None:
    assert look_at_table(local.client("dynamodb"), "Elsewhere")[1].startswith("us-east-1 has no table Elsewhere: ")


class Described:
    """A DynamoDB whose table is in a state."""

    def __init__(self, status: str) -> None:
        self.status = status

    def describe_table(self, TableName: str) -> Any:  # noqa: N803 (AWS's own name)
        return {"Table": {"TableName": TableName, "TableStatus": self.status}}


@pytest.mark.parametrize("status", ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "DELETING", "CREATING", "ARCHIVED"])
def test_a_table_that_nobody_can_use_is_told_with_its_state(status: str) -> None:
    assert look_at_table(Described(status), "T") == (
        False, f"the table T is {status}, so nothing can be read or written: wait, or look at its KMS key"
    )  # fmt: skip


class Secrets:
    """Secrets Manager with one answer or one error."""

    meta = SimpleNamespace(region_name="us-east-1")

    def __init__(self, answer: Mapping[str, Any] | str) -> None:
        self.answer = answer

    def get_secret_value(self, SecretId: str) -> Any:  # noqa: N803 (AWS's own name)
        assert SecretId
        if isinstance(self.answer, str):
            raise ClientError({"Error": {"Code": self.answer, "Message": "m"}}, "GetSecretValue")
        return self.answer


@pytest.mark.parametrize(
    ("answer", "ok", "told"),
    [
        ("InvalidRequestException", False, "the secret arn is marked for deletion: aws secretsmanager restore-secret"),
        ("DecryptionFailure", False, "the secret arn cannot be decrypted: enable its KMS key"),
        ("ResourceNotFoundException", False, "found no secret arn: create it, or deploy without SlackTokenSecret"),
        (
            {"SecretBinary": b"x"},
            False,
            "the secret arn cannot be used: the Slack secret is empty or no text (SecretBinary is not read)",
        ),
        ({"SecretString": ""}, False, "the secret arn cannot be used: the Slack secret is empty or no text"),
        ({"SecretString": "{not json"}, False, "the secret arn cannot be used: the Slack secret begins like JSON and is none"),
        ({"SecretString": '{"bot_token": 7}'}, False, "the secret arn cannot be used: the Slack secret has no bot_token; wanted"),
        ({"SecretString": '{"webhook_url": "https://hooks"}'}, True, "an incoming webhook"),
    ],
)
def test_a_secret_that_cannot_be_used_is_told_with_what_to_do(answer: Any, told: str, *, ok: bool) -> None:
    found = look_at_slack(lambda _: Secrets(answer), "arn")
    assert found[0] is ok
    assert found[1].startswith(told)


class Sts:
    """STS at a time of its own: it answers, or refuses a request whose time is far off, with its own time in both."""

    def __init__(self, date: str, *, refuses: bool) -> None:
        self.meta = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
        self.refuses = refuses

    def get_caller_identity(self) -> Any:
        if self.refuses:
            error = {"Code": "SignatureDoesNotMatch", "Message": "Signature expired: 20261130T030000Z is now earlier than ..."}
            raise ClientError({"Error": error, **self.meta}, "GetCallerIdentity")  # type: ignore[typeddict-item]  # only what is read
        return {"Arn": "arn:aws:iam::123456789012:user/ada", **self.meta}


@pytest.mark.parametrize(
    ("date", "refuses", "told"),
    [
        ("Mon, 30 Nov 2026 03:00:20 GMT", False, "the caller is arn:aws:iam::123456789012:user/ada; the clock is right"),
        ("Mon, 30 Nov 2026 03:02:00 GMT", False, "this machine's clock is 120 s from AWS's: set it, or signatures are refused"),
        ("Mon, 30 Nov 2026 03:20:00 GMT", True, "this machine's clock is 1200 s from AWS's: set it, or signatures are refused"),
    ],
)
def test_a_clock_that_is_off_is_told_in_seconds_also_where_aws_refuses_its_signature(
    date: str, told: str, *, refuses: bool
) -> None:
    def client(_: str) -> Any:
        return Sts(date, refuses=refuses)

    assert Installation(client, lambda _: None, lambda: NOW)._clock()[1] == told  # type: ignore[arg-type, return-value]


# ── what somebody changed by hand ────────────────────────────────────────────────────────────────────────────────────────────

NO_TRUST = {"Version": "2012-10-17", "Statement": []}


def test_a_queue_that_was_deleted_is_no_empty_queue(local: aws.Local) -> None:
    queue = local.client("sqs").create_queue(QueueName="DeadLetters")["QueueUrl"]
    assert look_at_dead_letters(local.client, queue) == (True, "none")
    local.client("sqs").delete_queue(QueueUrl=queue)
    assert look_at_dead_letters(local.client, queue) == (
        False, f"the queue {queue} is deleted, so what fails permanently is lost; deploy the stack again with REVERT_DRIFT=yes"
    )  # fmt: skip


def role_with(local: aws.Local, name: str, *statements: Mapping[str, Any]) -> str:
    iam = local.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(NO_TRUST))["Role"]["Arn"]
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(document))
    return str(arn)


ALLOWS = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "sns:Publish"], "Resource": "*"}


def test_a_role_with_a_managed_policy_may_do_more_than_its_own_policy_says(local: aws.Local) -> None:
    needed = set(ALLOWS["Action"])
    role_with(local, "attached", ALLOWS)
    assert look_at_role(local.client("iam"), "DrainRole", "attached", needed)[0]
    policy = local.client("iam").create_policy(PolicyName="more", PolicyDocument=json.dumps(NO_TRUST | {"Statement": [ALLOWS]}))
    arn = policy["Policy"]["Arn"]
    local.client("iam").attach_role_policy(RoleName="attached", PolicyArn=arn)
    assert look_at_role(local.client("iam"), "DrainRole", "attached", needed) == (
        False,
        f"Drain may also do what {arn} allows, which is no part of the stack:"
        f" aws iam detach-role-policy --role-name attached --policy-arn {arn}",
    )


def test_a_right_that_the_same_role_denies_is_missing(local: aws.Local) -> None:
    role_with(local, "denies", ALLOWS, {"Effect": "Deny", "Action": "sns:*", "Resource": "*"})
    said = look_at_role(local.client("iam"), "DrainRole", "denies", ALLOWS["Action"])
    assert said == (False, f"Drain lacks sns:Publish: {REDEPLOY}, which puts its own policies back")


def test_training_roles_that_sagemaker_or_this_account_cannot_use_are_named(local: aws.Local) -> None:
    iam, arn = local.client("iam"), role_with(local, "untrusted", ALLOWS)
    assert look_at_training_roles(iam, [arn], aws.ACCOUNT) == (
        False, f"SageMaker may not assume {arn}: add sagemaker.amazonaws.com to the trust policy, or deploy without"
    )  # fmt: skip
    other = arn.replace(aws.ACCOUNT, "999999999999")
    assert look_at_training_roles(iam, [arn, other], aws.ACCOUNT) == (
        False, f"these TrainingRoles are of another account than {aws.ACCOUNT}: {other}; a job needs a role of its own"
    )  # fmt: skip
    by_sagemaker = {"Effect": "Allow", "Principal": {"Service": ["sagemaker.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    made = json.dumps(NO_TRUST | {"Statement": [by_sagemaker]})
    trusted = iam.create_role(RoleName="trusted", AssumeRolePolicyDocument=made)["Role"]["Arn"]
    assert look_at_training_roles(iam, [trusted], aws.ACCOUNT) == (True, trusted)


def test_an_alarm_that_was_deleted_or_made_mute_is_named(local: aws.Local) -> None:
    make_alarm(local, "RingsFail")
    make_alarm(local, "SweepIsMissing", enabled=False)
    assert look_at_alarms(local.client, ["RingsFail", "SweepIsMissing", "WorkIsOverdue"], "") == (
        False, f"deleted: WorkIsOverdue; {REDEPLOY}"
    )  # fmt: skip
    assert look_at_alarms(local.client, ["RingsFail", "SweepIsMissing"], "") == (
        False, "nobody hears of SweepIsMissing: aws cloudwatch enable-alarm-actions --alarm-names SweepIsMissing"
    )  # fmt: skip


class OneRule:
    """A rule that is enabled and may call its function, which reserves no execution."""

    def describe_rule(self, **_: Any) -> Any:
        return {"State": "ENABLED"}

    def list_targets_by_rule(self, **_: Any) -> Any:
        return {"Targets": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:function:Sweep"}]}

    def get_policy(self, **_: Any) -> Any:
        return {"Policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}}]})}

    def get_function_concurrency(self, **_: Any) -> Any:
        return {"ReservedConcurrentExecutions": 0}


def test_a_function_that_was_paused_by_its_concurrency_is_named() -> None:
    assert look_at_rules(lambda _: OneRule(), ["EachMinute"]) == (
        False, f"Sweep reserves 0 executions, so Lambda never runs it; {REDEPLOY}"
    )  # fmt: skip


def test_a_secret_without_a_signing_secret_posts_and_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    slack = Slack().serve()
    monkeypatch.setenv("SPOTWARDEN_SLACK_URL", f"{slack.url}/api/")
    try:
        ok, says = look_at_slack(lambda _: Secrets({"SecretString": slack.token}), "arn")
    finally:
        slack.close()
    assert ok
    assert says.endswith("; the secret has no signing_secret, so buttons and /spot do nothing")


class Unsaved:
    """A table as the stack makes it, without point-in-time recovery."""

    def describe_table(self, TableName: str) -> Any:  # noqa: N803 (AWS's own name)
        made = RESOURCES["Ledger"]["Properties"]
        return {"Table": {"TableName": TableName, "TableStatus": "ACTIVE", **made}}

    def get_item(self, **_: Any) -> Any:
        return {}

    def describe_time_to_live(self, **_: Any) -> Any:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}}

    def describe_continuous_backups(self, **_: Any) -> Any:
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}}


def test_a_restored_table_without_point_in_time_recovery_is_named_with_the_command() -> None:
    ok, says = look_at_table(Unsaved(), "T")
    assert not ok
    assert says.startswith("the table T has no point-in-time recovery: aws dynamodb update-continuous-backups --table-name T")
