"""Removes the values of hyperparameters and environment variables from texts of AWS or a container: they may be secrets.

A FailureReason may quote the container's command line, and an error of CreateTrainingJob the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LEAST = 4  # characters; a shorter value is no secret, and is in many texts
WORD = re.compile(r"[a-z]{1,15}")  # such as "adam" or "internal": an option, and a common word
COMMAND = re.compile(r'(Command ")[^"]*"?')  # how the training toolkit quotes the command line, with all hyperparameters
HIDDEN = "…"


def without_values(text: str, document: Mapping[str, Any]) -> str:
    """The text without any value of the document's HyperParameters and Environment, and without a quoted command line."""
    members = (document.get(member) for member in ("HyperParameters", "Environment"))
    values = {str(value) for found in members if isinstance(found, Mapping) for value in found.values()}
    for value in sorted(values, key=len, reverse=True):  # the longest first: one value may be a part of another
        if len(value) >= LEAST and WORD.fullmatch(value) is None and value != text:
            text = text.replace(value, HIDDEN)
    return COMMAND.sub(rf'\1{HIDDEN}"', text)
