"""The exceptions that end a command with one sentence, and their exit codes."""

from __future__ import annotations


class BadInput(ValueError):
    """A command cannot do what it is asked to (exit code 2). The message says what was found, what is wanted, and where."""


class AwsUnreachable(Exception):
    """AWS or the table did not answer, or refused (exit code 5). The message says why, and what to do."""
