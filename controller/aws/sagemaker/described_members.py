"""Knows which members of a job's description this code accounts for, at any depth: those of the botocore model it is pinned to.

The table is ``controller/data/described_members.json``, written from the pinned botocore by ``infra/service_models.py``. A
description may have newer members. They are noticed in the JSON of the answer, because botocore drops what its model lacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "data"

UNACCOUNTED = "unaccounted members"  # added to the members of an answer: no member of AWS has a blank in its name
SHOWN_MAX, NAME_MAX = 10, 80

Members = Mapping[str, Any]
"""Name → the members inside; None for a plain value or a map of the user's; "time" for a time. Those of a list's elements."""


@cache
def described() -> Mapping[str, Any]:
    """The table: read once per process, on first use."""
    found: Mapping[str, Any] = json.loads((DATA / "described_members.json").read_text("utf-8"))
    return found


def described_members() -> Members:
    """The members of DescribeTrainingJob's answer."""
    found: Members = described()["members"]
    return found


def described_under() -> str:
    """The version of botocore from whose model the table was written."""
    return str(described()["botocore"])


def unaccounted(described: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of the members that this code does not know, such as ``ResourceConfig.Colour``; ten at most.

    Empty ones do not count: SageMaker shows empty lists, texts and objects where a request had nothing.
    """
    noted = described.get(UNACCOUNTED)
    if isinstance(noted, tuple):  # noted by the client: JSON has no tuples
        return noted
    found = _unknown({name: value for name, value in described.items() if name not in AROUND}, described_members(), "")
    return tuple(sorted({path for path, _ in zip(found, range(SHOWN_MAX), strict=False)}))


AROUND = frozenset({"ResponseMetadata", "Tags"})  # boto3's own, and what documents of other kinds add


def _unknown(value: Any, members: Any, path: str) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _unknown(one, members, path)
    elif isinstance(value, Mapping) and isinstance(members, Mapping):
        for name, inner in value.items():
            place = f"{path}.{name}" if path else str(name)
            if name in members:
                yield from _unknown(inner, members[name], place)
            elif says_something(inner):
                yield _plain(place)


def says_something(value: Any) -> bool:
    """Whether a value is more than an empty text, list or object, at any depth."""
    if isinstance(value, Mapping):
        return any(map(says_something, value.values()))
    if isinstance(value, list | tuple):
        return any(map(says_something, value))
    return value is not None and value != ""


def _plain(path: str) -> str:
    """A path without unusual characters, for messages: an unknown name may have any."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "?" for c in path)[:NAME_MAX]


def note_unaccounted(client: Any) -> None:
    """Let a boto3 client note in its answer which members of a description its model dropped. Other clients note them already."""
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is not None:
        events.register("after-call.sagemaker.DescribeTrainingJob", _note, unique_id="spotwarden-unaccounted")


def _note(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    if http_response.status_code == 200:
        parsed[UNACCOUNTED] = unaccounted(json.loads(http_response.content))
