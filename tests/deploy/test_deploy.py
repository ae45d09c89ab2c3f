"""A stage is deployed, changed and destroyed on the embedded CloudFormation; what cannot be is refused in one sentence.

moto does not carry out the SAM transform: the functions are in the change set and not in the stack.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.deploy import Deployment, main
from infra.local import aws
from infra.stack import merge_template
from infra.stage import Stage, Undeployable
from tests.client_errors import client_error

BUCKET = "acme-deployments"
STAGE = Stage(
    name="test", stack="spotwarden-test", region=aws.REGION, bucket=BUCKET, account=aws.ACCOUNT,
    tags={"project": "spotwarden"},
    parameters={"TrainingRoles": "", "CheckpointBuckets": "", "PolicyTopics": "", "Reserve": "no"},
)  # fmt: skip


class Lambda:
    """Lambda's account settings: how many functions may run at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self.limit}}


class Busy:
    """A CloudFormation whose stack somebody else is changing."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
        return {"Stacks": [{"StackName": StackName, "StackStatus": "UPDATE_IN_PROGRESS"}]}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """The template's own resources, without the functions that Chalice adds."""
    made = merge_template("python3.14", "arm64")
    functions = {name for name, resource in made["Resources"].items() if "Type" not in resource}
    made["Resources"] = {name: r for name, r in made["Resources"].items() if name in ("Ledger", "Reports", "DeadLetters")}
    made["Outputs"] = {name: made["Outputs"][name] for name in ("Ledger", "Reports", "DeadLetters")}
    del made["Globals"]
    assert functions
    return {"AWSTemplateFormatVersion": "2010-09-09", **made}


@pytest.fixture
def local() -> Iterator[aws.Local]:
    with aws.start() as started:
        started.client("s3").create_bucket(Bucket=BUCKET)
        yield started


@pytest.fixture
def package(tmp_path: Path, template: dict[str, Any]) -> Path:
    (tmp_path / "deployment.zip").write_bytes(b"zip")
    (tmp_path / "sam.json").write_text(json.dumps(template))
    return tmp_path


def deployment(local: aws.Local, said: list[str], stage: Stage = STAGE, **clients: Any) -> Deployment:
    return Deployment(stage, lambda service: clients.get(service.replace("-", "_")) or local.client(service), said.append)


def yes(_: str) -> bool:
    return True


def no(_: str) -> bool:
    return False


def test_a_stage_is_deployed_after_its_changes_were_shown(local: aws.Local, package: Path) -> None:
    said: list[str] = []
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        assert any(line.split() == ["Add", "AWS::DynamoDB::Table", "Ledger"] for line in said)
        return True

    assert deployment(local, said).deploy(package, confirm) == 0
    assert asked == ["Carry out these changes on spotwarden-test in us-east-1?"]
    [table] = local.client("dynamodb").list_tables()["TableNames"]
    assert local.client("dynamodb").describe_table(TableName=table)["Table"]["DeletionProtectionEnabled"]
    stack = local.client("cloudformation").describe_stacks(StackName="spotwarden-test")["Stacks"][0]
    assert {"Key": "project", "Value": "spotwarden"} in stack["Tags"]


def test_nothing_changes_without_a_yes(local: aws.Local, package: Path) -> None:
    said: list[str] = []
    assert deployment(local, said).deploy(package, no) == 1
    assert said[-1].startswith("nothing was changed")
    assert local.client("dynamodb").list_tables()["TableNames"] == []


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Undeployable) as why:
        act()
    return str(why.value)


def test_of_two_deployments_at_once_the_second_is_refused(local: aws.Local, package: Path) -> None:
    second = deployment(local, [], cloudformation=Busy())
    assert refused(lambda: second.deploy(package, yes)) == (
        "spotwarden-test is UPDATE_IN_PROGRESS: another deployment is under way; try again when it is over"
    )


def test_a_secret_that_is_missing_is_refused_by_its_name(local: aws.Local, package: Path) -> None:
    class Secrets:
        def describe_secret(self, SecretId: str) -> None:  # noqa: N803 (AWS's own name)
            raise client_error("ResourceNotFoundException", operation="DescribeSecret")

    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack"
    stage = replace(STAGE, parameters={**STAGE.parameters, "SlackTokenSecret": arn})
    said = refused(lambda: deployment(local, [], stage, secretsmanager=Secrets()).deploy(package, yes))
    assert said == f"found no secret {arn} in us-east-1: create it first (docs/slack.md)"


class Stuck:
    """A CloudFormation whose stack has this status and no resources."""

    def __init__(self, status: str) -> None:
        self.status = status

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
        return {"Stacks": [{"StackName": StackName, "StackStatus": self.status, "StackId": "arn:aws:cloudformation:…"}]}

    def get_paginator(self, _: str) -> Stuck:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"StackResourceSummaries": []}]


class Overtaken:
    """A CloudFormation that refuses each change set: another deployment made one first."""

    def __init__(self, real: Any, code: str) -> None:
        self.real, self.code = real, code

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def create_change_set(self, **_: Any) -> None:
        raise client_error(self.code, operation="CreateChangeSet")


def test_a_secret_that_will_be_deleted_is_refused(local: aws.Local, package: Path) -> None:
    class Secrets:
        def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 (AWS's own name)
            return {"ARN": SecretId, "DeletedDate": "soon"}

    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:slack"
    stage = replace(STAGE, parameters={**STAGE.parameters, "SlackTokenSecret": arn})
    said = refused(lambda: deployment(local, [], stage, secretsmanager=Secrets()).deploy(package, yes))
    assert said.startswith(f"the secret {arn} is marked for deletion: aws secretsmanager restore")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("DELETE_IN_PROGRESS", "another deployment is under way"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", "another deployment is under way"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name spotwarden-test"),
        ("ROLLBACK_FAILED", "run `make destroy STAGE=test` first"),
    ],
)
def test_a_stack_that_takes_no_change_now_is_told_with_what_to_do(
    local: aws.Local, package: Path, status: str, told: str
) -> None:
    asked: list[str] = []
    one = deployment(local, [], cloudformation=Stuck(status))
    assert told in refused(lambda: one.deploy(package, yes))
    if status.endswith("_FAILED"):  # it can be deleted
        one.destroy(lambda question: bool(asked.append(question)), delete_ledger=False)
        assert asked == ["Delete the stack spotwarden-test in us-east-1?"]


@pytest.mark.parametrize("code", ["AlreadyExistsException", "OperationInProgressException"])
def test_of_two_deployments_that_make_their_change_sets_at_once_one_is_refused(
    local: aws.Local, package: Path, code: str
) -> None:
    second = deployment(local, [], cloudformation=Overtaken(local.client("cloudformation"), code))
    said = refused(lambda: second.deploy(package, yes))
    assert said == "another deployment of spotwarden-test has just begun: try again when it is over"


def test_an_account_whose_concurrency_cannot_be_reserved_is_told_the_setting_without_it(local: aws.Local, package: Path) -> None:
    stage = replace(STAGE, parameters={**STAGE.parameters, "Reserve": "yes"})
    said = refused(lambda: deployment(local, [], stage, **{"lambda": Lambda(10)}).deploy(package, yes))
    assert said.startswith('Lambda lets this account run 10 functions at once, and Reserve uses 122: set Reserve to "no"')


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"account": "999999999999"}, "the credentials are of account 123456789012, and stage test is of 999999999999"),
        ({"bucket": "nowhere"}, "found no bucket 'nowhere': create it in us-east-1 first"),
        ({"parameters": {"TrainingRoles": ""}}, "stage test: the parameters ['CheckpointBuckets', 'PolicyTopics'] are missing"),
        ({"parameters": {**STAGE.parameters, "Colour": "red"}}, "stage test: found the parameters ['Colour'], wanted some of"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_stage_that_does_not_fit_is_refused(local: aws.Local, package: Path, changed: dict[str, Any], told: str) -> None:
    assert refused(lambda: deployment(local, [], replace(STAGE, **changed)).deploy(package, yes)).startswith(told)


def test_a_package_that_was_not_built_is_told_with_its_command(local: aws.Local, tmp_path: Path) -> None:
    assert "run `make package`" in refused(lambda: deployment(local, []).deploy(tmp_path, yes))


def test_a_stack_that_is_not_there_is_not_destroyed(local: aws.Local) -> None:
    assert (
        refused(lambda: deployment(local, []).destroy(yes, delete_ledger=False)) == "found no stack spotwarden-test in us-east-1"
    )


def test_missing_credentials_are_told_with_where_they_are_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    (tmp_path / "own.yaml").write_text(f"stack: spotwarden-own\nregion: {aws.REGION}\nbucket: {BUCKET}\nparameters: {{}}\n")
    assert main(["destroy", "own", "--stages", str(tmp_path), "--yes"]) == 1
    told = "destroy own: found no AWS credentials, wanted AWS_PROFILE, a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n"
    assert capsys.readouterr().err == told


@pytest.mark.parametrize("delete_ledger", [False, True])
def test_destroy_keeps_the_table_unless_told_otherwise(local: aws.Local, package: Path, *, delete_ledger: bool) -> None:
    said: list[str] = []
    one = deployment(local, said)
    one.deploy(package, yes)
    [table] = local.client("dynamodb").list_tables()["TableNames"]
    kept = [] if delete_ledger else [table]
    if not delete_ledger:  # moto deletes what DeletionPolicy keeps, unless the table refuses
        assert json.loads((package / "sam.json").read_text())["Resources"]["Ledger"]["DeletionPolicy"] == "Retain"
    assert one.destroy(no, delete_ledger=delete_ledger) == 1
    assert table in local.client("dynamodb").list_tables()["TableNames"]
    assert one.destroy(yes, delete_ledger=delete_ledger) == 0
    assert local.client("dynamodb").list_tables()["TableNames"] == kept
    again = f"ExistingLedger: {table} and IdentityKey: arn:aws:cloudformation:"
    assert (again in said[-1]) is not delete_ledger


def test_a_table_that_was_attached_is_named_and_never_deleted(local: aws.Local, package: Path) -> None:
    said: list[str] = []
    attached = replace(STAGE, parameters={**STAGE.parameters, "ExistingLedger": "restored"})
    one = deployment(local, said, attached)
    gone = "stage test: us-east-1 has no table restored for ExistingLedger: restore it there first, or leave ExistingLedger empty"
    assert refused(lambda: one.deploy(package, yes)) == gone
    key = {"AttributeName": "pk", "KeyType": "HASH"}
    local.client("dynamodb").create_table(
        TableName="restored", KeySchema=[key], AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    one.deploy(package, yes)
    told = refused(lambda: one.destroy(yes, delete_ledger=True))
    assert told.startswith(
        "the table restored is not part of spotwarden-test, which has it as ExistingLedger: nothing was deleted"
    )
    assert one.destroy(yes, delete_ledger=False) == 0
    assert "the table restored and the bucket " in said[-1]
    assert "ExistingLedger: restored and IdentityKey: arn:aws:cloudformation:" in said[-1]


class Noting:
    """CloudFormation, which notes what change sets are asked of it."""

    def __init__(self, client: Any) -> None:
        self.client, self.modes = client, list[Any]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def create_change_set(self, **asked: Any) -> Any:
        self.modes.append(asked.get("DeploymentMode"))
        return self.client.create_change_set(**asked)


def test_what_was_changed_by_hand_is_put_back_where_that_is_asked_for(local: aws.Local, package: Path) -> None:
    noting = Noting(local.client("cloudformation"))
    one = deployment(local, [], cloudformation=noting)
    one.revert_drift = True
    for _ in range(2):  # a stack that is new has nothing to put back
        one.deploy(package, no if noting.modes else yes)
    one.revert_drift = False
    one.deploy(package, no)
    assert noting.modes == [None, "REVERT_DRIFT", None]
