"""Builds the real ports, once per container.

Clients are built when first needed: a digest never loads SageMaker's service model. ``install`` is the only seam: a local host
puts its virtual clock there before the first ring.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from controller.adapters.checkpoints import S3Checkpoints
from controller.adapters.clock import SystemClock
from controller.adapters.events import EventBridge
from controller.adapters.instances import Ec2Instances
from controller.adapters.ledger import DynamoLedger
from controller.adapters.outbox import DynamoOutbox
from controller.adapters.policies import CompiledPolicies, packaged_document
from controller.adapters.prices import Prices
from controller.adapters.sagemaker import SageMakerJobs
from controller.shell.ports import Chat, Clock, Ports

# The lease (60 s) outlives the function (45 s), which outlives its calls: two tries of at most 2 + 10 s each.
PATIENCE = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})

_clock: Clock = SystemClock()


class Misconfigured(Exception):
    """An environment variable is missing or empty."""


def setting(name: str) -> str:
    """A required environment variable. Raises Misconfigured when it is missing or empty."""
    found = os.environ.get(name)
    if not found:
        state = "is not set" if found is None else "is empty"
        raise Misconfigured(f"environment variable {name} {state}; infra/resources.json sets it on every function")
    return found


def install(*, clock: Clock) -> None:
    """Let another clock tell the time, before anything is built; whatever was built is forgotten."""
    global _clock  # one container, one clock
    _clock = clock
    ports.cache_clear()
    client.cache_clear()
    _slack.cache_clear()


def clock() -> Clock:
    """The clock of this container."""
    return _clock


@cache
def client(service: str) -> Any:
    return boto3.client(service, config=PATIENCE)


@cache
def ports() -> Ports:
    """The ports of this container. Raises Misconfigured."""
    table = setting("SPOTWARDEN_TABLE")
    ledger = DynamoLedger(client("dynamodb"), table)
    return Ports(
        jobs=SageMakerJobs(_Lazy(lambda: client("sagemaker"))),
        checkpoints=S3Checkpoints(_Lazy(lambda: client("s3"))),
        ledger=ledger,
        outbox=DynamoOutbox(client("dynamodb"), table),
        chat=_Lazy(_slack),
        events=EventBridge(_Lazy(lambda: client("events")), os.environ.get("SPOTWARDEN_BUS") or "default"),
        instances=Ec2Instances(_Lazy(lambda: client("ec2"))),
        policies=CompiledPolicies(_policies(), lambda revision: ledger.in_force_at(revision, _clock.now())),
        prices=Prices(),
        clock=_clock,
    )


class _Lazy:
    """What is built when its first call is looked up: most functions never ask EC2 or Slack anything."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        return getattr(self._build(), name)


def _policies() -> Mapping[str, Any]:
    """The packaged policy document, or the one that ``SPOTWARDEN_POLICIES`` names (a compiled JSON file)."""
    path = os.environ.get("SPOTWARDEN_POLICIES")
    if not path:
        return packaged_document()
    document: Mapping[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return document


@cache
def _slack() -> Chat:
    """Slack and its SDK, which one function of seven needs: the others start without it."""
    from controller.adapters.slack import SlackChat

    return SlackChat(_slack_token, os.environ.get("SPOTWARDEN_SLACK_URL") or SlackChat.BASE_URL)


def _slack_token() -> str:
    """The bot token: the environment's where it stands there (a machine of one's own), else Secrets Manager's."""
    token = os.environ.get("SPOTWARDEN_SLACK_TOKEN")
    if token:
        return token
    secret = client("secretsmanager").get_secret_value(SecretId=setting("SPOTWARDEN_SLACK_TOKEN_SECRET"))
    return str(secret["SecretString"])
