"""Which members of a job's description this code accounts for, at any depth: those of the model that it was written against.

The table is ``controller/data/described_members.json``, written from the pinned botocore by ``infra/service_models.py``.
SageMaker may describe more than that. Such a member is noticed in the answer's own JSON: botocore drops what its model lacks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "data"

UNACCOUNTED = "unaccounted members"  # beside the members of an answer: no member has a blank in its name
SHOWN_MAX, NAME_MAX = 10, 80

Members = Mapping[str, Any]
"""Name → the members inside, None for a plain value or a map of the user's, "time" for a time. A list is as its element."""


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
    """The version of botocore whose model the members are of."""
    return str(described()["botocore"])


def unaccounted(described: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of the members that are unknown to this code and say something, as ``ResourceConfig.Colour``; ten at most.

    An empty one says nothing: SageMaker shows empty lists, texts and objects where a request had nothing.
    """
    noted = described.get(UNACCOUNTED)
    if isinstance(noted, tuple):  # nothing that was read from JSON is one
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
    """A path as a message shows it: whoever answers chooses the name."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "?" for c in path)[:NAME_MAX]


def note_unaccounted(client: Any) -> None:
    """Let a boto3 client say which members of a description its model dropped. Other clients drop none."""
    events = getattr(getattr(client, "meta", None), "events", None)
    if events is not None:
        events.register("after-call.sagemaker.DescribeTrainingJob", _note, unique_id="spotwarden-unaccounted")


def _note(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    if http_response.status_code == 200:
        parsed[UNACCOUNTED] = unaccounted(json.loads(http_response.content))
