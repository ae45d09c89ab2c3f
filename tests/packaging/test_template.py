"""The template deploys the rules of the local bus and the permissions of the reviewed table, and has no lint findings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from app import app
from controller.aws import event_publisher
from controller.ledger.lineage import LINEAGE_TAG
from infra import function_permissions as permissions
from infra.local import bus, schedule
from infra.logical_ids import logical_id, role_of
from tests.packaging.cloudformation import WHOLE, resources, transformed
from tests.packaging.conftest import ROOT, Package

API = "APIHandler"
FILES_WITH_SETTINGS = ("controller/wiring.py", "controller/aws/stack_parameters.py", "handlers/observed.py")
UNBOUND = {  # IAM offers no resource for these
    "ec2:DescribeInstances", "ec2:GetSpotPlacementScores", "pricing:GetProducts", "sagemaker:ListTrainingJobs",
    "servicequotas:ListServiceQuotas", "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}  # fmt: skip


def findings(template: Path) -> str:
    lint = Path(sys.executable).with_name("cfn-lint")
    command = [str(lint), "--regions", "us-east-1", "--", str(template)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # fixed arguments
    return done.stdout + done.stderr


@pytest.mark.nightly  # the transformed template, which the next test looks at, comes from it
def test_cfn_lint_has_no_finding_on_the_merged_template(package: Package) -> None:
    assert findings(package.zip.with_name("sam.json")) == ""


def test_cfn_lint_has_no_finding_on_the_transformed_template(package: Package, tmp_path: Path) -> None:
    made = tmp_path / "transformed.json"
    made.write_text(json.dumps(transformed(package.template, WHOLE)))
    assert findings(made) == ""


def test_the_local_bus_has_the_rules_that_are_deployed(package: Package) -> None:
    deployed = {}
    for name, properties in package.functions.items():
        if name == API:
            continue
        [event] = properties["Events"].values()
        deployed[name] = (event["Properties"].get("Pattern"), event["Properties"].get("Schedule"), properties["Handler"])
    local = {logical_id(rule.name): (rule.pattern, rule.schedule, rule.target) for rule in bus.rules(app)}
    assert local == deployed


def test_the_deployed_retries_are_those_the_local_bus_makes(package: Package) -> None:
    deployed = {name: p["EventInvokeConfig"]["MaximumRetryAttempts"] for name, p in package.functions.items() if name != API}
    assert {logical_id(rule.name): rule.retries for rule in bus.rules(app)} == deployed


def test_every_schedule_is_supported_by_the_local_clock() -> None:
    for rule in bus.rules(app):
        if rule.schedule is not None:
            schedule.check_expression(rule.schedule)


def test_each_policy_file_equals_the_reviewed_table() -> None:
    files = {file.name: file.read_text() for file in permissions.FOLDER.glob("policy-*.json")}
    table = {permissions.policy_file(f).name: permissions.policy_text(f) for f in permissions.FUNCTIONS}
    assert files == table, "run: python infra/function_permissions.py"


def test_each_deployed_function_has_a_role_of_its_own_with_the_policy_of_the_table(package: Package) -> None:
    assert set(package.functions) == {logical_id(f) for f in permissions.FUNCTIONS}
    for function in permissions.FUNCTIONS:
        name = logical_id(function)
        role = role_of(name)
        assert package.functions[name]["Role"] == {"Fn::GetAtt": [role, "Arn"]}
        [policy] = package.template["Resources"][role]["Properties"]["Policies"]
        assert policy["PolicyDocument"] == json.loads(permissions.policy_text(function))


@pytest.mark.parametrize("function", permissions.FUNCTIONS)
def test_no_function_has_a_wildcard_resource_except_where_iam_offers_no_other(function: str) -> None:
    for statement in permissions.statements(function):
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert set(statement["Action"]) <= UNBOUND


def test_a_transaction_and_a_tagged_submission_have_each_permission_that_they_need() -> None:
    allowed = {a for s in permissions.statements("job_changed") for a in s["Action"]}
    assert {f"dynamodb:{o}Item" for o in ("Put", "Update", "Delete")} <= allowed
    assert {"sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"} <= allowed


def test_the_role_of_a_job_is_passed_to_sagemaker_alone() -> None:
    [statement] = [s for s in permissions.statements("sweep") if s["Action"] == ["iam:PassRole"]]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_a_job_can_be_created_with_a_tag_of_the_controller_alone() -> None:
    [found] = [s["Condition"] for s in permissions.statements("sweep") if "sagemaker:CreateTrainingJob" in s["Action"]]
    assert found == {"Null": {f"aws:RequestTag/{LINEAGE_TAG}": "false"}}


def test_a_report_is_written_into_a_bucket_of_this_account_alone() -> None:
    """The name of a bucket that was deleted can be taken by anybody."""
    writes = [s for f in permissions.FUNCTIONS for s in permissions.statements(f) if "s3:PutObject" in s["Action"]]
    assert [s["Condition"] for s in writes] == [{"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}]


def test_the_controllers_own_events_and_no_others_can_be_put() -> None:
    [statement] = [s for s in permissions.statements("sweep") if s["Action"] == ["events:PutEvents"]]
    assert statement["Condition"] == {"StringEquals": {"events:source": event_publisher.SOURCE}}


def test_only_functions_that_call_slack_read_its_secret_and_only_those_that_create_jobs_list_them() -> None:
    def holders(action: str) -> set[str]:
        return {f for f in permissions.FUNCTIONS if action in str(permissions.policy(f))}

    assert holders("secretsmanager:GetSecretValue") == {"drain", "api_handler"}
    assert holders("sagemaker:ListTrainingJobs") == holders("sagemaker:CreateTrainingJob") == {"job_changed", "sweep", "discover"}


def test_only_functions_with_dead_letters_may_send_them(package: Package) -> None:
    for function in permissions.FUNCTIONS:
        keeps = "DestinationConfig" in package.functions[logical_id(function)]["EventInvokeConfig"]
        assert keeps == ("sqs:SendMessage" in str(permissions.policy(function))), function


def test_every_call_of_the_table_belongs_to_a_function() -> None:
    called = {call for calls in permissions.FUNCTIONS.values() for call in calls}
    assert set(permissions.CALLS) == called | permissions.BY_LAMBDA


def test_the_table_outlives_the_stack_and_can_be_restored(package: Package) -> None:
    ledger = package.template["Resources"]["Ledger"]
    assert (ledger["DeletionPolicy"], ledger["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert ledger["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert resources(package.template)["Ledger"]["Properties"]["DeletionProtectionEnabled"] is True


def test_every_setting_the_code_requires_is_set_on_every_function(package: Package) -> None:
    wiring = "".join((ROOT / file).read_text() for file in FILES_WITH_SETTINGS)
    required, known = set(re.findall(r'setting\("(\w+)"\)', wiring)), set(re.findall(r'"(SPOTWARDEN_\w+)"', wiring))
    variables = package.template["Globals"]["Function"]["Environment"]["Variables"]
    assert required <= {name for name in variables if name.startswith("SPOTWARDEN_")} <= known


def test_the_code_makes_the_calls_of_the_table_and_no_others() -> None:
    """A call is an attribute or a paginator's name that is an operation of its service; `describe_algorithm` names one."""
    sources = [*(ROOT / "controller" / "aws").rglob("*.py"), ROOT / "controller" / "wiring.py"]
    words = {word for file in sources for word in re.findall(r"""[."']([a-z0-9_]+)["'(,]""", file.read_text())}
    made = set()
    for service in ("dynamodb", "ec2", "events", "pricing", "s3", "sagemaker", "secretsmanager", "service-quotas", "sns"):
        operations = Session().get_service_model(service).operation_names
        made |= {f"{service} {name}" for name in operations if xform_name(name) in words}
    reviewed = {" ".join(call.split()[:2]) for call in permissions.CALLS if call not in permissions.BY_LAMBDA}
    assert made == reviewed
