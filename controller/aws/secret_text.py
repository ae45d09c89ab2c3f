"""Reads the text of a secret from AWS Secrets Manager."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controller.aws.errors import AwsFault, fault_of
from controller.runtime.ports.answers import Unreachable


def secret_text(client: Any, secret: str) -> str:
    """The current text of a secret, by its ARN or name; empty where it is binary. Raises Unreachable, and AWS's other errors."""
    try:
        text: str = client.get_secret_value(SecretId=secret).get("SecretString", "")
    except (ClientError, BotoCoreError) as error:
        if fault_of(error) in (AwsFault.THROTTLED, AwsFault.UNREACHABLE):
            raise Unreachable(f"Secrets Manager: {error}") from error
        raise
    return text
