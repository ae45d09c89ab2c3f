"""Reads the stack's parameters from the environment; ``controller.wiring`` reads the names of resources."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from controller.aws.dynamodb.retention import Retention

ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=.@_/-]*[A-Za-z0-9+=.@_-]")


class Misconfigured(Exception):
    """An environment variable is missing or empty."""


def setting(name: str) -> str:
    """A required environment variable. Raises Misconfigured when it is missing or empty."""
    found = os.environ.get(name)
    if not found:
        state = "is not set" if found is None else "is empty"
        again = "deploy the stack again with REVERT_DRIFT=yes"
        raise Misconfigured(f"environment variable {name} {state}; infra/resources.json sets it on every function: {again}")
    return found


class InvalidRoles(ValueError):
    """TrainingRoles contains something other than full ARNs of roles."""


def training_roles() -> tuple[str, ...]:
    """The roles that may be passed to attempts, from ``SPOTWARDEN_TRAINING_ROLES``. Raises InvalidRoles.

    Without a role the controller only observes.
    """
    roles = tuple(role.strip() for role in os.environ.get("SPOTWARDEN_TRAINING_ROLES", "").split(",") if role.strip())
    for role in roles:
        if not ROLE.fullmatch(role):
            raise InvalidRoles(f"SPOTWARDEN_TRAINING_ROLES has {role[:200]!r}, wanted full ARNs of roles, without wildcards")
    return roles


def region() -> str:
    """The region that this function runs in."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def identity_key() -> str:
    """The key of the hashes of requests: the stack's id, the same in every function of a stack. It is not a secret."""
    return os.environ.get("SPOTWARDEN_IDENTITY_KEY") or "spotwarden"


def retention(now: Callable[[], datetime]) -> Retention:
    """How long rows of lineages are kept: ``SPOTWARDEN_LEDGER_DAYS``, where 0 is for ever. Raises ValueError."""
    days = os.environ.get("SPOTWARDEN_LEDGER_DAYS") or "0"
    try:
        return Retention(timedelta(days=int(days)) if int(days) else None, now)
    except ValueError as problem:
        raise ValueError(f"SPOTWARDEN_LEDGER_DAYS is {days!r}: {problem}") from None


def checkpoint_buckets() -> tuple[str, ...]:
    """The buckets with checkpoints that the stack lists. Without any, no checkpoint prefix is scanned."""
    return _listed("SPOTWARDEN_CHECKPOINT_BUCKETS")


def peer_accounts() -> tuple[str, ...]:
    """The other accounts whose stacks post with the same Slack app."""
    return _listed("SPOTWARDEN_PEER_ACCOUNTS")


def _listed(name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())


def has_slack() -> bool:
    """Whether messages go to Slack, by a webhook or an app."""
    return any(
        os.environ.get(name) for name in ("SPOTWARDEN_SLACK_WEBHOOK", "SPOTWARDEN_SLACK_TOKEN", "SPOTWARDEN_SLACK_TOKEN_SECRET")
    )
