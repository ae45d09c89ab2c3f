"""The template deploys the rules the local bus plays, permissions that equal the reviewed table, and lints clean."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from app import app
from infra import permissions
from infra.local import bus, schedule
from tests.packaging.conftest import ROOT, Package

API = "APIHandler"
UNBOUND = {  # IAM offers no resource for these
    "ec2:DescribeInstances", "ec2:GetSpotPlacementScores", "pricing:GetProducts", "sagemaker:ListTrainingJobs",
    "servicequotas:ListServiceQuotas",
}  # fmt: skip


def logical_id(function: str) -> str:
    """Chalice's logical id of a function: job_changed → JobChanged, and one name of its own for what answers the API."""
    return API if function == "api_handler" else "".join(word.title() for word in function.split("_"))


def findings(template: Path) -> str:
    lint = Path(sys.executable).with_name("cfn-lint")
    command = [str(lint), "--regions", "us-east-1", "--", str(template)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our words
    return done.stdout + done.stderr


def test_cfn_lint_has_no_finding_on_the_merged_template(package: Package) -> None:
    assert findings(package.zip.with_name("sam.json")) == ""


def test_cfn_lint_has_no_finding_on_what_cloudformation_makes_of_it(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    template: dict[str, Any] = json.loads(json.dumps(package.template))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack"
    values = {name: parameter.get("Default", secret) for name, parameter in template["Parameters"].items()}
    transformed = tmp_path / "transformed.json"
    transformed.write_text(json.dumps(Translator({}, Parser()).translate(template, values)))
    assert findings(transformed) == ""


def test_the_local_bus_plays_the_rules_that_are_deployed(package: Package) -> None:
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


def test_every_schedule_is_one_the_local_clock_can_tell() -> None:
    for rule in bus.rules(app):
        if rule.schedule is not None:
            schedule.check_expression(rule.schedule)


def test_each_policy_file_equals_the_reviewed_table() -> None:
    files = {file.name: file.read_text() for file in permissions.FOLDER.glob("policy-*.json")}
    table = {permissions.policy_file(f).name: permissions.policy_text(f) for f in permissions.FUNCTIONS}
    assert files == table, "run: python infra/permissions.py"


def test_each_deployed_function_has_a_role_of_its_own_with_the_policy_of_the_table(package: Package) -> None:
    assert set(package.functions) == {logical_id(f) for f in permissions.FUNCTIONS}
    for function in permissions.FUNCTIONS:
        name = logical_id(function)
        role = "ApiHandlerRole" if name == API else f"{name}Role"
        assert package.functions[name]["Role"] == {"Fn::GetAtt": [role, "Arn"]}
        [policy] = package.template["Resources"][role]["Properties"]["Policies"]
        assert policy["PolicyDocument"] == permissions.policy(function)


@pytest.mark.parametrize("function", permissions.FUNCTIONS)
def test_no_function_may_do_anything_with_a_wildcard_but_what_iam_offers_no_resource_for(function: str) -> None:
    for statement in permissions.policy(function)["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert set(statement["Action"]) <= UNBOUND


def test_a_transaction_may_do_each_of_its_operations_and_a_tagged_job_its_dependents() -> None:
    allowed = {a for s in permissions.policy("job_changed")["Statement"] for a in s["Action"]}
    assert {f"dynamodb:{o}Item" for o in ("Put", "Update", "Delete")} <= allowed
    assert "dynamodb:ConditionCheckItem" not in allowed
    assert {"sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"} <= allowed


def test_the_role_of_a_job_is_passed_to_sagemaker_alone() -> None:
    [statement] = [s for s in permissions.policy("sweep")["Statement"] if s["Action"] == ["iam:PassRole"]]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_only_who_speaks_with_slack_reads_its_secret_and_only_discover_lists_jobs() -> None:
    def holders(action: str) -> set[str]:
        return {f for f in permissions.FUNCTIONS if action in str(permissions.policy(f))}

    assert holders("secretsmanager:GetSecretValue") == {"drain", "api_handler"}
    assert holders("sagemaker:ListTrainingJobs") == {"discover"}
    assert holders("sagemaker:CreateTrainingJob") == {"job_changed", "sweep", "discover"}


def test_functions_that_keep_dead_letters_may_send_them_and_others_may_not(package: Package) -> None:
    for function in permissions.FUNCTIONS:
        keeps = "DestinationConfig" in package.functions[logical_id(function)]["EventInvokeConfig"]
        assert keeps == ("sqs:SendMessage" in str(permissions.policy(function))), function


def test_every_call_of_the_table_is_made_by_some_function() -> None:
    assert set(permissions.CALLS) == {call for calls in permissions.FUNCTIONS.values() for call in calls}


def test_the_table_outlives_the_stack_and_can_be_restored(package: Package) -> None:
    ledger = package.template["Resources"]["Ledger"]
    assert (ledger["DeletionPolicy"], ledger["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert ledger["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["Properties"]["DeletionProtectionEnabled"] is True


def test_every_setting_the_code_requires_is_set_on_every_function(package: Package) -> None:
    wiring = (ROOT / "controller" / "wiring.py").read_text()
    required, known = set(re.findall(r'setting\("(\w+)"\)', wiring)), set(re.findall(r'"(SPOTWARDEN_\w+)"', wiring))
    variables = package.template["Globals"]["Function"]["Environment"]["Variables"]
    assert required <= {name for name in variables if name.startswith("SPOTWARDEN_")} <= known


def test_the_code_makes_the_calls_of_the_table_and_no_others() -> None:
    """A call is an attribute or a paginator's name that is an operation of its service; `describe_algorithm` names one."""
    sources = [*(ROOT / "controller" / "aws").rglob("*.py"), ROOT / "controller" / "wiring.py"]
    words = {word for file in sources for word in re.findall(r"""[."']([a-z0-9_]+)["'(,]""", file.read_text())}
    made = set()
    for service in ("dynamodb", "ec2", "events", "pricing", "s3", "sagemaker", "secretsmanager", "service-quotas"):
        operations = Session().get_service_model(service).operation_names
        made |= {f"{service} {name}" for name in operations if xform_name(name) in words}
    reviewed = {" ".join(call.split()[:2]) for call in permissions.CALLS if call != permissions.DEAD_LETTER}
    assert made == reviewed
