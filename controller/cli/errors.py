"""The one exception that ends a command with exit code 2."""

from __future__ import annotations


class BadInput(ValueError):
    """A command cannot do what it is asked to. The message is one sentence: what was found, what is wanted, and where."""
