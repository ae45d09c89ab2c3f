"""A message as plain text has the same content as in Slack, keeps the limits of SNS, and has no links in other people's text."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.notifications.block_kit import Page, pages
from controller.notifications.console_links import job_links, link
from controller.notifications.mrkdwn import code, escaped, when
from controller.notifications.parts import Button, Buttons, Chart, Fields, Header, Number, Small, Table, Text
from controller.notifications.plain_text import BODY_BYTES_MAX, SUBJECT_MAX, plain_message, plain_text

AT = when(datetime(2026, 3, 2, 9, 5, tzinfo=UTC))
WHERE = "111122223333 us-east-1"


@pytest.mark.parametrize(
    ("mrkdwn", "text"),
    [
        (":repeat: *bert* is submitted again", "bert is submitted again"),
        ("*Why:* no capacity :tada: since " + AT, "Why: no capacity since 2026-03-02 09:05 UTC"),
        (
            "*To do:* " + link("https://wiki.acme.com/a?b=1&c=2", "About the rule a"),
            "To do: About the rule a <https://wiki.acme.com/a?b=1&c=2>",
        ),
        ("Requested by <@U01> for <!subteam^S01>", "Requested by the Slack user U01 for the Slack group S01"),
        (f"*{escaped('a_ *b* `c` ~d :tada: <e> & >f')}*", "a_ *b* 'c' ~d :tada: <e> & >f"),
        (escaped("> quoted"), "> quoted"),
        (code("s3://b/*/<x>:tada: y"), "s3://b/*/<x>:tada: y"),
        (escaped("arn:aws:sagemaker:us-east-1:1:training-job/x"), "arn:aws:sagemaker:us-east-1:1:training-job/x"),
        (escaped("spotwarden:deadline: soon"), "spotwarden:deadline: soon"),
        (escaped("see https://evil.example HTTP://e mailto:a@b"), "see https[:]//evil.example HTTP[:]//e mailto[:]a@b"),
        (code("https://evil.example"), "https[:]//evil.example"),
        (link("https://good.example", escaped("https://evil.example")), "https[:]//evil.example <https://good.example>"),
        (escaped("<https://evil.example|click>"), "<https[:]//evil.example|click>"),
        ("12:30 and 3 * 4", "12:30 and 3  4"),
    ],
)  # fmt: skip
def test_mrkdwn_becomes_plain_text(mrkdwn: str, text: str) -> None:
    assert plain_text(mrkdwn) == text


def test_every_part_of_a_message_is_in_its_text_and_buttons_are_not() -> None:
    parts = (
        Header("Spot training"), Text("*bert* ended"), Fields(("*Owner*\nada", "*Cost so far*\n$3")),
        Small(" · ".join(job_links("us-east-1", "bert"))),
        Buttons((Button(text="Stop", action_id="a", value="v"),)),
        Table(caption="By team", columns=("Team", "Spent"), rows=(("vision", Number(3.0, "$3")),)),
        Chart(title="Days", kind="bar", categories=("Mon",), series=(("spent", (3.0,)),), unit="$"),
    )  # fmt: skip
    [page] = pages(parts, native=False)
    body = plain_message(page).body
    for words in (
        "Spot training", "bert ended", "Owner\nada\nCost so far\n$3", "Job in SageMaker <https://us-east-1.console",
        "vision: Spent $3", "Mon: spent $3.00",
    ):  # fmt: skip
        assert words in body
    assert "Stop" not in body
    assert not re.search(r"[*`]|<(?!https:)", body)


def test_the_text_of_a_page_is_used_if_it_has_native_tables() -> None:
    [page] = pages((Text("*a*"), Table(caption="By team", columns=("Team", "Spent"), rows=(("vision", "$3"),))))
    assert plain_message(page).body == "a\nBy team\n• vision: Spent $3"


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("*bert* is submitted again", "Spotwarden: bert is submitted again (111122223333 us-east-1)"),
        ("*café* – 2 × ml.g5…", "Spotwarden: cafe - 2 x ml.g5... (111122223333 us-east-1)"),
        ("*训练*", "Spotwarden: ?? (111122223333 us-east-1)"),
        (f"{'a' * 58} {'b' * 40}", f"Spotwarden: {'a' * 58}... (111122223333 us-east-1)"),
        ("a" * 99, f"Spotwarden: {'a' * 59}... (111122223333 us-east-1)"),
    ],
)
def test_the_subject_is_short_ascii(title: str, subject: str) -> None:
    [page] = pages((Text(f"{title}\nmore"),))
    assert plain_message(page, WHERE).subject == subject
    assert len(subject) <= SUBJECT_MAX


def test_an_empty_message_is_a_dash() -> None:
    empty = plain_message(Page(text=" \u0000 ", blocks=()))
    assert (empty.subject, empty.body) == ("Spotwarden: -", "–")


@pytest.mark.parametrize("letter", ["x", "\u20ac", "\U0001f680"])
def test_a_long_text_is_cut_at_a_whole_character(letter: str) -> None:
    blocks: tuple[dict[str, Any], ...] = ({"type": "section", "text": {"type": "mrkdwn", "text": letter * 300_000}},)
    body = plain_message(Page(text="", blocks=blocks)).body
    assert BODY_BYTES_MAX - 200 < len(body.encode()) <= BODY_BYTES_MAX
    assert body.startswith(letter)
    assert body.endswith("\n… The rest does not fit into an SNS message.")


def test_no_control_or_half_character_is_left() -> None:
    text = "a\x00\x07\x1b[31m\x7f\x85\ud800\ufffe\uffffb\nc"
    page = Page(text="", blocks=({"type": "section", "text": {"type": "mrkdwn", "text": text}},))
    assert plain_message(page).body == "a[31mb\nc"
    json.dumps(plain_message(page).body).encode()
