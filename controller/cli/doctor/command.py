"""``spotwarden doctor``: checks an installation from outside, and prints a sentence for each check. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.aws.packaged_policy import packaged_document
from controller.aws.reloaded_policy import read_version
from controller.aws.s3_policy import FoundObject, NotRead, S3PolicyDocument
from controller.cli.aws_calls import asking
from controller.cli.doctor.caller import CheckResult, Looks
from controller.cli.doctor.functions import look_at_functions
from controller.cli.doctor.permissions import function_of, look_at_role, look_at_training_roles, needed_actions
from controller.cli.doctor.policy import look_at_quotas, look_at_topics
from controller.cli.doctor.reports import look_at_reports
from controller.cli.doctor.schedules import last_digests, last_sweep, messages
from controller.cli.doctor.slack import look_at_slack
from controller.cli.doctor.table import look_at_table
from controller.cli.doctor.triggers import look_at_alarms, look_at_bus, look_at_dead_letters, look_at_rules
from controller.cli.input.options import Format, OutputFormat
from controller.cli.output.printable import json_text, printable
from controller.policy.compiled_document import BadPolicyDocument, document_of
from controller.policyfile import compile_folder
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.ledger import Ledger
from controller.runtime.ports.schedule import DiscoverPass
from controller.units.plural import count

Resources = dict[str, dict[str, str]]
DISCOVER_MAX = timedelta(hours=3)
SKEW_MAX = timedelta(seconds=60)
Stack = Annotated[str, typer.Option("--stack", metavar="NAME", help="The CloudFormation stack.")]
Policies = Annotated[Path | None, typer.Option("--policies", metavar="FOLDER", help="Check these policy files too.")]


def run(stack: Stack = "spotwarden", policies: Policies = None, format_: Format = OutputFormat.TEXT) -> int:
    """Print the findings. The exit code is 1 if something is wrong or could not be checked."""
    from controller import wiring
    from controller.aws.dynamodb.all_ports import DynamoLedger

    installation = Installation(wiring.client, lambda table: DynamoLedger(wiring.client("dynamodb"), table), wiring.clock().now)
    found = asking(lambda: list(installation.examine(stack, policies)))
    if format_ is OutputFormat.JSON:
        print(json_text([{"check": one.check, "ok": one.ok, "says": one.says} for one in found], indent=2))
    else:
        marks = {True: "ok  ", False: "BAD ", None: "?   "}
        width = max(12, *(len(one.check) for one in found))
        print("\n".join(printable(f"{marks[one.ok]} {one.check:<{width}} {one.says}") for one in found))
        wrong = sum(one.ok is not True for one in found)
        print(f"{count(len(found), 'check')}, {f'{wrong} not in order' if wrong else 'all in order'}")
    return 0 if all(one.ok for one in found) else 1


@dataclass(slots=True)
class Installation:
    """A stack, and the clients to check it with. All calls only read."""

    client: Callable[[str], Any]
    ledger: Callable[[str], Ledger]
    now: Callable[[], datetime]
    resources: dict[str, dict[str, str]] = field(default_factory=dict)
    described: Mapping[str, Any] = field(default_factory=dict)  # the answer of DescribeStacks, if it is a stack of Spotwarden

    def examine(self, stack: str, policies: Path | None = None) -> Iterator[CheckResult]:
        """Make all checks, in the order in which an operator would make them."""
        looks = Looks()
        yield from looks.at("clock", self._clock)
        yield from looks.at("stack", lambda: self._stack(stack))
        if self.described:
            yield from self._examine(stack, policies, looks, self.described)
        yield from looks.caller()

    def _examine(self, stack: str, policies: Path | None, looks: Looks, found: Mapping[str, Any]) -> Iterator[CheckResult]:
        outputs = _outputs(found)
        parameters = {p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", ())}
        table, queue = outputs.get("Ledger", ""), outputs.get("DeadLetters", "")
        topic, bus = parameters.get("AlarmTopic", ""), parameters.get("EventBus", "")
        account = found["StackId"].split(":")[4]
        yield from looks.at("rules", lambda: self._rules(stack))
        yield from looks.at("functions", lambda: self._functions(stack, table))
        yield from looks.at("event bus", lambda: look_at_bus(self.client, bus))
        yield from looks.at(
            "alarms", lambda: look_at_alarms(self.client, self._of(stack, "AWS::CloudWatch::Alarm").values(), topic)
        )
        yield from self._permissions(stack, parameters, looks)
        yield from looks.at("dead letters", lambda: look_at_dead_letters(self.client, queue))
        yield from looks.at("table", lambda: look_at_table(self.client("dynamodb"), table))
        yield from looks.at("work", lambda: self._work(table))
        yield from looks.at("discover", lambda: self._discover(table))
        yield from looks.at("sweep", lambda: last_sweep(self.client("cloudwatch"), stack, self.now()))
        yield from looks.at("digests", lambda: last_digests(self.ledger(table), self.now()))
        yield from looks.at("messages", lambda: messages(DynamoOutbox(self.client("dynamodb"), table), self.now()))
        yield from looks.at("halt", lambda: self._halt(table))
        yield from looks.at(
            "roles", lambda: look_at_training_roles(self.client("iam"), _several(parameters.get("TrainingRoles", "")), account)
        )
        yield from looks.at("buckets", lambda: self._buckets(parameters.get("CheckpointBuckets", "")))
        key = parameters.get("Key", "")
        yield from looks.at("reports", lambda: look_at_reports(self.client("s3"), outputs.get("Reports", ""), account, key))
        yield from looks.at("slack", lambda: look_at_slack(self.client, parameters.get("SlackTokenSecret", "")))
        yield from looks.at("policy", lambda: self._policy(parameters.get("PolicyUri", ""), table))
        if policies is not None:
            yield from looks.at("policies", lambda: _policies(policies))
        yield from looks.at("quotas", lambda: look_at_quotas(self.client("service-quotas"), self._document(policies, table)))
        topics = _several(parameters.get("PolicyTopics", ""))
        region = found["StackId"].split(":")[3]
        yield from looks.at("topics", lambda: look_at_topics(self.client, self._document(policies, table), topics, region))

    def _rules(self, stack: str) -> tuple[bool, str]:
        return look_at_rules(self.client, self._of(stack, "AWS::Events::Rule"), self._declared(stack))

    def _functions(self, stack: str, table: str) -> tuple[bool, str]:
        return look_at_functions(self.client, self._of(stack, "AWS::Lambda::Function"), table, self._declared(stack))

    def _declared(self, stack: str) -> Mapping[str, Any]:
        """The resources in the stack's template after its transforms, by logical ID; empty for a template in YAML."""
        template = self.client("cloudformation").get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
        found: Mapping[str, Any] = template.get("Resources", {}) if isinstance(template, Mapping) else {}  # YAML is a text
        return found

    def _of(self, stack: str, kind: str) -> Mapping[str, str]:
        """The physical IDs of the stack's resources of one type, by logical ID."""
        return self._of_stack(stack).get(kind, {})

    def _of_stack(self, stack: str) -> Resources:
        """The physical IDs of the stack's resources, by type and logical ID; read once."""
        if not self.resources:
            self.resources.update(_resources(self.client("cloudformation"), stack))
        return self.resources

    def _permissions(self, stack: str, parameters: Mapping[str, str], looks: Looks) -> Iterator[CheckResult]:
        """One finding if all roles are right, otherwise one for each role that is wrong or could not be checked."""
        found: list[CheckResult] = []
        for role, needed in needed_actions(parameters).items():

            def look(role: str = role, needed: Iterable[str] = needed) -> tuple[bool, str]:
                name = self._of(stack, "AWS::IAM::Role").get(role, "")
                return look_at_role(self.client("iam"), role, name, needed)

            found += looks.at(f"{function_of(role)} role", look)
        wrong = [one for one in found if one.ok is not True]
        says = f"the roles of {count(len(found), 'function')} allow what the code calls, and no more"
        yield from wrong or [CheckResult(check="permissions", ok=True, says=says)]

    def _document(self, policies: Path | None, table: str) -> Mapping[str, Any]:
        """The compiled policies to check: those in the folder, otherwise those in force, otherwise those of the package."""
        if policies is not None:
            try:
                return compile_folder(policies)
            except ValueError:
                raise Unreachable(f"{policies} is not valid") from None
        revisions = self.ledger(table).revisions
        current = revisions.current()
        text = revisions.document(current.revision) if current is not None else None
        try:
            return document_of(text) if text is not None else packaged_document()
        except BadPolicyDocument as problem:
            raise Unreachable(f"the policy in force cannot be read by this version: {problem}") from None

    def _clock(self) -> tuple[bool, str]:
        try:
            answer = self.client("sts").get_caller_identity()
        except ClientError as error:  # AWS refuses a request with a wrong time, and the error response has AWS's time
            if wrong := self._skew(error.response):
                return False, wrong
            raise
        if wrong := self._skew(answer):
            return False, wrong
        told = "the clock is right" if _time_of(answer) else "AWS returned no time"
        return True, f"the caller is {answer['Arn']}; {told}"

    def _skew(self, answer: Mapping[str, Any]) -> str:
        at = _time_of(answer)
        skew = abs(self.now() - at) if at else timedelta(0)
        seconds = int(skew.total_seconds())
        return f"this machine's clock is {seconds} s from AWS's: set it, or signatures are refused" if skew > SKEW_MAX else ""

    def _stack(self, stack: str) -> tuple[bool, str]:
        try:
            found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return False, f"found no stack {stack!r} in this account and region: name it with --stack"
            raise
        status, whole = found["StackStatus"], "Ledger" in _outputs(found)
        if whole:
            self.described = found
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            rest = "" if whole else "; it has no outputs, so nothing else can be checked"
            return False, f"{stack} is {status}: aws cloudformation describe-stack-events --stack-name {stack} says why{rest}"
        if not whole:
            return False, f"{stack} is {status}, and no stack of Spotwarden: it has no output Ledger; name another with --stack"
        return True, f"{stack} is {status}"

    def _work(self, table: str) -> tuple[bool, str]:
        due = self.ledger(table).due
        failing, overdue = list(due.failing()), due.overdue(self.now(), 500)
        if failing:
            oldest = min(failing, key=lambda one: one.since)
            since = f"{oldest.since:%Y-%m-%d %H:%M}"
            return (
                False,
                f"{count(len(failing), 'trigger')} failing, the oldest since {since}: {oldest.job}: {oldest.problem[:200]};"
                " repair that; the sweep tries again automatically",
            )
        late = [one for one in overdue if self.now() - one.trigger_at > timedelta(minutes=15)]
        if late:
            return False, f"{count(len(late), 'intent')} due for more than 15 minutes: look at the errors and throttles of Sweep"
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
        return True, "no halt is in force"

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
        return (
            (False, f"these CheckpointBuckets do not exist: {', '.join(missing)}; create them, or deploy without them")
            if missing
            else (True, ", ".join(wanted))
        )

    def _policy(self, uri: str, table: str) -> tuple[bool, str]:
        current = self.ledger(table).revisions.current()
        known = (
            f"policy {current.revision} is in force since {current.since:%Y-%m-%d %H:%M}" if current else "none is in force yet"
        )
        if not uri:
            return True, f"that of the package; {known}"
        write = f"Write a good one with spotwarden compile --to {uri}"
        answer = S3PolicyDocument(self.client("s3"), uri).read()
        if not isinstance(answer, FoundObject):
            return False, f"{uri}: {answer.problem if isinstance(answer, NotRead) else 'unchanged'}; {known}. {write}"
        try:
            document, _ = read_version(answer)
        except BadPolicyDocument as problem:
            return False, f"{uri}: {problem}; {known}. {write}"
        if current is None or current.revision != document["revision"]:
            return False, (
                f"{uri} is policy {document['revision']}, and {known}: a new version takes a minute;"
                ' after that look at "policy refused" in the log of Sweep'
            )
        return True, f"{uri}: {known}"


def _time_of(answer: Mapping[str, Any]) -> datetime | None:
    stamp = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(stamp) if stamp else None


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}


def _several(value: str) -> list[str]:
    """The members of a list parameter; the CloudFormation of this machine answers with the text of a Python list."""
    return [one for part in value.split(",") if (one := part.strip("[]'\" "))]


def _policies(folder: Path) -> tuple[bool, str]:
    try:
        document = compile_folder(folder)
    except ValueError as mistakes:
        return False, f"{folder}: {mistakes}"
    return True, f"{folder} is valid, revision {document['revision'][:12]}"


def _resources(cloudformation: Any, stack: str) -> Resources:
    """The physical IDs of a stack's resources, by type and logical ID."""
    found: dict[str, dict[str, str]] = {}
    for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            of_type = found.setdefault(resource["ResourceType"], {})
            of_type[resource["LogicalResourceId"]] = str(resource.get("PhysicalResourceId", ""))
    return found
