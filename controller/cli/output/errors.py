"""The exceptions that end a command: it prints their message and returns their exit code."""

from __future__ import annotations


class BadInput(ValueError):
    """The input or usage of a command is wrong (exit code 2). The message states what was found, what is wanted, and where."""


class AwsUnreachable(Exception):
    """AWS or the table did not answer, or refused (exit code 5). The message states why, and what to do."""
