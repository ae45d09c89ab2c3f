"""In a mail from an SNS topic, other people's text adds no line and no link, and does not change the subject."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.ledger.messages.kind import MessageKind
from controller.notifications.block_kit import pages
from controller.notifications.messages.catalogue import describe
from controller.notifications.messages.storm import storm_head
from controller.notifications.messages.text import misdirected
from controller.notifications.parts import Part
from controller.notifications.plain_text import BODY_BYTES_MAX, SUBJECT_MAX, PlainMessage, plain_message
from tests.security.test_slack_text import HARMLESS, HOSTILE, WORDS, message, parts_of_card, parts_of_digest, whole

SUBJECT = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~][\x20-\x7e]*")
MAILED = (
    *HOSTILE,
    "x\n\nTo do: pay https://evil.example",
    "https://evil.example/a",
    "a\r\nBcc: x@evil.example",
    "x" * 5000,
    "www.evil.example/login",
    "\\\\evil.example\\share",
    "slack://open?team=T0",
    "ms-excel:ofe|u|https://evil.example",
    "tel:+1900",
)
SOME = ("x\n\nTo do: pay https://evil.example <b> *c*", "a\r\nBcc: x@evil.example", "\u202e`<https://evil.example|Job>` :tada:")
ADDRESS = re.compile(r"(?i)\b(?:https?|ftps?|mailto|javascript|data|file|tel|sms):|\b(?!s3:)[a-z][a-z0-9+-]*://|\bwww\.|\\\\")


def mailed(parts: tuple[Part, ...]) -> PlainMessage:
    found = plain_message(whole(pages(parts, native=False)), "111122223333 us-east-1")
    assert SUBJECT.fullmatch(found.subject)
    assert len(found.subject) <= SUBJECT_MAX
    assert 0 < len(found.body.encode()) <= BODY_BYTES_MAX
    assert not re.search(r"[^\n\x20-\x7e\xa0-\U0010ffff]", found.body)
    return found


def check(make: Any, word: str) -> None:
    """Check that there are no more lines and no more URLs than with a harmless word."""
    found, harmless = mailed(make(word)), mailed(make(HARMLESS))
    assert len(ADDRESS.findall(found.body)) == len(ADDRESS.findall(harmless.body))
    if len(word) < 200:  # a longer text needs another block
        assert len(found.body.splitlines()) <= len(harmless.body.splitlines())


@pytest.mark.parametrize("kind", list(MessageKind))
def test_every_kind_of_message_keeps_its_lines_and_its_addresses(kind: MessageKind) -> None:
    for word in SOME:
        check(lambda w: misdirected(describe(message(kind, w)), w, w).parts(), word)
    check(lambda w: storm_head(kind, [w] * 12, [], threads=False), SOME[0])


@pytest.mark.parametrize("make", [parts_of_card, parts_of_digest])
def test_a_digest_and_a_card_keep_their_lines_and_their_addresses(make: Any) -> None:
    for word in MAILED:
        check(make, word)


@settings(max_examples=10)
@given(st.one_of(WORDS, st.sampled_from(MAILED)))
def test_whatever_the_word_a_mail_is_within_the_limits_of_sns(word: str) -> None:
    check(lambda w: misdirected(describe(message(MessageKind.FLAGGED, w)), w, w).parts(), word)
