"""The facts of a message as the ledger stores them: JSON, and back."""

from __future__ import annotations

import json
import types
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from controller.ledger.messages.kind import MessageKind
from controller.ledger.messages.message import MESSAGES, Message


def facts_to_json(message: Message) -> str:
    """The fields of a message as JSON: the same text for equal messages. Fields that are None are left out."""
    return json.dumps(_plain(message), sort_keys=True)


def message_of(kind: MessageKind, facts: str) -> Message:
    """The message that ``facts_to_json`` wrote. Raises ValueError, KeyError or TypeError for fields that do not fit its class."""
    message: Message = _read(MESSAGES[kind], json.loads(facts))
    return message


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(v) for f in fields(value) if (v := getattr(value, f.name)) is not None}
    return value.isoformat() if isinstance(value, datetime) else value


@cache
def _hints(cls: Any) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {f.name: hints[f.name] for f in fields(cls)}


def _read(hint: Any, value: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = (h for h in get_args(hint) if h is not type(None))
    if is_dataclass(hint):
        cls: Any = hint
        return cls(**{name: _read(of, value[name]) for name, of in _hints(cls).items() if name in value})
    if hint is datetime:
        return datetime.fromisoformat(value)
    return hint(value) if issubclass(hint, StrEnum) else value
