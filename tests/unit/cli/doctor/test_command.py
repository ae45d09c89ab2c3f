"""The doctor finds a healthy installation in order, and names what is wrong with a broken one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller import wiring
from controller.aws.dynamodb.outbox import DynamoOutbox
from controller.cli import main
from controller.cli.doctor.command import Installation
from controller.cli.doctor.schedules import last_sweep
from controller.ledger.halt import Halt
from controller.policy.compiled_document import document_text
from controller.runtime.ports.ledger import Overdue
from controller.runtime.ports.outbox import Message
from controller.runtime.read_events import Trigger
from infra.local import aws
from infra.local.slack.server import Slack
from tests.builders import lineage_id
from tests.client_errors import client_error
from tests.put_in_force import in_force_since
from tests.unit.cli.installed_stack import GOOD, SECRET, STACK, allow, ledger, now, output, role_named
from tests.unit.cli.installed_stack import local as local
from tests.unit.cli.installed_stack import slack as slack


def examined(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    capsys.readouterr()
    code = main(["doctor", "--stack", STACK, "--format", "json", *arguments])
    return code, {one["check"]: one for one in json.loads(capsys.readouterr().out)}


def test_a_healthy_installation_is_in_order(local: aws.Local, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = examined(capsys, "--policies", "policies")
    assert [one for one in found.values() if one["ok"] is not True] == []
    assert code == 0
    assert set(found) == {
        "clock", "stack", "rules", "functions", "event bus", "alarms", "dead letters", "table", "work", "discover", "halt",
        "roles", "buckets", "reports", "slack", "policy", "policies", "sweep", "digests", "messages", "permissions",
        "quotas", "topics",
    }  # fmt: skip
    assert main(["doctor", "--stack", STACK]) == 0
    out = capsys.readouterr().out
    assert out.endswith("22 checks, all in order\n")
    assert_transcript("a healthy installation", out)


TRANSCRIPTS = Path(__file__).with_name("transcripts.md")
CHANGING = (
    (r"--queue https?://\S+", "--queue QUEUE"), (r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME"), (r"spotwarden-dev-Ledger-\w+", "TABLE"),
    (r"spotwarden-dev-\w+Event-\w+", "RULE"), (r"spotwarden-dev-reports-\w+", "BUCKET"), (r"secret:slack-\w+", "secret:slack"),
)  # fmt: skip


def assert_transcript(title: str, out: str) -> None:
    """Compare the doctor's output with its section in transcripts.md; with RENEW=1 in the environment, write the section."""
    for pattern, word in CHANGING:
        out = re.sub(pattern, word, out)
    sections = dict(part.split("\n", 1) for part in TRANSCRIPTS.read_text("utf-8").split("\n## ")[1:])
    if os.environ.get("RENEW"):
        sections[title] = f"\n```\n{out}```\n"
        text = "".join(f"\n## {name}\n{said.rstrip()}\n" for name, said in sorted(sections.items()))
        TRANSCRIPTS.write_text(f"# What the doctor says\n{text}", "utf-8")
    assert sections.get(title, "").strip() == f"```\n{out}```", "RENEW=1 pytest tests/unit/cli/doctor/test_command.py"


def disable_a_rule(local: aws.Local) -> None:
    events = local.client("events")
    events.disable_rule(Name=events.list_rules()["Rules"][0]["Name"])


def delete_a_rule(local: aws.Local) -> None:
    events = local.client("events")
    name = events.list_rules()["Rules"][0]["Name"]
    events.remove_targets(Rule=name, Ids=["0"])
    events.delete_rule(Name=name)


def take_a_target(local: aws.Local) -> None:
    events = local.client("events")
    events.remove_targets(Rule=events.list_rules()["Rules"][0]["Name"], Ids=["0"])


def take_the_rules_permission(local: aws.Local) -> None:
    local.client("lambda").remove_permission(FunctionName="Sweep", StatementId="rules")


def delete_the_function(local: aws.Local) -> None:
    local.client("lambda").delete_function(FunctionName="Sweep")


def end_its_time_to_live(local: aws.Local) -> None:
    ttl = {"Enabled": False, "AttributeName": "expires_at"}
    local.client("dynamodb").update_time_to_live(TableName=output(local, "Ledger"), TimeToLiveSpecification=ttl)


def kill_a_letter(local: aws.Local) -> None:
    local.client("sqs").send_message(QueueUrl=output(local, "DeadLetters"), MessageBody="{}")


def delete_the_table(local: aws.Local) -> None:
    dynamodb, table = local.client("dynamodb"), output(local, "Ledger")
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)


def change_a_schedule(local: aws.Local) -> None:
    events = local.client("events")
    events.put_rule(Name=events.list_rules()["Rules"][0]["Name"], ScheduleExpression="rate(1 day)", State="ENABLED")


def cut_a_restore(local: aws.Local) -> None:
    mark = {"pk": {"S": "restore"}, "sk": {"S": "mark"}, "of": {"S": "an export"}}
    local.client("dynamodb").put_item(TableName=output(local, "Ledger"), Item=mark)


def fail_a_trigger(local: aws.Local) -> None:
    overdue = Overdue(trigger=Trigger(job="bert", lineage=lineage_id("bert")), key="stop/bert", trigger_at=now())
    ledger(local).due.note_failing(overdue, now(), "UnreadableItem: schema is 99")


def change_drain(local: aws.Local, *, less: Iterable[str] = (), more: Iterable[str] = ()) -> None:
    """Replace the policy in the role of Drain, as if by hand."""
    role = role_named(local, "DrainRole")
    document = local.client("iam").get_role_policy(RoleName=role, PolicyName="policy")["PolicyDocument"]
    allow(local, role, [*(a for a in document["Statement"][0]["Action"] if a not in less), *more])


def take_a_permission(local: aws.Local) -> None:
    change_drain(local, less=("secretsmanager:GetSecretValue", "dynamodb:UpdateItem"))


def give_a_permission(local: aws.Local) -> None:
    change_drain(local, more=("s3:*",))


def call_a_halt(local: aws.Local) -> None:
    ledger(local).halts.set_halt(Halt(why="a policy stops the wrong jobs", who="ana", since=now()))


def delete_the_secret(local: aws.Local) -> None:
    local.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)


def delete_the_role(local: aws.Local) -> None:
    local.client("iam").delete_role(RoleName="training")


def cut_the_policy_off(local: aws.Local) -> None:
    local.client("s3").put_object(Bucket="acme-policies", Key="policies.json", Body=document_text(GOOD).encode()[:-9])


def delete_the_policy(local: aws.Local) -> None:
    local.client("s3").delete_object(Bucket="acme-policies", Key="policies.json")


def forget_the_policy(local: aws.Local) -> None:
    in_force_since(ledger(local).revisions, "0123456789ab", now())


def stop_the_digests(local: aws.Local) -> None:
    local.client("dynamodb").delete_item(TableName=output(local, "Ledger"), Key={"pk": {"S": "cursor"}, "sk": {"S": "digests"}})


def refuse_a_message(local: aws.Local) -> None:
    message = Message(key="k", channel="#ml", at=now(), words=("title", "text"))
    outbox = DynamoOutbox(local.client("dynamodb"), output(local, "Ledger"))
    outbox.put(message)
    outbox.set_aside(message, "msg_too_long")


def let_a_message_wait(local: aws.Local) -> None:
    message = Message(key="k", channel="#ml", at=now() - timedelta(hours=1), words=("title", "text"))
    DynamoOutbox(local.client("dynamodb"), output(local, "Ledger")).put(message)


def delete_the_bucket(local: aws.Local) -> None:
    local.client("s3").delete_bucket(Bucket="acme-checkpoints")


@pytest.mark.parametrize(
    ("break_it", "check", "told"),
    [
        (disable_a_rule, "rules", "disabled: "),
        (delete_a_rule, "rules", "deleted: "),
        (take_a_target, "rules", " calls no function; deploy the stack again with REVERT_DRIFT=yes"),
        (take_the_rules_permission, "rules", " may not call Sweep"),
        (change_a_schedule, "rules", "the schedule or pattern was changed by hand: "),
        (delete_the_function, "rules", " may not call Sweep, or that is deleted"),
        (end_its_time_to_live, "table", "has no time to live on expires_at, so no row expires"),
        (
            kill_a_letter,
            "dead letters",
            "1 dead letter in the queue; repair the cause that the log shows, then run spotwarden redrive --queue http",
        ),
        (delete_the_table, "table", "restore it from its backup there, and deploy with its name as ExistingLedger"),
        (cut_a_restore, "table", "is not complete: pause with spotwarden halt, then repeat the restore"),
        (fail_a_trigger, "work", "1 trigger failing, the oldest since "),
        (
            take_a_permission,
            "Drain role",
            "Drain lacks dynamodb:UpdateItem, secretsmanager:GetSecretValue: deploy the stack again",
        ),
        (give_a_permission, "Drain role", "Drain may also do s3:*: deploy the stack again"),
        (call_a_halt, "halt", "halted by ana since "),
        (delete_the_secret, "slack", "found no secret arn:aws:secretsmanager:us-east-1:123456789012:secret:slack"),
        (delete_the_role, "roles", "these TrainingRoles do not exist: arn:aws:iam::123456789012:role/training"),
        (cut_the_policy_off, "policy", "s3://acme-policies/policies.json: found text that is not JSON"),
        (delete_the_policy, "policy", "there is no such object (NoSuchKey); policy "),
        (forget_the_policy, "policy", "and policy 0123456789ab is in force since "),
        (stop_the_digests, "digests", "the function Digests has never run, and should run each hour"),
        (refuse_a_message, "messages", "Slack refused 1: spotwarden status says why"),
        (let_a_message_wait, "messages", "messages wait for #ml since "),
        (delete_the_bucket, "buckets", "these CheckpointBuckets do not exist: acme-checkpoints"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_installation_is_named(
    local: aws.Local, capsys: pytest.CaptureFixture[str], break_it: Callable[[aws.Local], None], check: str, told: str
) -> None:
    break_it(local)
    code, found = examined(capsys)
    assert code == 1
    assert found[check]["ok"] is False
    assert told in found[check]["says"]
    if break_it is not delete_the_table:
        assert [name for name, one in found.items() if one["ok"] is not True] == [check]
    if break_it in IN_TRANSCRIPT:
        assert main(["doctor", "--stack", STACK]) == 1
        assert_transcript(break_it.__name__.replace("_", " "), capsys.readouterr().out)


IN_TRANSCRIPT = (disable_a_rule, kill_a_letter, fail_a_trigger, take_a_permission, delete_the_secret, let_a_message_wait)


def test_a_sweep_that_does_not_run_is_named(local: aws.Local) -> None:
    cloudwatch = local.client("cloudwatch")
    assert last_sweep(cloudwatch, STACK, now())[0]
    ok, says = last_sweep(cloudwatch, STACK, now() + timedelta(hours=1))
    assert not ok
    assert "no metric of it in the last 15 minutes" in says
    assert not last_sweep(cloudwatch, "another-stack", now())[0]


def test_a_revoked_token_is_named(local: aws.Local, slack: Slack, capsys: pytest.CaptureFixture[str]) -> None:
    slack.token = "xoxb-renewed"
    assert "Slack refuses the token (invalid_auth)" in examined(capsys)[1]["slack"]["says"]


def test_an_old_search_is_named(local: aws.Local, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Later:
        def now(self) -> datetime:
            return datetime.now().astimezone() + timedelta(hours=5)

    wiring.install(clock=Later())
    try:
        code, found = examined(capsys)
    finally:
        from controller.aws.system_clock import SystemClock

        wiring.install(clock=SystemClock())
    assert code == 1
    assert found["discover"]["ok"] is False
    assert found["clock"]["says"].startswith("this machine's clock is ") or "AWS returned no time" in found["clock"]["says"]


def test_a_stack_that_is_not_there_or_not_spotwarden_s_is_named(local: aws.Local, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--stack", "nowhere"]) == 1
    assert "BAD  stack        found no stack 'nowhere' in this account and region" in capsys.readouterr().out
    files = {"Resources": {"Files": {"Type": "AWS::S3::Bucket"}}}
    local.client("cloudformation").create_stack(StackName="website", TemplateBody=json.dumps(files))
    assert main(["doctor", "--stack", "website"]) == 1
    told = "website is CREATE_COMPLETE, and no stack of Spotwarden: it has no output Ledger; name another with --stack"
    assert capsys.readouterr().out.splitlines()[1:] == [f"BAD  stack        {told}", "2 checks, 1 not in order"]


def test_a_policy_that_is_broken_is_named(local: aws.Local, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nrules: [{name: a, rule: no-such-rule}]\n")
    code, found = examined(capsys, "--policies", str(tmp_path))
    assert code == 1
    assert "no-such-rule" in found["policies"]["says"]


class Sts:
    """An STS with its own clock: it answers, or refuses a request with a wrong time. Both responses have its time."""

    def __init__(self, date: str, *, refuses: bool) -> None:
        self.meta = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
        self.refuses = refuses

    def get_caller_identity(self) -> Any:
        if self.refuses:
            message = "Signature expired: 20261130T030000Z is now earlier than ..."
            raise client_error("SignatureDoesNotMatch", message, "GetCallerIdentity", **self.meta)
        return {"Arn": "arn:aws:iam::123456789012:user/ada", **self.meta}


@pytest.mark.parametrize(
    ("date", "refuses", "told"),
    [
        ("Mon, 30 Nov 2026 03:00:20 GMT", False, "the caller is arn:aws:iam::123456789012:user/ada; the clock is right"),
        ("Mon, 30 Nov 2026 03:02:00 GMT", False, "this machine's clock is 120 s from AWS's: set it, or signatures are refused"),
        ("Mon, 30 Nov 2026 03:20:00 GMT", True, "this machine's clock is 1200 s from AWS's: set it, or signatures are refused"),
    ],
)
def test_a_wrong_clock_is_reported_in_seconds_also_if_aws_refuses_the_signature(date: str, told: str, *, refuses: bool) -> None:
    def client(_: str) -> Any:
        return Sts(date, refuses=refuses)

    assert Installation(client, lambda _: None, lambda: datetime(2026, 11, 30, 3, tzinfo=UTC))._clock()[1] == told
