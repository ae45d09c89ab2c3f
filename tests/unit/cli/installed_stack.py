"""An installation on the embedded AWS, for tests of the doctor."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime

import pytest

from controller import wiring
from controller.aws.dynamodb.all_ports import DynamoLedger
from controller.cli.doctor.permissions import needed_actions
from controller.policy.compiled_document import document_text, revision_of
from controller.runtime.ports.schedule import DiscoverPass
from infra.local import aws
from infra.local.slack.server import Slack
from infra.stack import merge_template
from tests.put_in_force import in_force_since
from tests.unit.cli.doctor.test_reports import as_the_stack_makes_it

STACK = "spotwarden-dev"
KEPT = ("Ledger", "DeadLetters", "Reports")
SECRET = "slack"
BY_SAGEMAKER = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [BY_SAGEMAKER]})
EMPTY = {"version": 1, "channel": "#ml", "rules": [], "resubmit": []}
GOOD = {**EMPTY, "revision": revision_of(EMPTY)}


@pytest.fixture
def slack() -> Iterator[Slack]:
    server = Slack().serve()
    yield server
    server.close()


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch, slack: Slack) -> Iterator[aws.Local]:
    """An installation on the embedded AWS: the table, the queue, two rules, a secret and the parameters of a stack."""
    with aws.start(dynamodb=aws.ATOMIC) as started:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": aws.REGION,
            "AWS_ENDPOINT_URL": started.url, "SPOTWARDEN_SLACK_URL": f"{slack.url}/api/",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        wiring.client.cache_clear()
        deploy(started, slack.token)
        yield started
        wiring.client.cache_clear()


def deploy(local: aws.Local, token: str) -> None:
    secret = local.client("secretsmanager").create_secret(
        Name=SECRET, SecretString=json.dumps({"bot_token": token, "signing_secret": "s"})
    )
    local.client("s3").create_bucket(Bucket="acme-checkpoints")
    local.client("s3").create_bucket(Bucket="acme-policies")
    local.client("s3").put_object(Bucket="acme-policies", Key="policies.json", Body=document_text(GOOD).encode())
    role = local.client("iam").create_role(RoleName="training", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    template = merge_template("python3.14", "arm64")
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)", "State": "ENABLED"}}
    kept = {name: template["Resources"][name] for name in KEPT}
    values = {"TrainingRoles": role, "CheckpointBuckets": "acme-checkpoints", "SlackTokenSecret": secret["ARN"]}
    needed = needed_actions(values | {"PolicyUri": "s3://acme-policies/policies.json"})
    roles = {name: {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}} for name in needed}
    template["Resources"] = {**kept, **roles, "SweepSweepEvent": rule, "DrainDrainEvent": rule}
    template["Outputs"] = {name: template["Outputs"][name] for name in KEPT}
    del template["Globals"]
    values["PolicyTopics"] = ""
    values["PolicyUri"] = "s3://acme-policies/policies.json"
    local.client("cloudformation").create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
    )
    set_targets(local)
    set_policies(local)
    table = output(local, "Ledger")
    ttl = {"Enabled": True, "AttributeName": "expires_at"}
    local.client("dynamodb").update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    backups = {"PointInTimeRecoveryEnabled": True}
    local.client("dynamodb").update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=backups)
    for name, actions in needed.items():  # moto's CloudFormation does not write policies in roles as JSON
        allow(local, role_named(local, name), sorted(actions))
    ledger(local).passes.note_passed(DiscoverPass.FIRST, now())
    in_force_since(ledger(local).revisions, GOOD["revision"], now(), GOOD)
    ledger(local).digests.note_checked(now())
    sweep_at(local, now())


def set_targets(local: aws.Local) -> None:
    """Let both rules invoke a function, as the stack's rules do."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as content:
        content.writestr("app.py", "")
    functions, events = local.client("lambda"), local.client("events")
    role = local.client("iam").get_role(RoleName="training")["Role"]["Arn"]
    code = {"ZipFile": packed.getvalue()}
    made = functions.create_function(FunctionName="Sweep", Runtime="python3.13", Role=role, Handler="app.a", Code=code)
    functions.add_permission(
        FunctionName="Sweep", StatementId="rules", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
    )
    for rule in events.list_rules()["Rules"]:
        events.put_targets(Rule=rule["Name"], Targets=[{"Id": "0", "Arn": made["FunctionArn"]}])


def set_policies(local: aws.Local) -> None:
    """Set what moto's CloudFormation does not set on the bucket and the queue."""
    as_the_stack_makes_it(local.client("s3"), output(local, "Reports"))
    sends = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Policy": json.dumps({"Statement": [sends]})}
    local.client("sqs").set_queue_attributes(QueueUrl=output(local, "DeadLetters"), Attributes=policy)


def sweep_at(local: aws.Local, at: datetime) -> None:
    dimensions = [{"Name": "service", "Value": "spotwarden"}, {"Name": "stack", "Value": STACK}]
    metric = {"MetricName": "OverdueSeconds", "Dimensions": dimensions, "Timestamp": at, "Value": 0.0}
    local.client("cloudwatch").put_metric_data(Namespace="Spotwarden", MetricData=[metric])


def now() -> datetime:
    return wiring.clock().now()


def output(local: aws.Local, name: str) -> str:
    stack = local.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return str({o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}[name])


def ledger(local: aws.Local) -> DynamoLedger:
    return DynamoLedger(local.client("dynamodb"), output(local, "Ledger"))


def role_named(local: aws.Local, logical_id: str) -> str:
    resource = local.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])


def allow(local: aws.Local, role: str, actions: Iterable[str]) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    local.client("iam").put_role_policy(RoleName=role, PolicyName="policy", PolicyDocument=json.dumps(document))
