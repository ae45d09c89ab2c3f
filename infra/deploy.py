"""Deploys a stage: ``make deploy STAGE=dev`` uploads the package, shows the change set, and executes it after a confirmation.

``make destroy STAGE=dev`` deletes the stack. The ledger and the reports are kept; DELETE_LEDGER=yes deletes the ledger too.

A stage is a file in infra/stages. AWS is called with boto3, so no other tool is needed. Credentials and profiles are found as by
the AWS CLI.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError, WaiterError

from infra.stage import STAGES, StackStuck, Stage, Undeployable, stage_of
from infra.stage_parameters import check_parameters

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
CONCURRENCY_MIN = 122  # Reserve takes 22, and Lambda requires that 100 stay unreserved
NO_CREDENTIALS = "found no AWS credentials, wanted AWS_PROFILE, a role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
POLL = {"Delay": 5, "MaxAttempts": 360}


@dataclass(slots=True)
class Deployment:
    """Deploys or destroys one stage. ``client`` returns a boto3 client of a service, ``say`` prints a line."""

    stage: Stage
    client: Callable[[str], Any]
    say: Callable[[str], object] = print
    revert_drift: bool = False  # also revert changes and deletions that were made by hand

    # ── deploy ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def deploy(self, package: Path, confirm: Callable[[str], bool]) -> int:
        """Upload the package, show the change set, execute it if confirmed. Returns the exit code. Raises Undeployable."""
        template = self._read(package)
        self._check_parameters(template, self._check_account())
        status = self._status()
        url = self._upload(package, template)
        change_set = self._change_set(url, create=status in (None, "REVIEW_IN_PROGRESS"))
        if change_set is None:
            by_hand = "" if self.revert_drift else "; what was changed by hand is put back with REVERT_DRIFT=yes"
            self.say(f"{self.stage.stack}: nothing to change{by_hand}")
            return 0
        if not confirm(f"Carry out these changes on {self.stage.stack} in {self.stage.region}?"):
            self.say(f"nothing was changed; the change set {change_set} stays for review")
            return 1
        self._execute(change_set, create=status in (None, "REVIEW_IN_PROGRESS"))
        for output in self._stack().get("Outputs", ()):
            self.say(f"  {output['OutputKey']:<14} {output['OutputValue']}")
        return 0

    def _read(self, package: Path) -> dict[str, Any]:
        try:
            template: dict[str, Any] = json.loads((package / "sam.json").read_text("utf-8"))
        except FileNotFoundError:
            raise Undeployable(f"found no package in {package}, wanted sam.json and deployment.zip: run `make package`") from None
        return template

    def _check_account(self) -> str:
        found = str(self.client("sts").get_caller_identity()["Account"])
        if self.stage.account and found != self.stage.account:
            raise Undeployable(f"the credentials are of account {found}, and stage {self.stage.name} is of {self.stage.account}")
        return found

    def _check_parameters(self, template: Mapping[str, Any], account: str) -> None:
        check_parameters(self.stage, template["Parameters"], account=account)
        given = self.stage.parameters
        if given.get("SlackTokenSecret"):
            self._check_secret(given["SlackTokenSecret"])
        if given.get("ExistingLedger"):
            self._check_ledger(given["ExistingLedger"])
        if given.get("Reserve", "yes") == "yes":
            limit = self.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
            if limit < CONCURRENCY_MIN:
                raise Undeployable(
                    f"Lambda lets this account run {limit} functions at once, and Reserve uses {CONCURRENCY_MIN}:"
                    f' set Reserve to "no" in stage {self.stage.name}, or raise the limit'
                )

    def _check_secret(self, arn: str) -> None:
        try:
            found = self.client("secretsmanager").describe_secret(SecretId=arn) or {}
            if found.get("DeletedDate"):
                raise Undeployable(
                    f"the secret {arn} is marked for deletion: aws secretsmanager restore-secret --secret-id {arn} restores it"
                )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise Undeployable(f"found no secret {arn} in {self.stage.region}: create it first (docs/slack.md)") from error
            raise

    def _check_ledger(self, table: str) -> None:
        try:
            self.client("dynamodb").describe_table(TableName=table)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise Undeployable(
                    f"stage {self.stage.name}: {self.stage.region} has no table {table} for ExistingLedger:"
                    " restore it there first, or leave ExistingLedger empty"
                ) from error
            if error.response["Error"]["Code"] != "AccessDeniedException":  # a deployment does not need the right to read tables
                raise

    def _status(self) -> str | None:
        """The stack's status; None without a stack. Raises Undeployable during another operation, StackStuck after a failure."""
        try:
            status = str(self._stack()["StackStatus"])
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            raise Undeployable(f"{self.stage.stack} is {status}: another deployment is under way; try again when it is over")
        if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
            raise StackStuck(
                f"{self.stage.stack} is {status}: its creation failed; run `make destroy STAGE={self.stage.name}` first"
            )
        if status == "UPDATE_ROLLBACK_FAILED":
            raise StackStuck(
                f"{self.stage.stack} is {status}: its last update failed, and so did the rollback; repair what its events name,"
                f" then aws cloudformation continue-update-rollback --stack-name {self.stage.stack}"
            )
        return status

    def _stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.stage.stack)["Stacks"][0]
        return found

    def _upload(self, package: Path, template: dict[str, Any]) -> str:
        """Put the zip and the template into the bucket, under keys that contain their hash; return the template's URL."""
        code = (package / "deployment.zip").read_bytes()
        key = f"spotwarden/{hashlib.sha256(code).hexdigest()[:32]}.zip"
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = f"s3://{self.stage.bucket}/{key}"
        text = json.dumps(template).encode()
        place = f"spotwarden/{hashlib.sha256(text).hexdigest()[:32]}.json"
        s3 = self.client("s3")
        try:
            s3.put_object(Bucket=self.stage.bucket, Key=key, Body=code)
            s3.put_object(Bucket=self.stage.bucket, Key=place, Body=text)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                raise Undeployable(f"found no bucket {self.stage.bucket!r}: create it in {self.stage.region} first") from error
            raise
        return f"https://{self.stage.bucket}.s3.{self.stage.region}.{domain_of(self.stage.region)}/{place}"

    def _change_set(self, url: str, *, create: bool) -> str | None:
        """Create a change set, show it, and return its name; None if nothing changes. Raises Undeployable."""
        cloudformation = self.client("cloudformation")
        name = f"spotwarden-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        try:
            cloudformation.create_change_set(
                StackName=self.stage.stack, ChangeSetName=name, ChangeSetType="CREATE" if create else "UPDATE", TemplateURL=url,
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in self.stage.parameters.items()],
                Capabilities=CAPABILITIES,
                Tags=[{"Key": k, "Value": v} for k, v in self.stage.tags.items()],
                **({"DeploymentMode": "REVERT_DRIFT"} if self.revert_drift and not create else {}),
            )  # fmt: skip
            cloudformation.get_waiter("change_set_create_complete").wait(
                StackName=self.stage.stack, ChangeSetName=name, WaiterConfig=POLL
            )
        except WaiterError as error:
            why = str(error.last_response.get("StatusReason", error))
            if "didn't contain changes" in why or "No updates are to be performed" in why:
                return None
            raise Undeployable(f"CloudFormation made no change set of {self.stage.stack}: {why}") from error
        except ClientError as error:
            if error.response["Error"]["Code"] in (
                "AlreadyExistsException",
                "OperationInProgressException",
                "OperationInProgress",
            ):
                raise Undeployable(
                    f"another deployment of {self.stage.stack} has just begun: try again when it is over"
                ) from error
            raise
        pages = cloudformation.get_paginator("describe_change_set").paginate(StackName=self.stage.stack, ChangeSetName=name)
        changes = [c["ResourceChange"] for page in pages for c in page["Changes"] if "ResourceChange" in c]
        for change in sorted(changes, key=lambda c: (c["Action"], c["ResourceType"], c["LogicalResourceId"])):
            replaced = " (replaced)" if change.get("Replacement") == "True" else ""
            self.say(f"  {change['Action']:<7} {change['ResourceType']:<34} {change['LogicalResourceId']}{replaced}")
        self.say(f"{len(changes)} changes of {self.stage.stack}")
        return name

    def _execute(self, change_set: str, *, create: bool) -> None:
        cloudformation = self.client("cloudformation")
        try:
            cloudformation.execute_change_set(StackName=self.stage.stack, ChangeSetName=change_set)
        except ClientError as error:
            if error.response["Error"]["Code"] in (
                "InvalidChangeSetStatus",
                "InvalidChangeSetStatusException",
                "OperationInProgress",
            ):
                raise Undeployable(
                    f"{self.stage.stack} changed since the change set was made: another deployment; try again"
                ) from error
            raise
        waiter = cloudformation.get_waiter("stack_create_complete" if create else "stack_update_complete")
        try:
            waiter.wait(StackName=self.stage.stack, WaiterConfig=POLL)
        except WaiterError as error:
            raise Undeployable(f"{self.stage.stack} failed and is rolled back: {self._first_failure()}") from error

    def _first_failure(self) -> str:
        events = self.client("cloudformation").describe_stack_events(StackName=self.stage.stack)["StackEvents"]
        failed = [
            e for e in events if e["ResourceStatus"].endswith("_FAILED") and "cancelled" not in e.get("ResourceStatusReason", "")
        ]
        return f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', '')}" if failed else "see its events"

    # ── destroy ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

    def destroy(self, confirm: Callable[[str], bool], *, delete_ledger: bool) -> int:
        """Delete the stack if confirmed, but keep its reports and, without ``delete_ledger``, its table. Raises Undeployable."""
        self._check_account()
        if self._status_or_failed() is None:
            raise Undeployable(f"found no stack {self.stage.stack} in {self.stage.region}")
        stack = self._stack()
        given = {one["ParameterKey"]: one.get("ParameterValue", "") for one in stack.get("Parameters", ())}
        attached, key = given.get("ExistingLedger", ""), given.get("IdentityKey") or stack["StackId"]  # as in output IdentityKey
        ledger, reports = attached or self._resource("Ledger"), self._resource("Reports")
        if attached and delete_ledger:
            raise Undeployable(
                f"the table {attached} is not part of {self.stage.stack}, which has it as ExistingLedger: nothing was deleted;"
                " destroy the stack without DELETE_LEDGER, and delete the table separately"
            )
        also = f" AND its table {ledger}" if delete_ledger else ""
        if not confirm(f"Delete the stack {self.stage.stack} in {self.stage.region}{also}?"):
            self.say("nothing was deleted")
            return 1
        cloudformation = self.client("cloudformation")
        cloudformation.delete_stack(StackName=self.stage.stack)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=self.stage.stack, WaiterConfig=POLL)
        if ledger and delete_ledger:
            dynamodb = self.client("dynamodb")
            dynamodb.update_table(TableName=ledger, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=ledger)
            dynamodb.delete_table(TableName=ledger)
            self.say(f"deleted {self.stage.stack} and the table {ledger}; the bucket {reports} stays")
        else:
            self.say(
                f"deleted {self.stage.stack}; the table {ledger or 'of the ledger'} and the bucket {reports} stay."
                f" A new stack continues the work with ExistingLedger: {ledger} and IdentityKey: {key}"
            )
        return 0

    def _resource(self, logical_id: str) -> str:
        """The physical name of a resource of the stack, by its logical id; empty if the stack has no such resource."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.stage.stack)
        found = (r for page in pages for r in page["StackResourceSummaries"] if r["ResourceStatus"] != "DELETE_COMPLETE")
        return next((str(r.get("PhysicalResourceId", "")) for r in found if r["LogicalResourceId"] == logical_id), "")

    def _status_or_failed(self) -> str | None:
        """The stack's status, also after a failure, in which case the stack can only be deleted."""
        try:
            return self._status()
        except StackStuck:
            return "CREATE_FAILED"


def domain_of(region: str) -> str:
    """The domain of AWS in a region's partition, as botocore knows it: amazonaws.com, or amazonaws.com.cn in China."""
    session = botocore.session.get_session()
    domains = {one["id"]: str(one["outputs"]["dnsSuffix"]) for one in session.get_data("partitions")["partitions"]}
    return domains[session.get_partition_for_region(region)]


def _asked(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def main(arguments: list[str] | None = None) -> int:
    """Check, deploy or destroy a stage from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Check the file of a stage of Spotwarden, deploy the stage, or destroy it.")
    parser.add_argument("action", choices=("check", "deploy", "destroy"), help="what to do with the stage")
    parser.add_argument("stage", help="the name of a file in the folder of stage files, without .yaml")
    parser.add_argument("--package", type=Path, default=Path("build/package"), help="the folder of the package")
    parser.add_argument("--stages", type=Path, default=STAGES, help="the folder of stage files")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--revert-drift", action="store_true", help="with deploy: put back what was changed by hand")
    parser.add_argument("--delete-ledger", action="store_true", help="with destroy: delete the table too")
    chosen = parser.parse_args(arguments)
    confirm: Callable[[str], bool] = (lambda _: True) if chosen.yes else _asked
    try:
        stage = stage_of(chosen.stage, chosen.stages)
        if chosen.action == "check":  # before the package is built
            check_parameters(stage)
            return 0
        client = cache(lambda service: boto3.client(service, region_name=stage.region))
        deployment = Deployment(stage, client, revert_drift=chosen.revert_drift)
        if chosen.action == "destroy":
            return deployment.destroy(confirm, delete_ledger=chosen.delete_ledger)
        return deployment.deploy(chosen.package, confirm)
    except (Undeployable, ClientError, BotoCoreError) as problem:
        if isinstance(problem, NoCredentialsError | PartialCredentialsError):
            problem = Undeployable(NO_CREDENTIALS)
        print("\n".join(f"{chosen.action} {chosen.stage}: {line}" for line in str(problem).splitlines()), file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
