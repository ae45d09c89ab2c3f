"""Builds at init what a function's first invocation needs: during init, Lambda gives a function more CPU than afterwards.

What fails here fails again in the first invocation, and is logged and counted there.
"""

from __future__ import annotations

import os
from contextlib import suppress

from controller import wiring


def warm_jobs(module: str) -> None:
    """Build the ports, read the policy and the tables, and open the connections of a function that decides about jobs."""
    if _is_function_of(module):
        with suppress(Exception):
            wiring.ports().policies.current()
            wiring.client("sagemaker").connect()
            wiring.prepare()


def warm_slack() -> None:
    """Read Slack's secret and the policy, and import the SDK: Slack waits three seconds for an answer."""
    if _is_function_of("app"):
        with suppress(Exception):
            ports = wiring.slack_ports(wiring.clock().now())
            _ = ports.chat.user  # reads the secret, and builds the client
            ports.policies.current()


def _is_function_of(module: str) -> bool:
    """Whether this is Lambda, and the function's handler is in that module."""
    return "AWS_LAMBDA_RUNTIME_API" in os.environ and f"{os.environ.get('_HANDLER', module)}.".startswith(f"{module}.")
