"""The Slack adapter speaks real HTTP to a local Slack, and takes every answer of it calmly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from slack_sdk.models.blocks import Block

from controller.adapters.slack import LINES_MAX, SlackChat, blocks_of, text_of
from controller.shell.ports import Done, Later, Message, Refused
from infra.local.slack import Slack, Trouble

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TITLE = ":repeat: *bert* starved; it is submitted again"


def message(*words: str, channel: str = "#ml-spot") -> Message:
    return Message(key="k", channel=channel, words=words or (TITLE, "Next attempt `bert-r02`.", "_team `nlp`_"), at=NOW)


@pytest.fixture
def slack() -> Iterator[Slack]:
    served = Slack(clock=lambda: NOW, token="xoxb-test").serve()
    yield served
    served.close()


def chat(slack: Slack, token: str = "xoxb-test") -> SlackChat:
    return SlackChat(lambda: token, f"{slack.url}/api/")


def test_a_message_arrives_with_text_and_blocks(slack: Slack) -> None:
    assert isinstance(chat(slack).send(message()), Done)
    [posted] = slack.messages
    assert posted.channel == "#ml-spot"
    assert posted.text.startswith(TITLE)
    assert [b["type"] for b in posted.blocks] == ["section", "section", "context"]


def test_a_429_is_later_and_carries_the_seconds_that_slack_asks_for(slack: Slack) -> None:
    slack.paced = True
    chat(slack).send(message())
    assert chat(slack).send(message()) == Later("Slack asks for patience (429)", 1)


@pytest.mark.parametrize("trouble", Trouble)
def test_a_slack_that_is_down_or_talks_nonsense_is_later(slack: Slack, trouble: Trouble) -> None:
    slack.trouble = trouble
    answer = chat(slack).send(message())
    assert isinstance(answer, Later)
    assert "Slack" in answer.why


def test_a_slack_that_is_not_there_is_later() -> None:
    answer = SlackChat(lambda: "xoxb-test", "http://127.0.0.1:9/api/").send(message())
    assert isinstance(answer, Later)


def test_an_unknown_channel_is_refused_by_name(slack: Slack) -> None:
    slack.channels = {"#ml-spot"}
    assert chat(slack).send(message(channel="#nowhere")) == Refused("Slack says channel_not_found")


def test_a_wrong_token_waits_since_an_operator_can_mend_it(slack: Slack) -> None:
    assert chat(slack, token="xoxb-wrong").send(message()) == Later("Slack says invalid_auth")


def test_a_message_of_a_thousand_lines_is_cut_aloud() -> None:
    long = message(*(f"line {n}" for n in range(1000)))
    assert len(blocks_of(long)) == LINES_MAX
    assert text_of(long).splitlines()[-1] == f"… and {1000 - LINES_MAX + 1} more lines"


def test_every_block_is_one_that_slack_sdk_knows_and_validates() -> None:
    for block in blocks_of(message(TITLE, "x" * 9000, "_small print_")):
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
