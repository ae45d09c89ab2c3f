"""Each command of the docs is one that its program takes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from infra.local import aws
from infra.release import CODE
from infra.stack import merge_template
from infra.tool_environment import programs_of
from tests.deploy.aws_cli import call_of
from tests.deploy.docs_commands import FENCE, OPERATIONS, PAGES, ROOT, Command, every_command, mistake


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_command_of_the_docs_is_one_that_its_program_takes(page: Path) -> None:
    found = {str(command): mistake(command) for command in every_command(page)}
    assert {text: wrong for text, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("aws snss create-topic --name x", "there is no service 'snss'"),
        ("aws sns create-topc --name x", "sns has no operation 'create-topc'"),
        ("aws sns create-topic --nam x", "sns create-topic has no option --nam"),
        ("aws sns create-topic", 'Missing required parameter in input: "Name"'),
        ("aws sns subscribe --endpoint a --protocol email --topic-arn t", "has no option --endpoint"),
        ("aws s3 mk s3://b", "s3 has no command 'mk'"),
        ("aws s3 mb s3://b --regin r", "s3 mb has no option --regin"),
        ("aws dynamodb update-time-to-live --table-name TABLE --time-to-live-specification Enable=true", "found 'Enable=true'"),
        ("make deploi STAGE=x", "No rule to make target"),
        ("make deploy STAG=x", "the Makefile reads no STAG"),
        ("spotwarden docter", "Did you mean"),
        ("spotwarden doctor --stak x", "No such option --stak. Did you mean --stack?"),
        ("spotwarden report --by colour", "--by"),
    ],
)
def test_a_command_with_a_mistake_is_found(text: str, told: str) -> None:
    assert told in mistake(Command(page="x", whole=True, words=tuple(text.split())))


def test_every_parameter_that_the_page_names_is_one_of_the_template() -> None:
    page = OPERATIONS.read_text("utf-8")
    known = {*merge_template("python3.14", "arm64")["Parameters"], *CODE}
    named = set(re.findall(r"\bparameters? `(\w+)`", page)) | {
        name for kind, body in FENCE.findall(page) if kind == "yaml" for name in (yaml.safe_load(body).get("parameters") or ())
    }
    assert len(named) > 10
    assert named - known == set()


def test_the_empty_table_of_the_page_is_the_one_that_the_stack_makes() -> None:
    [command] = [one for one in every_command(OPERATIONS) if one.words[:3] == ("aws", "dynamodb", "create-table")]
    made = merge_template("python3.14", "arm64")["Resources"]["Ledger"]["Properties"]
    asked = dict(call_of(command.with_values({"NEW_TABLE": "t", "REGION": aws.REGION}).words[1:]).arguments)
    assert asked.pop("TableName") == "t"
    assert asked.pop("DeletionProtectionEnabled")
    assert asked.pop("SSESpecification") == {"Enabled": True}
    assert asked == {name: made[name] for name in asked}
    assert {"KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode"} <= set(asked)


AWS_CLI = ("awscli==1.46.3",)


class Named(dict[str, str]):
    """A value for every name of the docs."""

    def __missing__(self, name: str) -> str:
        return f"arn:aws:sns:{aws.REGION}:{aws.ACCOUNT}:spotwarden" if name.endswith("ARN") else "spotwarden"


@pytest.mark.nightly  # it installs the AWS CLI into an environment of its own
def test_the_aws_cli_takes_every_command_of_the_docs_as_this_project_reads_it() -> None:
    program = str(programs_of(ROOT / "build" / "awscli", AWS_CLI) / "aws")
    values = Named(REGION=aws.REGION, ARN="ARN")
    with aws.start() as local:
        settings = {"AWS_ENDPOINT_URL": local.url, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        settings |= {"AWS_DEFAULT_REGION": aws.REGION, "PATH": os.environ["PATH"]}
        commands = {
            c.with_values(values).words: c for page in PAGES for c in every_command(page) if c.program == "aws" and c.whole
        }
        assert len(commands) > 8
        for words in commands:
            done = subprocess.run([program, *words[1:]], check=False, capture_output=True, text=True, env=settings)  # noqa: S603  # our own docs
            # An answer of the service, also one that refuses, says that the CLI has read the command.
            assert done.returncode == 0 or "An error occurred (" in done.stderr, (words, done.stderr)
