"""The transformed stack is created on the embedded CloudFormation under the longest name; what moto ignores is printed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from infra.local import aws
from tests.packaging.cloudformation import OBSERVING, transformed
from tests.packaging.conftest import Package

LONG = "StackSet-" + "x" * 119


@pytest.fixture(scope="module")
def local() -> Iterator[aws.Local]:
    with aws.start() as started:
        yield started


def test_the_stack_is_created_under_a_name_of_128_characters(package: Package, local: aws.Local) -> None:
    template = transformed(package.template, OBSERVING)
    resources = template["Resources"]
    template["Resources"] = {name: r for name, r in resources.items() if r["Type"] not in ("AWS::Lambda::Function",)}
    for name, resource in list(template["Resources"].items()):
        text = json.dumps(resource)
        if any(json.dumps({"Ref": f}) in text or f'"{f}", "Arn"' in text or f"${{{f}" in text for f in functions(resources)):
            del template["Resources"][name]
    archive = template["Resources"]["Archive"]["Properties"]
    archive["EventPattern"] = json.dumps(archive["EventPattern"])  # moto reads it as text
    template["Outputs"] = {name: template["Outputs"][name] for name in ("Ledger", "DeadLetters", "Reports")}
    cloudformation = local.client("cloudformation")
    values = [{"ParameterKey": name, "ParameterValue": value} for name, value in OBSERVING.items()]
    cloudformation.create_stack(StackName=LONG, TemplateBody=json.dumps(template), Parameters=values)
    assert cloudformation.describe_stacks(StackName=LONG)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    made = cloudformation.describe_stack_resources(StackName=LONG)["StackResources"]
    kinds = {resource["ResourceType"] for resource in made if "ResourceType" in resource}
    print("created:", len(made), sorted(kinds))
    print("not known to moto:", sorted({r["Type"] for r in template["Resources"].values()} - kinds))
    assert {"AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SQS::Queue"} <= kinds


def functions(resources: dict[str, dict[str, str]]) -> list[str]:
    return [name for name, resource in resources.items() if resource["Type"] == "AWS::Lambda::Function"]
