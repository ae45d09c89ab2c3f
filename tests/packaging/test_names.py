"""A stack works with every name that CloudFormation accepts: no policy, alarm or rule repeats how a name is made."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from controller.cli.doctor.permissions import needed_actions
from infra import doctor_actions
from infra.alarms import FUNCTIONS
from infra.logical_ids import log_group, role_of
from tests.packaging.cloudformation import OBSERVING, WHOLE, resources
from tests.packaging.conftest import Package

LONG = "StackSet-" + "x" * 119
NAMES = ["spotwarden", "s" * 46, LONG]


def statements(stack: dict[str, Any], role: str) -> list[dict[str, Any]]:
    [policy] = stack[role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def arns_of(stack: dict[str, Any], role: str, action: str) -> list[str]:
    found: list[str] = []
    for statement in statements(stack, role):
        if action in statement["Action"]:
            resource = statement["Resource"]
            found += resource if isinstance(resource, list) else [resource]
    return found


@pytest.mark.parametrize("name", NAMES, ids=len)
def test_each_function_may_write_to_the_log_group_that_it_is_given(package: Package, name: str) -> None:
    stack = resources(package.template, name)
    for function in FUNCTIONS:
        group = stack[log_group(function)]["Name"]
        assert stack[function]["Properties"]["LoggingConfig"]["LogGroup"] == group
        stream = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:log-stream:2026/11/29/[$LATEST]0"
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            assert any(fnmatchcase(stream, arn) for arn in arns_of(stack, role_of(function), action)), function


@pytest.mark.parametrize("name", NAMES, ids=len)
def test_each_function_with_dead_letters_may_send_them_and_so_may_each_rule(package: Package, name: str) -> None:
    stack = resources(package.template, name)
    queue = f"arn:aws:sqs:us-east-1:123456789012:{stack['DeadLetters']['Name']}"
    allowed, _ = stack["DeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    rules = [r for r in stack.values() if r["Type"] == "AWS::Events::Rule"]
    with_queue = [r for r in rules if "DeadLetterConfig" in r["Properties"]["Targets"][0]]
    assert sorted(sources) == sorted(f"arn:aws:events:us-east-1:123456789012:rule/{r['Name']}" for r in with_queue)
    for function, cadence in FUNCTIONS.items():
        assert arns_of(stack, role_of(function), "sqs:SendMessage") == ([queue] if cadence.keeps_dead_letters else [])


@pytest.mark.parametrize("name", NAMES, ids=len)
def test_each_alarm_watches_a_function_or_queue_of_this_stack(package: Package, name: str) -> None:
    stack = resources(package.template, name)
    names = {resource["Name"] for resource in stack.values()}
    for alarm in (r["Properties"] for r in stack.values() if r["Type"] == "AWS::CloudWatch::Alarm"):
        dimensions = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        if alarm["Namespace"] == "Spotwarden":
            assert dimensions == {"service": "spotwarden", "stack": name}
        else:
            assert set(dimensions.values()) <= names


def test_names_that_the_template_gives_are_short_and_differ_between_stacks(package: Package) -> None:
    stack = resources(package.template, LONG)
    assert len(stack["Archive"]["Properties"]["ArchiveName"]) <= 48
    assert "51af3dc0-da77-11e4-872e-1234567db123" in stack["Archive"]["Properties"]["ArchiveName"]
    for query in (r["Properties"] for r in stack.values() if r["Type"] == "AWS::Logs::QueryDefinition"):
        assert len(query["Name"]) <= 255
    given = {(r["Type"], key) for r in stack.values() for key in r["Properties"] if key in NAME_PROPERTIES}
    assert given == {("AWS::Events::Archive", "ArchiveName")}


NAME_PROPERTIES = {
    "ArchiveName", "RoleName", "QueueName", "TableName", "BucketName", "LogGroupName", "AlarmName",
    "DashboardName", "TopicName",
}  # fmt: skip


def texts(found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text below a value, with the path to it."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield from texts(value, f"{path}/{key}")
    elif isinstance(found, list):
        for value in found:
            yield from texts(value, path)
    elif isinstance(found, str):
        yield path, found


def test_the_stacks_name_stands_in_no_policy_and_no_name_of_a_resource(package: Package) -> None:
    used = {path for path, text in texts(package.template["Resources"]) if "AWS::StackName" in text}
    allowed = ("/Dimensions/Value/Ref", "/Properties/Name/Fn::Sub", "/DashboardBody/Fn::Sub")
    assert [path for path in used if not path.endswith(allowed)] == []


def test_a_stack_without_roles_and_buckets_may_submit_stop_pass_and_list_nothing(package: Package) -> None:
    stack = resources(package.template, parameters=OBSERVING)
    actions = {a for f in FUNCTIONS if f in stack for s in statements(stack, role_of(f)) for a in s["Action"]}
    assert not {"sagemaker:CreateTrainingJob", "sagemaker:StopTrainingJob", "iam:PassRole", "s3:ListBucket"} & actions
    assert not {action for action in actions if action.startswith(("kms:", "secretsmanager:", "sns:", "ec2:CreateNetwork"))}


def test_a_stack_with_roles_and_buckets_names_each_in_full(package: Package) -> None:
    roles = [f"arn:aws:iam::123456789012:role/{name}" for name in ("a", "path/b")]
    parameters = {"TrainingRoles": ",".join(roles), "CheckpointBuckets": "acme-a,acme-b", "PolicyTopics": ""}
    stack = resources(package.template, parameters=parameters)
    assert arns_of(stack, "SweepRole", "iam:PassRole") == roles
    assert arns_of(stack, "SweepRole", "s3:ListBucket") == ["arn:aws:s3:::acme-a", "arn:aws:s3:::acme-b"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TrainingRoles", "*"),
        ("TrainingRoles", "arn:aws:iam::123456789012:role/*"),
        ("TrainingRoles", "arn:aws:iam::123456789012:role/a,arn:aws:iam::*:role/b"),
        ("TrainingRoles", "training"),
        ("TrainingRoles", "arn:aws:iam::123456789012:role/train?ng"),
        ("CheckpointBuckets", "*"),
        ("CheckpointBuckets", "acme-*"),
        ("CheckpointBuckets", "acme-a,*"),
        ("CheckpointBuckets", "arn:aws:s3:::acme-a"),
        ("SlackTokenSecret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:*"),
        ("NoticeTopic", "arn:aws:sns:us-east-1:123456789012:*"),
        ("PolicyTopics", "*"),
        ("PolicyTopics", "arn:aws:sns:us-east-1:123456789012:*"),
        ("PolicyTopics", "arn:aws:sns:us-east-1:123456789012:a,arn:aws:sns:us-east-1:*:b"),
        ("PolicyTopics", "arn:aws:sns:us-east-1:123456789012:orders.fifo"),
        ("PolicyTopics", "ml-alerts"),
        ("TopicKey", "*"),
        ("Key", "*"),
        ("PolicyUri", "s3://acme/*"),
        ("PolicyUri", "s3://*/policies.json"),
        ("PolicyUri", "s3://acme/a?b"),
        ("PolicyUri", "s3://acme/"),
        ("PolicyKey", "*"),
        ("EventBus", "*"),
        ("ExistingLedger", "*"),
        ("ApiAccessLog", "maybe"),
        ("RefusedCreates", "maybe"),
    ],
)
def test_a_parameter_takes_no_pattern(package: Package, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        resources(package.template, parameters=OBSERVING | {name: value})


def test_roles_buckets_and_topics_have_no_default(package: Package) -> None:
    without = {name for name, parameter in package.template["Parameters"].items() if "Default" not in parameter}
    assert without == {"TrainingRoles", "CheckpointBuckets", "PolicyTopics"}


def test_the_api_is_there_with_slack_and_can_be_left_out(package: Package) -> None:
    api = {"APIHandler", "ApiHandlerRole", "RestAPI", "APIHandlerInvokePermission", "APIHandlerLogs", "ApiAccessLogs"}
    assert api <= set(resources(package.template))
    without = resources(package.template, parameters=WHOLE | {"SlackApi": "no"})
    assert not api & set(without)
    assert not [name for name, r in without.items() if "ApiGateway" in r["Type"]]
    assert not api & set(resources(package.template, parameters=OBSERVING))


def test_refused_creates_are_heard_only_where_the_parameter_says_so(package: Package) -> None:
    assert not [name for name in resources(package.template, parameters=OBSERVING) if name.startswith("RefusedCreates")]
    rule = resources(package.template)["RefusedCreatesRule"]["Properties"]
    assert rule["EventPattern"]["detail"]["eventName"] == ["CreateTrainingJob"]
    assert rule["EventPattern"]["detail"]["errorCode"] == [{"exists": True}]
    assert [target["Id"] for target in rule["Targets"]] == ["MarketSignalled"]


def test_the_api_is_throttled_logged_and_limited(package: Package) -> None:
    stack = resources(package.template)
    [stage] = [r["Properties"] for r in stack.values() if r["Type"] == "AWS::ApiGateway::Stage"]
    [settings] = stage["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (20, 40)
    assert stage["AccessLogSetting"]["DestinationArn"].endswith(f"{stack['ApiAccessLogs']['Name']}:*")
    assert stack["APIHandler"]["Properties"]["ReservedConcurrentExecutions"] == 5


def test_an_existing_table_takes_the_place_of_the_stacks_own(package: Package) -> None:
    stack = resources(package.template, parameters=OBSERVING | {"ExistingLedger": "restored"})
    assert "Ledger" not in stack
    assert stack["Sweep"]["Properties"]["Environment"]["Variables"]["SPOTWARDEN_TABLE"] == "restored"
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/restored"
    assert arns_of(stack, "SweepRole", "dynamodb:GetItem") == [table]
    assert set(arns_of(stack, "SweepRole", "dynamodb:Query")) == {table, f"{table}/index/due", f"{table}/index/family"}


def test_code_and_permission_follow_the_same_event_bus(package: Package) -> None:
    stack = resources(package.template, parameters=OBSERVING | {"EventBus": "platform"})
    assert stack["Sweep"]["Properties"]["Environment"]["Variables"]["SPOTWARDEN_BUS"] == "platform"
    for role in ("SweepRole", "JobChangedRole", "DiscoverRole", "DrainRole"):
        assert arns_of(stack, role, "events:PutEvents") == ["arn:aws:events:us-east-1:123456789012:event-bus/platform"]


def test_only_functions_that_decide_may_read_the_one_object_of_the_policy(package: Package) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/policies"
    uri = "s3://acme-policies/spotwarden/policies.json"
    with_policy = resources(package.template, parameters={**WHOLE, "PolicyUri": uri, "PolicyKey": key})
    without = resources(package.template)
    for function in FUNCTIONS:
        may = function in ("JobChanged", "Sweep", "Discover")
        arns = arns_of(with_policy, role_of(function), "s3:GetObject")
        assert arns == (["arn:aws:s3:::acme-policies/spotwarden/policies.json"] if may else []), function
        assert (key in arns_of(with_policy, role_of(function), "kms:Decrypt")) is may
        assert with_policy[function]["Properties"]["Environment"]["Variables"]["POLICY_URI"] == uri
        assert arns_of(without, role_of(function), "s3:GetObject") == []


@pytest.mark.parametrize(("parameter", "account"), [("", "123456789012"), ("444455556666", "444455556666")])
def test_a_bucket_of_another_account_says_no_policy(package: Package, parameter: str, account: str) -> None:
    """Anybody can take the name of a bucket that was deleted."""
    given = {**WHOLE, "PolicyUri": "s3://acme-policies/policies.json", "PolicyAccount": parameter}
    reading = [
        statement
        for statement in statements(resources(package.template, parameters=given), role_of("Sweep"))
        if "s3:GetObject" in statement["Action"]
    ]
    assert [one["Condition"] for one in reading] == [{"StringEquals": {"aws:ResourceAccount": account}}]


def test_a_boundary_a_network_and_a_key_reach_everything_that_has_one(package: Package) -> None:
    stack = resources(package.template)
    for resource in stack.values():
        properties = resource["Properties"]
        match resource["Type"]:
            case "AWS::IAM::Role":
                assert properties["PermissionsBoundary"] == WHOLE["PermissionsBoundary"]
            case "AWS::Lambda::Function":
                assert properties["VpcConfig"] == {"SubnetIds": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0a"]}
            case "AWS::Logs::LogGroup":
                assert (properties["KmsKeyId"], properties["RetentionInDays"]) == (WHOLE["Key"], 90)
            case "AWS::SQS::Queue":
                assert properties["KmsMasterKeyId"] == WHOLE["Key"]
            case "AWS::DynamoDB::Table":
                assert properties["SSESpecification"]["KMSMasterKeyId"] == WHOLE["Key"]
    for function in FUNCTIONS:
        assert WHOLE["Key"] in arns_of(stack, role_of(function), "kms:Decrypt"), function
    plain = resources(package.template, parameters=OBSERVING)
    assert not any("VpcConfig" in r["Properties"] or "PermissionsBoundary" in r["Properties"] for r in plain.values())


def test_without_slack_the_drain_may_put_events_and_publish_notices_and_with_slack_neither(package: Package) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:notices"
    without = resources(package.template, parameters=OBSERVING | {"NoticeTopic": topic})
    assert arns_of(without, "DrainRole", "sns:Publish") == [topic]
    assert arns_of(without, "DrainRole", "events:PutEvents")
    whole = resources(package.template, parameters=WHOLE | {"NoticeTopic": topic, "PolicyTopics": ""})
    assert arns_of(whole, "DrainRole", "sns:Publish") == arns_of(whole, "DrainRole", "events:PutEvents") == []
    assert arns_of(whole, "DrainRole", "secretsmanager:GetSecretValue") == [WHOLE["SlackTokenSecret"]]
    assert arns_of(without, "DrainRole", "secretsmanager:GetSecretValue") == []


def test_the_drain_alone_may_publish_to_the_topics_that_policies_name_each_in_full(package: Package) -> None:
    for parameters in (WHOLE, OBSERVING | {"PolicyTopics": WHOLE["PolicyTopics"]}):  # with and without Slack
        stack = resources(package.template, parameters=parameters)
        for function in (f for f in FUNCTIONS if f in stack):
            may = WHOLE["PolicyTopics"].split(",") if function == "Drain" else []
            assert arns_of(stack, role_of(function), "sns:Publish") == may, function
    assert arns_of(resources(package.template, parameters=OBSERVING), "DrainRole", "sns:Publish") == []


def test_reports_and_dead_letters_are_reached_over_tls_alone(package: Package) -> None:
    stack = resources(package.template)
    for policy in ("ReportsPolicy", "DeadLettersPolicy"):
        denied = [s for s in stack[policy]["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert [s["Condition"] for s in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]
    rules = {r["Id"]: r for r in stack["Reports"]["Properties"]["LifecycleConfiguration"]["Rules"]}
    assert rules["OldVersions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


@pytest.mark.parametrize(
    "parameters",
    [
        WHOLE,
        OBSERVING,
        WHOLE | {"SlackApi": "no", "PolicyUri": "s3://acme-policies/p.json", "PolicyKey": WHOLE["Key"]},
        OBSERVING | {"NoticeTopic": "arn:aws:sns:us-east-1:123456789012:notices", "PolicyUri": "s3://acme-policies/p.json"},
    ],
)
def test_the_doctor_expects_of_each_role_what_the_template_gives_it(package: Package, parameters: dict[str, str]) -> None:
    stack = resources(package.template, parameters=parameters)
    given = {
        role_of(function): {action for statement in statements(stack, role_of(function)) for action in statement["Action"]}
        for function in FUNCTIONS
        if role_of(function) in stack
    }
    assert needed_actions(parameters) == given


def test_what_the_doctor_expects_is_current() -> None:
    assert doctor_actions.FILE.read_text("utf-8") == doctor_actions.text(), "run: python -m infra.doctor_actions"
