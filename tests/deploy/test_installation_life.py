"""The commands of an installation's life, as the docs write them, run on the embedded AWS."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from moto.cloudformation.models import cloudformation_backends

import infra.deploy
from controller import wiring
from controller.cli import main
from controller.cli.doctor.permissions import function_of, needed_actions
from controller.policyfile import compile_folder
from infra.local import aws
from infra.local.demo.scenario import MONDAY
from infra.local.host import CLIENT_CONFIG, Host, hosting
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.world import World
from infra.stack import merge_template
from tests.deploy.aws_cli import answer, call_of
from tests.deploy.docs_commands import FENCE, OPERATIONS, ROOT, Command, blocks, filled, recipe, section
from tests.packaging.cloudformation import Stack
from tests.unit.infra.local.sagemaker.requests import EXACT, request

STARTED = ROOT / "docs" / "getting-started.md"
STACK = "spotwarden-prod"
SIGNING = "local-signing-secret"  # the local Slack's
KEPT = ("Ledger", "Reports", "DeadLetters")


class Made(Stack):
    """The stack with the names that the embedded CloudFormation gave."""

    def physical(self, logical_id: str) -> str:
        found = aws.client("cloudformation", endpoint()).describe_stack_resources(StackName=self.name)["StackResources"]
        return next(str(r["PhysicalResourceId"]) for r in found if r["LogicalResourceId"] == logical_id)


def endpoint() -> str:
    return os.environ["AWS_ENDPOINT_URL"]


def package_of(folder: Path, log_days: int = 90) -> Path:
    """What stands for the built package: the template's own resources, and two rules, without the functions."""
    template = merge_template("python3.14", "arm64")
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)", "State": "ENABLED"}}
    resources = {name: template["Resources"][name] for name in KEPT}
    template["Resources"] = {**resources, "SweepSweepEvent": rule, "DrainDrainEvent": rule}
    template["Resources"]["SweepLogs"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": log_days}}
    template["Outputs"] = {name: template["Outputs"][name] for name in KEPT}
    del template["Globals"]
    folder.mkdir(exist_ok=True)
    (folder / "deployment.zip").write_bytes(b"zip")
    (folder / "sam.json").write_text(json.dumps(template))
    return folder


@dataclass
class Reader:
    """Who types the commands of the page: in a folder, with what earlier commands answered."""

    folder: Path
    package: Path
    values: dict[str, str]
    said: dict[str, str] = field(default_factory=dict)

    def type(self, command: Command) -> str:
        """Run a command as its program does, and keep what it prints."""
        filled_in = command.with_values(self.values)
        out = io.StringIO()
        with redirect_stdout(out):
            code = self._run(filled_in.program, filled_in.words[1:])
        said = out.getvalue()
        assert code == 0 or (filled_in.program, filled_in.words[1]) in MAY_FIND, f"{command}: {code}: {said}"
        if command.into:
            (self.folder / command.into).write_text(said)
        self.said[" ".join(command.words)] = said
        return said

    def _run(self, program: str, words: Sequence[str]) -> int:
        os.chdir(self.folder)
        match program:
            case "cd":
                self.folder /= words[0]
            case "source":
                assert words == (".venv/bin/activate",)  # make demo has made it
            case "git":
                done = subprocess.run(["git", *words], check=True, capture_output=True, text=True, cwd=self.folder)  # noqa: S603, S607  # our own docs
                print(done.stdout)
            case "cp":
                shutil.copy(self.folder / words[0], self.folder / words[1])
            case "aws":
                print(answer(call_of(words)), end="")
            case "spotwarden":
                return main(list(words))
            case "make":
                return self._make(words)
        return 0

    def _make(self, words: Sequence[str]) -> int:
        """What the Makefile runs for these words; only a deployment is carried out here, with a package that is there."""
        [*_, last] = [line for line in recipe(words, self.folder) if line]
        module = last[last.index("-m") + 1]
        if module != "infra.deploy":
            assert find_spec(module) is not None
            return 0
        given = last[last.index("-m") + 2 :]
        where = ["--package", str(self.package), "--stages", str(self.folder / "infra" / "stages")]
        stdin, sys.stdin = sys.stdin, io.StringIO("y\n")  # the answer to its question
        try:
            return infra.deploy.main([*given, *where])
        finally:
            sys.stdin = stdin


MAY_FIND = {("spotwarden", "check"), ("spotwarden", "doctor")}  # they exit with 1 where something was found


@dataclass
class Life:
    """What was seen from the installation to the removal."""

    doctor: str = ""
    messages: list[str] = field(default_factory=list)
    spot: str = ""
    after_rotation: list[str] = field(default_factory=list)
    tables: list[list[str]] = field(default_factory=list)
    upgraded: str = ""
    rolled_back: str = ""
    removed: list[str] = field(default_factory=list)
    backups: str = ""


def origin_in(folder: Path) -> str:
    """A repository with this commit as its main branch, also where this checkout is on none."""
    origin = folder / "origin.git"
    for command in (
        ["clone", "--quiet", "--bare", str(ROOT), str(origin)],
        ["-C", str(origin), "update-ref", "refs/heads/main", "HEAD"],
        ["-C", str(origin), "symbolic-ref", "HEAD", "refs/heads/main"],
    ):
        subprocess.run(["git", *command], check=True, capture_output=True)  # noqa: S603, S607  # fixed arguments
    return str(origin)


def note_outputs() -> None:
    """moto knows no outputs of a stack that a change set created."""
    for stack in cloudformation_backends[aws.ACCOUNT][aws.REGION].stacks.values():
        stack._parse_template()
        stack.output_map = stack._create_output_map()


def operate(host: Host, reader: Reader) -> None:
    """Give the handlers of this process the settings that the stack gives its functions."""
    template = merge_template("python3.14", "arm64")
    stage = infra.deploy.stage_of("prod", reader.folder / "infra" / "stages")
    made = Made(template=template, name=STACK, parameters=stage.parameters)
    settings = made.value(template["Globals"]["Function"]["Environment"]["Variables"])
    compiled = reader.folder / "compiled.json"
    compiled.write_text(json.dumps(compile_folder(reader.folder / "policies")))
    for name in ("SPOTWARDEN_SLACK_TOKEN", "SPOTWARDEN_SLACK_SIGNING_SECRET"):
        os.environ.pop(name, None)
    os.environ.update({name: str(value) for name, value in settings.items()} | {"SPOTWARDEN_POLICIES": str(compiled)})
    wiring.install(clock=host.clock, client_config=CLIENT_CONFIG, slack_client_config=CLIENT_CONFIG)


def tick(host: Host, *schedules: str) -> None:
    """What EventBridge fires in this minute."""
    with redirect_stdout(host.log):
        for schedule in schedules:
            host.bus.fire(schedule)
    assert host.bus.dead_letters == []
    assert host.bus.waiting == []


def train(host: Host, name: str) -> None:
    """A person's job breaks a rule of the policies that ship; its event comes, and what waits is sent."""
    host.world.create_training_job(request(name, prefix=None))
    host.clock.at += timedelta(minutes=5)
    host.world.advance_to(host.clock.at)
    for _, event in host.world.drain_events():
        host.put(event)
    tick(host, "sweep", "drain")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Everything that the page says, in its order, on the embedded AWS."""
    folder, seen = tmp_path_factory.mktemp("docs"), Life()
    here = World(MONDAY, settings=WorldSettings(**EXACT), account=aws.ACCOUNT, region=aws.REGION)
    before = Path.cwd()
    with hosting(here, compile_folder(ROOT / "policies"), folder / "host") as host:
        here.create_training_job(request("bert"))
        reader = Reader(folder, package_of(folder / "package"), {
            "REGION": aws.REGION, "ARN": "ARN", "NAME": "bert", "REPOSITORY": origin_in(folder), "BUCKET": "acme-deployments",
            "BOT_TOKEN": host.slack.token, "SIGNING_SECRET": SIGNING,
            "SLACK_URL": "https://abc123.execute-api.us-east-1.amazonaws.com/api/",
        })  # fmt: skip
        try:
            _live(host, reader, seen)
        finally:
            os.chdir(before)
    return seen


def _live(host: Host, reader: Reader, seen: Life) -> None:
    steps = section(OPERATIONS, "Installing in ten steps")
    for command in blocks(steps, OPERATIONS.name):
        said = reader.type(command).strip()
        match command.words[:3]:
            case ("aws", "secretsmanager", _):
                reader.values["SECRET_ARN"] = said.strip('"')
            case ("aws", "sns", "create-topic"):
                reader.values["TOPIC_ARN"] = said.strip('"')
            case ("cp", *_):
                [stage] = [body for kind, body in FENCE.findall(steps) if kind == "yaml"]
                (reader.folder / command.words[2]).write_text(filled(textwrap.dedent(stage), reader.values))
            case ("make", "deploy", _):
                note_outputs()
                operate(host, reader)
                tick(host, "sweep", "discover")
                train(host, "no-checkpoints")
            case ("spotwarden", "doctor", _):
                seen.doctor = said
    seen.messages = [message.text for message in host.slack.messages]
    assert host.slack.users is not None
    host.slack.users.command("job no-checkpoints")
    seen.spot = host.slack.users.ephemerals[-1]
    _first_hour(reader)
    _upgrade_and_rotate(host, reader, seen)
    _remove(host, reader, seen)


def _first_hour(reader: Reader) -> None:
    """The page for beginners, and what an operator does on some day: every command ends without an error."""
    typed(reader, "2. Check a job of your own", STARTED)
    checkout, reader.folder = reader.folder, reader.folder.parent / "policies"
    reader.folder.mkdir()
    typed(reader, "3. Write your policy", STARTED)
    reader.folder = checkout
    reader.values["TABLE"] = os.environ["SPOTWARDEN_TABLE"]
    typed(reader, "Changing policies without a deployment")
    typed(reader, "Pausing it")


def _upgrade_and_rotate(host: Host, reader: Reader, seen: Life) -> None:
    package_of(reader.package, log_days=30)
    seen.upgraded = typed(reader, "Upgrade")
    subprocess.run(["git", "tag", "v0.0.1"], check=True, cwd=reader.folder)  # noqa: S607  # PATH says where git is
    reader.values["TAG"] = "v0.0.1"
    package_of(reader.package)
    seen.rolled_back = typed(reader, "Roll back")
    host.slack.token = reader.values["BOT_TOKEN"] = "xoxb-renewed"
    typed(reader, "Rotate the Slack secrets")
    count = len(host.slack.messages)
    train(host, "after-rotation")
    seen.after_rotation = [message.text for message in host.slack.messages[count:]]


def _remove(host: Host, reader: Reader, seen: Life) -> None:
    dynamodb = host.aws.client("dynamodb")
    keep, delete = blocks(section(OPERATIONS, "Remove it"), OPERATIONS.name)
    reader.values["NEW_TABLE"] = "restored"
    seen.tables.append(dynamodb.list_tables()["TableNames"])
    seen.backups = typed(reader, "Restore a backup")
    for command in (keep, delete):
        seen.removed.append(reader.type(command))
        seen.tables.append(dynamodb.list_tables()["TableNames"])
        if command is keep:
            reader.type(next(c for c in blocks(section(OPERATIONS, "Upgrade"), OPERATIONS.name) if c.program == "make"))


def typed(reader: Reader, heading: str, page: Path = OPERATIONS) -> str:
    """What the commands below a heading print."""
    commands = blocks(section(page, heading), page.name)
    return "".join(reader.type(command) for command in commands)


def test_the_ten_steps_lead_to_the_first_finding_in_slack(life: Life) -> None:
    assert any('*no-checkpoints* breaks the rule "save-long-work"' in text for text in life.messages)
    assert life.spot.startswith(":warning: *no-checkpoints* breaks the rule")  # through the API, as Slack signs it


def test_the_doctor_finds_a_new_installation_in_order_but_for_what_the_embedded_aws_lacks(life: Life) -> None:
    wrong = [line.split()[1] for line in life.doctor.splitlines() if not line.startswith("ok")]
    functions = {function_of(role) for role in needed_actions({"SlackTokenSecret": "given"})}  # the package here has none
    assert {one for one in wrong if one in functions} == functions
    # The rules here call no functions, moto's CloudFormation sets no policy of a queue or bucket and no time to live, no
    # CloudWatch reads the log, and no hour has passed; the last line is the sum.
    lacking = ["rules", "dead", "table", "sweep", "digests", "reports"]
    assert [one for one in wrong[:-1] if one not in functions] == lacking


def test_an_upgrade_and_the_way_back_show_what_they_change(life: Life) -> None:
    for said in (life.upgraded, life.rolled_back):
        assert re.search(r"Modify +AWS::Logs::LogGroup +SweepLogs\n1 changes of spotwarden-prod", said)


def test_a_rotated_token_is_used_without_a_deployment(life: Life) -> None:
    assert any("*after-rotation* breaks the rule" in text for text in life.after_rotation)


def test_the_table_stays_until_it_is_named(life: Life) -> None:
    before, kept, gone = life.tables
    assert set(before) < set(kept)
    assert set(kept) - set(before) == {"restored"}
    assert len(gone) == len(kept)  # the second stack's own table came and went
    assert "DELETE" not in life.removed[0]
    assert "AND its table" in life.removed[1]
    assert '"PointInTimeRecoveryStatus": "ENABLED"' in life.backups
