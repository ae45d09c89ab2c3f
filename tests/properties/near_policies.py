"""Policy files that are almost valid, as JSON: each is a small valid file in which a few values were changed.

The new values are from other places of valid files, and from the limits of what keys accept, so that most files have only one
mistake. Tests use them to compare two readers of policy files.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from tests.properties.test_typos import files

MORE: Sequence[Mapping[str, Any]] = (
    {"defaults": {"mode": "enforce"}, "rules": [{"name": "a", "rule": "spot-required", "action": "stop"}]},
    {
        "rules": [
            {
                "name": "a", "rule": "spot-required", "mode": "enforce", "action": "stop", "share": "10%",
                "enforce_from": "2026-12-01", "surprise": {"jobs": 20, "of_last_day": "25%"},
            }
        ]
    },
    {
        "rules": [
            {
                "name": "a", "rule": "checkpoint-required", "mode": "enforce", "action": "repair",
                "repair": {"checkpoint": "s3://b/{team}/{tag:x}/", "allowed": {"r": "s3://b/"}, "tags": {"a": "b"}},
            }
        ]
    },
    {"checkpoints": {"ignore": ["*.onnx"]}, "labels": {"accounts": {"123456789012": "x"}}},
    {
        "rates": [
            {
                "usage_type": "USE1-Train:ml.g5.xlarge", "usd_per_hour": "1.5", "agreement": "savings-plan", "from": "2026-07-01",
                "region": "us-east-1",
            },
            {
                "instance_type": "ml.g5.xlarge", "region": "us-east-1", "market": "spot", "usd_per_hour": 1,
                "agreement": "private-pricing", "from": "2026-07-01", "until": "2026-08-01",
            },
            {
                "usage_type": "Spot_Training ml.g5.2xlarge", "region": "us-east-1", "usd_per_hour": 1,
                "agreement": "private-pricing", "from": "2026-07-01",
            },
        ]
    },
    {
        "waivers": [
            {
                "name": "w", "rule": "a", "match": "all", "reason": "x", "owner": "a", "ticket": "t",
                "expires": "2026-12-10T00:00:00+02:00",
            }
        ],
        "rules": [{"name": "a", "rule": "spot-required"}],
    },
)  # fmt: skip
LIMITS: Sequence[Any] = (
    0, 1, -1, 1.0, 2.0, 0.0, 1.5, 0.5, 0.99, 31, 501, 10**7, 10**7 + 1, 0.001, True, False, None, "", " ", "a", [], {}, "all",
    "0s", "1s", "59m", "60m", "1h", "3599s", "28d", "29d", "2419200s", "2419201s", "40320m", "40321m", "672h", "673h", "365d",
    "366d", "8760h", "8761h", "031h", "1w", "1h30m", "1 h", "0%", "0.0%", "100%", "100.0%", "100.1%", "10 %", "10.1234%",
    "2026-02-30", "2026-12-01", "2026-13-01", "0000-01-01", "2026-W01-1", "20261201", "2026-12-01T10:00:00Z",
    "2026-12-01T10:00:00", "2026-12-01 10:00Z", "2026-12-01T25:00Z", "20261201T100000Z", "2026-12-01T10+0200",
    "Europe/Berlinn", "Europe/Berlin", "08:00", "8:00", "24:00", "monday", "members", "same", "on-demand",
    ["same", "same"], ["equivalents", "equivalents"], ["on-demand"], ["same", {"subnets": ["subnet-0abc1234"] * 2}],
    ["same", {"instance_types": "ml.g5.xlarge"}, {"instance_types": ["ml.g5.xlarge"]}], ["a", "a"], "ml.nope", "ml.g5.xlarge",
    "s3://b", "s3://b/", "s3://b/{x}/", "s3://b/{team", "s3://b/}", "s3://b/{tag:}/", "s3://{team}/", "s3://B/",
    "s3://a/ s3://b/", "s3://b/\n", "a\n", "#ml", "ml", "C0123ABCD", "AWS:x", "aws:x", "ARN:x",
    "arn:aws:sns:us-east-1:111122223333:x", "arn:aws:sns:cn-north-1:111122223333:x", "arn:aws-cn:sns:us-east-1:111122223333:x",
    "arn:aws:sns:us-east-1:111122223333:x.fifo", "10000000", "10000000.00", "10000001", "0", "0.00", "1.0000001", "1.1000000",
    "0.000001", " 5 ", "$5", "123456789012", "has(VpcConfig)", "has(Nope)", "AlgorithmError: x", "ClientError: x",
    "AlgorithmError: ", "x" * 64, "x" * 101, "x" * 301, "x" * 501, "x" * 1024, "x" * 1025, "a/b", "*.onnx", "*", "**",
    "USE1-Train:ml.g5.xlarge", "Train:ml.g5.xlarge", "EUW1-Train:ml.g5.xlarge", "MARS1-Train:ml.g5.xlarge",
    "USE1-SpotTraining:ml.g5.xlarge", "USE1-Train:ml.nope.xlarge", "eu-west-1", "mars-1", "repair", "enforce", "é", "😀",
)  # fmt: skip
WHOLE_MAP = ("slack", "brakes", "labels")  # sections that alone make a valid file


class _TextLoader(yaml.SafeLoader):
    """A YAML loader that keeps dates as text, as editors do."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def near_policies(number: int, seed: int) -> Iterator[Mapping[str, Any]]:
    """A number of files; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    good = list(small_policies())
    values: defaultdict[str, list[Any]] = defaultdict(list)
    for one in good:
        for at, value in _walk(one):
            values[_key(at)].append(value)
    for _ in range(number):
        changed: Any = draw.choice(good)
        for _ in range(draw.choice((1, 1, 2, 3))):
            changed = _changed(draw, changed, values)
        if isinstance(changed, Mapping):
            yield changed


def small_policies() -> Iterator[dict[str, Any]]:
    """Valid files with one rule, one block or one section each."""
    for text in files().values():
        for section, value in yaml.load(text, _TextLoader).items():  # noqa: S506 - it is a SafeLoader
            if isinstance(value, list):
                yield from ({"version": 1, section: [one]} for one in value if section != "waivers")
            elif section != "version":
                yield {"version": 1, section: value, **({} if section in WHOLE_MAP else {"brakes": {"stops_per_hour": 1}})}
    yield from ({"version": 1, **one} for one in MORE)


def _changed(draw: random.Random, tree: Any, values: Mapping[str, list[Any]]) -> Any:
    at, value = draw.choice(list(_walk(tree)))
    match draw.choices(("limit", "same key", "other key", "without", "more"), (30, 20, 5, 15, 30))[0]:
        case "same key":
            return _with(tree, at, draw.choice(values[_key(at)] or [value]))
        case "other key":
            return _with(tree, at, draw.choice(values[draw.choice(list(values))]))
        case "without" if at:
            return _with(tree, at)
        case "more" if isinstance(value, dict):
            key = draw.choice(list(values))
            return _with(tree, at, {**value, key: draw.choice(values[key])})
        case "more" if isinstance(value, list) and value:
            return _with(tree, at, [*value, draw.choice(value)] if draw.random() < 0.5 else draw.sample(value, len(value)))
    return _with(tree, at, draw.choice(LIMITS))


def _walk(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield at, tree
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from _walk(value, (*at, key))


def _key(at: tuple[Any, ...]) -> str:
    return next((part for part in reversed(at) if isinstance(part, str)), "")


def _with(tree: Any, at: tuple[Any, ...], *value: Any) -> Any:
    """The tree with another value at a place, or without a value there."""
    if not at:
        return value[0] if value else {}
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(at) == 1 and not value:
        del copy[at[0]]
    else:
        copy[at[0]] = _with(tree[at[0]], at[1:], *value)
    return copy
