"""Environment variables lead all calls to the embedded AWS, also with AWS settings of the user."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import pytest

from infra.local import aws
from infra.local.environment import ENDPOINT_VARIABLES, endpoints_of, environment_of, only


@pytest.fixture
def environment() -> dict[str, str]:
    local = aws.Local(url="http://127.0.0.1:1", dynamodb_url="http://127.0.0.1:2", dynamodb=aws.LOCAL, stop=lambda: None)
    endpoints = endpoints_of(
        local, sagemaker="http://127.0.0.1:3", prices_and_quotas="http://127.0.0.1:4", slack="http://127.0.0.1:5"
    )
    return environment_of(
        endpoints, region="us-east-1", table="T", reports="R", policies=Path("/p.json"), token="xoxb", signing_secret="s"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("service", "port"),
    [("dynamodb", 2), ("sagemaker", 3), ("pricing", 4), ("service-quotas", 4), ("s3", 1), ("ec2", 1), ("events", 1), ("sts", 1)],
)
def test_every_client_of_boto3_calls_this_machine(environment: dict[str, str], service: str, port: int) -> None:
    with only(environment):
        assert boto3.Session().client(service).meta.endpoint_url == f"http://127.0.0.1:{port}"


def test_a_user_s_own_settings_are_hidden_meanwhile_and_restored(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"AWS_PROFILE": "production", "SPOTWARDEN_SLACK_WEBHOOK": "https://hooks.slack.com/x", "SPOTWARDEN_TABLE": "Mine"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SPOTWARDEN_DYNAMODB", "stock")
    with only(environment):
        assert "AWS_PROFILE" not in os.environ
        assert "SPOTWARDEN_SLACK_WEBHOOK" not in os.environ
        assert (os.environ["SPOTWARDEN_TABLE"], os.environ["SPOTWARDEN_DYNAMODB"]) == ("T", "stock")
    assert {name: os.environ[name] for name in own} == own


def test_every_endpoint_variable_has_an_endpoint(environment: dict[str, str]) -> None:
    assert {environment[name] for name in ENDPOINT_VARIABLES.values()} <= {f"http://127.0.0.1:{n}" for n in range(1, 5)}
