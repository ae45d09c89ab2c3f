"""``spotwarden doctor``: looks at an installation from outside, and says what is wrong in a sentence each. It changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.aws.dynamodb.table import Table
from controller.aws.errors import AwsFault, fault_of
from controller.aws.reloaded_policy import read_version
from controller.aws.s3_policy import FoundObject, NotRead, S3PolicyDocument
from controller.cli.aws_calls import asking
from controller.cli.doctor_schedules import last_digests, last_sweep, messages
from controller.cli.ledger_data.whole_table import RESTORING
from controller.cli.options import Format, OutputFormat
from controller.policy.document import BadDocument
from controller.runtime.ports import Ledger, Unreachable
from controller.runtime.schedule_ports import DiscoverPass
from controller.units.plural import count

INDEXES = {"due", "day", "family"}
DISCOVER_MAX = timedelta(hours=3)
SKEW_MAX = timedelta(seconds=60)
SCOPES = {"chat:write", "chat:write.public", "commands", "usergroups:read", "users:read"}
Stack = Annotated[str, typer.Option("--stack", metavar="NAME", help="The CloudFormation stack.")]
Policies = Annotated[Path | None, typer.Option("--policies", metavar="FOLDER", help="Check these policy files too.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: ``ok`` is None where it could not be looked at."""

    check: str
    ok: bool | None
    says: str


def run(stack: Stack = "spotwarden", policies: Policies = None, format_: Format = OutputFormat.TEXT) -> int:
    """Print the findings; exit with 1 where something is wrong or could not be looked at."""
    from controller import wiring
    from controller.aws.dynamodb.ledger import DynamoLedger

    installation = Installation(wiring.client, lambda table: DynamoLedger(wiring.client("dynamodb"), table), wiring.clock().now)
    found = asking(lambda: list(installation.examine(stack, policies)))
    if format_ is OutputFormat.JSON:
        print(json.dumps([{"check": one.check, "ok": one.ok, "says": one.says} for one in found], indent=2))
    else:
        marks = {True: "ok  ", False: "BAD ", None: "?   "}
        print("\n".join(f"{marks[one.ok]} {one.check:<12} {one.says}" for one in found))
        wrong = sum(one.ok is not True for one in found)
        print(f"{count(len(found), 'check')}, {f'{wrong} not in order' if wrong else 'all in order'}")
    return 0 if all(one.ok for one in found) else 1


@dataclass(slots=True)
class Installation:
    """A stack and how it is reached. Every call reads."""

    client: Callable[[str], Any]
    ledger: Callable[[str], Ledger]
    now: Callable[[], datetime]

    def examine(self, stack: str, policies: Path | None = None) -> Iterator[Finding]:
        """Look at everything, in the order in which an operator would."""
        yield from _tried("clock", self._clock)
        described = next(iter(_tried("stack", lambda: self._stack(stack))))
        yield described
        if described.ok is None or "no stack" in described.says:
            return
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", ())}
        parameters = {p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", ())}
        resources = _resources(self.client("cloudformation"), stack)
        table, queue = outputs.get("Ledger", ""), outputs.get("DeadLetters", "")
        yield from _tried("rules", lambda: self._rules(resources.get("AWS::Events::Rule", ())))
        yield from _tried("alarms", lambda: self._alarms(resources.get("AWS::CloudWatch::Alarm", ())))
        yield from _tried("dead letters", lambda: self._dead_letters(queue))
        yield from _tried("table", lambda: self._table(table))
        yield from _tried("work", lambda: self._work(table))
        yield from _tried("discover", lambda: self._discover(table))
        yield from _tried("sweep", lambda: last_sweep(self.client("cloudwatch"), stack, self.now()))
        yield from _tried("digests", lambda: last_digests(self.ledger(table), self.now()))
        yield from _tried("messages", lambda: messages(DynamoOutbox(self.client("dynamodb"), table), self.now()))
        yield from _tried("halt", lambda: self._halt(table))
        yield from _tried("roles", lambda: self._roles(parameters.get("TrainingRoles", "")))
        yield from _tried("buckets", lambda: self._buckets(parameters.get("CheckpointBuckets", "")))
        yield from _tried("slack", lambda: self._slack(parameters.get("SlackTokenSecret", "")))
        yield from _tried("policy", lambda: self._policy(parameters.get("PolicyUri", ""), table))
        if policies is not None:
            yield from _tried("policies", lambda: _policies(policies))

    def _clock(self) -> tuple[bool, str]:
        answer = self.client("sts").get_caller_identity()
        stamp = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        if stamp is None:
            return True, f"the caller is {answer['Arn']}; AWS told no time"
        skew = abs(self.now() - parsedate_to_datetime(stamp))
        if skew > SKEW_MAX:
            return False, f"this machine's clock is {int(skew.total_seconds())} s from AWS's: set it, or signatures are refused"
        return True, f"the caller is {answer['Arn']}; the clock is right"

    def _stack(self, stack: str) -> tuple[bool, str]:
        try:
            status = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        except ClientError as error:
            if "does not exist" in str(error):
                return False, f"found no stack {stack!r} in this account and region: name it with --stack"
            raise
        return status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"{stack} is {status}"

    def _rules(self, names: Iterable[str]) -> tuple[bool, str]:
        events, known = self.client("events"), list(names)
        if not known:
            return False, "the stack has no rules: nothing triggers the controller; deploy it again"
        off = [name for name in known if events.describe_rule(Name=name)["State"] != "ENABLED"]
        if off:
            return False, f"disabled: {', '.join(sorted(off))}; enable them with aws events enable-rule"
        return True, f"{count(len(known), 'rule')} enabled"

    def _alarms(self, names: Iterable[str]) -> tuple[bool, str]:
        known = list(names)
        if not known:
            return True, "the stack has none"
        cloudwatch, firing = self.client("cloudwatch"), []
        for begin in range(0, len(known), 100):
            answer = cloudwatch.describe_alarms(AlarmNames=known[begin : begin + 100])
            firing += [alarm["AlarmName"] for alarm in answer["MetricAlarms"] if alarm["StateValue"] == "ALARM"]
        if firing:
            return False, f"in alarm: {', '.join(sorted(firing))}; docs/operations.md says what each means"
        return True, f"none of {len(known)} is in alarm"

    def _dead_letters(self, queue: str) -> tuple[bool, str]:
        attributes = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=attributes)["Attributes"]
        count = sum(int(answer[name]) for name in attributes)
        if count:
            return False, f"{count} wait; repair the cause that the log shows, then run spotwarden redrive --queue {queue}"
        return True, "none"

    def _table(self, table: str) -> tuple[bool, str]:
        try:
            found = self.client("dynamodb").describe_table(TableName=table)["Table"]
        except ClientError as error:
            if fault_of(error) is AwsFault.MISSING:
                return False, f"the table {table} is gone: restore it from its backup, and deploy with ExistingLedger"
            raise
        indexes = {i["IndexName"] for i in found.get("GlobalSecondaryIndexes", ()) if i.get("IndexStatus", "ACTIVE") == "ACTIVE"}
        if missing := sorted(INDEXES - indexes):
            return False, f"the table {table} has no index {', '.join(missing)}: restore it with its indexes"
        if Table(self.client("dynamodb"), table).get(RESTORING, "mark"):
            return False, f"a restore into {table} is not complete: pause with spotwarden halt, then repeat the restore"
        if not found.get("DeletionProtectionEnabled"):
            return False, f"the table {table} can be deleted: enable its deletion protection"
        return True, f"{table} is {found['TableStatus']}, with its indexes, and protected"

    def _work(self, table: str) -> tuple[bool, str]:
        due = self.ledger(table).due
        failing, overdue = list(due.failing()), due.overdue(self.now(), 500)
        if failing:
            oldest = min(failing, key=lambda one: one.since)
            since = f"{oldest.since:%Y-%m-%d %H:%M}"
            return (
                False,
                f"{count(len(failing), 'trigger')} failing, the oldest since {since}: {oldest.job}: {oldest.problem[:200]}",
            )
        late = [one for one in overdue if self.now() - one.trigger_at > timedelta(minutes=15)]
        if late:
            return False, f"{count(len(late), 'intent')} due for more than 15 minutes: the sweep does not run, or cannot keep up"
        return True, "nothing is overdue"

    def _discover(self, table: str) -> tuple[bool, str]:
        until = self.ledger(table).passes.passed_until(DiscoverPass.FIRST)
        if until is None or self.now() - until > DISCOVER_MAX:
            when = f"ended at {until:%Y-%m-%d %H:%M}" if until else "never ran"
            return False, f"the search for jobs whose event was lost {when}, and runs each hour: look at the errors of Discover"
        return True, f"jobs are known until {until:%Y-%m-%d %H:%M}"

    def _halt(self, table: str) -> tuple[bool, str]:
        halt = self.ledger(table).halts.halt()
        if halt is not None:
            return False, f"halted by {halt.who} since {halt.since:%Y-%m-%d %H:%M}: {halt.why}; spotwarden resume ends it"
        return True, "none is called"

    def _roles(self, arns: str) -> tuple[bool, str]:
        wanted = _several(arns)
        if not wanted:
            return True, "none: the stack observes and reports, and submits nothing"
        iam, missing = self.client("iam"), []
        for arn in wanted:
            try:
                iam.get_role(RoleName=arn.rpartition("/")[2])
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchEntity":
                    raise
                missing.append(arn)
        return (False, f"these TrainingRoles do not exist: {', '.join(missing)}") if missing else (True, ", ".join(wanted))

    def _buckets(self, names: str) -> tuple[bool, str]:
        wanted = _several(names)
        if not wanted:
            return True, "none: checkpoints are not looked for"
        s3, missing = self.client("s3"), []
        for name in wanted:
            try:
                s3.head_bucket(Bucket=name)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
                    raise
                missing.append(name)
        return (False, f"these CheckpointBuckets do not exist: {', '.join(missing)}") if missing else (True, ", ".join(wanted))

    def _policy(self, uri: str, table: str) -> tuple[bool, str]:
        current = self.ledger(table).revisions.current()
        known = (
            f"policy {current.revision} is in force since {current.since:%Y-%m-%d %H:%M}" if current else "none is in force yet"
        )
        if not uri:
            return True, f"that of the package; {known}"
        answer = S3PolicyDocument(self.client("s3"), uri).read()
        if not isinstance(answer, FoundObject):
            return False, f"{uri}: {answer.problem if isinstance(answer, NotRead) else 'unchanged'}; {known}"
        try:
            document, _ = read_version(answer)
        except BadDocument as problem:
            return False, f"{uri}: {problem}; {known}. Write a good one with spotwarden compile --to {uri}"
        if current is None or current.revision != document["revision"]:
            return False, f'{uri} is policy {document["revision"]}, and {known}: look at "policy refused" in the log of Sweep'
        return True, f"{uri}: {known}"

    def _slack(self, secret: str) -> tuple[bool, str]:
        if not secret:
            return True, "not set up: messages go to NoticeTopic and to the event bus"
        try:
            text = self.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
        except ClientError as error:
            if fault_of(error) is AwsFault.MISSING:
                return False, f"found no secret {secret}: create it, or deploy without SlackTokenSecret"
            raise
        try:
            token = json.loads(text)["bot_token"] if text.startswith("{") else text
        except (ValueError, KeyError):
            return False, f"the secret {secret} has no bot_token; wanted bot_token and signing_secret (docs/slack.md)"
        return _asked_slack(token)


def _several(value: str) -> list[str]:
    """The members of a list parameter; the embedded CloudFormation answers with a list in Python's own form."""
    return [one for part in value.split(",") if (one := part.strip("[]'\" "))]


def _asked_slack(token: str) -> tuple[bool, str]:
    """Whether Slack accepts the token, and with which scopes."""
    import os

    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

    try:
        answer = WebClient(token=token, base_url=os.environ.get("SPOTWARDEN_SLACK_URL") or WebClient.BASE_URL).auth_test()
    except SlackApiError as error:
        return False, f"Slack refuses the token ({error.response.get('error')}): put a new one into the secret"
    except OSError as error:
        return False, f"Slack cannot be reached from here: {error}"
    granted = str({name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes", ""))
    missing = sorted(SCOPES - set(granted.replace(" ", "").split(","))) if granted else []
    if missing:
        return False, f"the app lacks the scopes {', '.join(missing)}: add them (spotwarden slack-manifest) and install it again"
    return True, f"the token is accepted in {answer.get('team', 'the workspace')}"


def _policies(folder: Path) -> tuple[bool, str]:
    from controller.policyfile import compile_folder

    try:
        document = compile_folder(folder)
    except ValueError as mistakes:
        return False, f"{folder}: {mistakes}"
    return True, f"{folder} is valid, revision {document['revision'][:12]}"


def _resources(cloudformation: Any, stack: str) -> Mapping[str, list[str]]:
    """The names of a stack's resources, by type."""
    found: dict[str, list[str]] = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            found.setdefault(resource["ResourceType"], []).append(str(resource.get("PhysicalResourceId", "")))
    return found


def _tried(check: str, look: Callable[[], tuple[bool, str]]) -> Iterator[Finding]:
    """One finding; where AWS does not let the caller look, that is the finding."""
    try:
        ok, says = look()
    except (ClientError, BotoCoreError, Unreachable) as error:
        denied = isinstance(error, ClientError) and fault_of(error) is AwsFault.DENIED
        yield Finding(check=check, ok=None, says=f"your credentials may not look: {error}" if denied else str(error))
    else:
        yield Finding(check=check, ok=ok, says=says)
