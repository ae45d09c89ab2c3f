"""Removes values that may be secrets from the description of a job; names of hyperparameters and variables stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.aws.sagemaker.hide_secrets import COMMAND_LINE, FREE_TEXT, HIDDEN, without_credentials, without_values

QUOTING = frozenset({"FailureReason", "StatusMessage", "StatusDetails"})
"""Members with texts of SageMaker or of the container, which may quote any value of the request."""


def redacted(described: Mapping[str, Any]) -> dict[str, Any]:
    """The description without the values of FREE_TEXT and COMMAND_LINE members, and without quotations of them in other texts."""
    secrets: dict[str, str] = {}
    return _members_without_quotes(_hidden(described, secrets), {"HyperParameters": secrets})


def _hidden(value: Any, secrets: dict[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _member(name, item, secrets) for name, item in value.items()}
    if isinstance(value, str):
        return without_credentials(value)
    return [_hidden(item, secrets) for item in value] if isinstance(value, list | tuple) else value


def _member(name: str, item: Any, secrets: dict[str, str]) -> Any:
    if name in FREE_TEXT and isinstance(item, Mapping):
        secrets.update({f"{name}.{key}": str(secret) for key, secret in item.items()})
        return dict.fromkeys(item, HIDDEN)
    if name in COMMAND_LINE and isinstance(item, list | tuple):
        secrets.update({f"{name}[{number}]": str(secret) for number, secret in enumerate(item)})
        return [HIDDEN] * len(item)
    return _hidden(item, secrets)


def _members_without_quotes(members: Mapping[str, Any], quoted: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: without_values(item, quoted) if name in QUOTING and isinstance(item, str) else _without_quotes(item, quoted)
        for name, item in members.items()
    }


def _without_quotes(value: Any, quoted: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return _members_without_quotes(value, quoted)
    return [_without_quotes(item, quoted) for item in value] if isinstance(value, list) else value
