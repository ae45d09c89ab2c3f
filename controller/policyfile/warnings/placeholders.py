"""Warns about values that look like placeholders from an example: a Slack channel, a tag, an ID, a bucket."""

from __future__ import annotations

import re
from collections.abc import Iterator

from controller.policy.sns_topic import is_topic
from controller.policyfile.problem import Path, Problem, quoted
from controller.policyfile.warnings.placed_warning import Whole, warning_at
from controller.policyfile.yaml_nodes import Tree

CODE = "placeholder"
LENGTH_MAX = 200  # characters; placeholders are not longer
WORD = re.compile(
    r"(?i)(^|[^a-z0-9])(your|my|some|change[-_ ]?(me|it|this)|replace([-_ ]?(me|it|this))?|todo|tbd|fixme|xxx+|foo|bar|foobar|baz"
    r"|example|placeholder|dummy|insert|lorem|name[-_ ]?here"
    r"|(team|user|bucket|channel|project|owner|role|account|prefix)[-_ ]?name"
    r"|s3-demo-bucket[0-9]?)($|[^a-z0-9])|<[^<>]*>|\$\{|\{\{"
)
NAME_OF_A_VALUE = re.compile(r"[A-Z]+(_[A-Z]+)+|(TEAM|USER|BUCKET|CHANNEL|PROJECT|OWNER|ROLE|ACCOUNT|VALUE|TAG)")
BUCKET_ALONE = re.compile(r"s3://(bucket|path|prefix)(/.*)?")
EXAMPLE_HOST = re.compile(r"https?://([^/]*\.)?example\.(com|org|net)(/.*)?", re.IGNORECASE)
UNWRITTEN = re.compile(r"(?i)(^|[^a-z0-9])(todo|tbd|fixme|xxx+|change[-_ ]?me|placeholder|lorem)($|[^a-z0-9])|<[^<>]*>|\$\{|\{\{")
CHANNEL_ALONE = re.compile(r"(?i)#?(channel|general|random|test|name|slack|slack-channel)")
CHANNEL = re.compile(r"#[^\s#A-Z]{1,80}|[CGD][A-Z0-9]{5,}")  # Slack's channel names are in lower case
SLACK_ID = re.compile(
    r"[CGUWS]0?(123456789|12345678|1234567|123456|12345|0+|X+|123ABC(D(EF?)?)?|ABCD?E?F?(GHI?J?)?)[0-9A-Z]{0,3}"
)
ACCOUNT = re.compile(r"(\d)\1{11}|123456789012|012345678901")
PLACEHOLDER = re.compile(r"(?<!\{)\{(team|family|job|tag:[^{}]*)\}")  # in a checkpoint template
IDS = ("people", "may", "read")
PLACES = ("channel", "channels", "people", "may", "tags", "account", "role", "under", "checkpoint", "allowed", "team", "user",
          "team_of_role", "subnets", "reason", "owner", "ticket", "docs")  # fmt: skip
FREE_KEYS = ("tags", "channels", "people", "team_of_role")  # maps with keys that the authors choose


def looks_like_a_placeholder(whole: Whole) -> Iterator[Problem]:
    for tree in whole.trees:
        for path in tree.values:
            text = tree.at_path(path)
            if not isinstance(text, str) or len(text) > LENGTH_MAX or not _in_a_place(path):
                continue
            if "waivers" in path and path[-1] == "reason":  # a sentence may contain words such as "my" and "some"
                if UNWRITTEN.search(text):
                    found = f"{quoted(text)}, which looks like a placeholder"
                    yield warning_at(tree, path, CODE, found=found, wanted="the reason of the waiver")
            elif path[-1] == "docs":
                if EXAMPLE_HOST.fullmatch(text):
                    yield warning_at(tree, path, CODE, found=f"{quoted(text)}, which is an example", wanted="a page of your own")
            elif _is_channel(path):
                yield from _of_channel(tree, path, text)
            elif _unfinished(text, path):
                wanted = "a value of your own"
                yield warning_at(tree, path, CODE, found=f"{quoted(text)}, which looks like a placeholder", wanted=wanted)
        for path in tree.keys:
            if len(path) > 1 and path[-2] in FREE_KEYS and isinstance(path[-1], str) and WORD.search(path[-1]):
                found = f"{quoted(path[-1])}, which looks like a placeholder"
                yield warning_at(tree, path, CODE, found=found, wanted="a word of your own", key=True)


def _of_channel(tree: Tree, path: Path, text: str) -> Iterator[Problem]:
    if is_topic(text):
        _, _, _, _, account, name = text.split(":")  # validation has checked its form
        if ACCOUNT.fullmatch(account) or WORD.search(name):
            found = f"{quoted(text)}, which looks like a placeholder"
            yield warning_at(tree, path, CODE, found=found, wanted="the ARN of a topic of your own")
    elif CHANNEL.fullmatch(text) is None:
        wanted = 'a channel such as "#ml-spot", its id, or the ARN of an SNS topic'
        yield warning_at(tree, path, CODE, found=f"{quoted(text)}, which is not a Slack channel", wanted=wanted)
    elif WORD.search(text) or CHANNEL_ALONE.fullmatch(text) or SLACK_ID.fullmatch(text):
        found = f"{quoted(text)}, which looks like a placeholder"
        yield warning_at(tree, path, CODE, found=found, wanted="a channel of your own workspace")


def _is_channel(path: Path) -> bool:
    return path[-1] == "channel" or (len(path) > 1 and path[-2] == "channels")


def _in_a_place(path: Path) -> bool:
    return any(part in PLACES for part in path)


def _unfinished(text: str, path: Path) -> bool:
    if any(part in IDS for part in path) and SLACK_ID.fullmatch(text):
        return True
    if "account" in path and ACCOUNT.fullmatch(text):
        return True
    if NAME_OF_A_VALUE.fullmatch(text) or BUCKET_ALONE.fullmatch(text):
        return True
    return WORD.search(PLACEHOLDER.sub("", text)) is not None
