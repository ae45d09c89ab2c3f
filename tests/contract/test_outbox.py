"""The Outbox port."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from controller.runtime.ports.outbox import Message, Outbox, Post
from tests.builders import BEGIN

MINUTE = timedelta(minutes=1)
HELLO = Message(key="a/announce/started/bert", channel="#ml", words=("It started.", "", "*details*"), at=BEGIN)


def message(number: int, channel: str = "#ml") -> Message:
    return Message(key=f"message/{channel}/{number:03d}", channel=channel, words=("…",), at=BEGIN + number * MINUTE)


def test_a_queued_message_waits_unchanged(outbox: Outbox) -> None:
    assert outbox.put(HELLO)
    assert outbox.waiting("#ml", 10) == [HELLO]


def test_a_message_is_queued_once(outbox: Outbox) -> None:
    assert outbox.put(HELLO)
    assert not outbox.put(HELLO)
    assert not outbox.put(replace(HELLO, at=BEGIN + MINUTE))
    assert outbox.waiting("#ml", 10) == [HELLO]


def test_a_message_that_was_sent_is_never_queued_again(outbox: Outbox) -> None:
    assert outbox.put(HELLO)
    outbox.sent(HELLO)
    assert not outbox.put(HELLO)
    assert outbox.waiting("#ml", 10) == []


def test_the_oldest_messages_of_a_channel_come_first_up_to_the_limit(outbox: Outbox) -> None:
    for number in (3, 1, 4, 0, 2):
        outbox.put(message(number))
    outbox.put(message(0, "#other"))
    assert outbox.waiting("#ml", 3) == [message(0), message(1), message(2)]
    assert outbox.waiting("#ml", 10) == [message(n) for n in range(5)]


def test_messages_of_the_same_time_all_wait(outbox: Outbox) -> None:
    same = [replace(message(n), at=BEGIN) for n in range(3)]
    for one in same:
        outbox.put(one)
    assert outbox.waiting("#ml", 10) == same


def test_the_channels_are_those_with_waiting_messages(outbox: Outbox) -> None:
    assert outbox.channels() == []
    for one in (message(1), message(2), message(1, "#other")):
        outbox.put(one)
    assert sorted(outbox.channels()) == ["#ml", "#other"]
    outbox.sent(message(1))
    outbox.sent(message(1, "#other"))
    assert outbox.channels() == ["#ml"]
    outbox.put(message(2, "#other"))
    assert sorted(outbox.channels()) == ["#ml", "#other"]


def test_sent_removes_only_that_message_and_may_be_repeated(outbox: Outbox) -> None:
    outbox.put(message(1))
    outbox.put(message(2))
    outbox.sent(message(1))
    outbox.sent(message(1))
    assert outbox.waiting("#ml", 10) == [message(2)]


def test_a_channel_has_one_sender_at_a_time(outbox: Outbox) -> None:
    outbox.put(HELLO)
    assert outbox.lease("#ml", now=BEGIN, until=BEGIN + MINUTE)
    assert not outbox.lease("#ml", now=BEGIN + timedelta(seconds=59), until=BEGIN + 2 * MINUTE)
    assert outbox.lease("#other", now=BEGIN, until=BEGIN + MINUTE)
    assert outbox.lease("#ml", now=BEGIN + MINUTE, until=BEGIN + 2 * MINUTE)


def test_a_paused_channel_is_not_leased_before_its_time(outbox: Outbox) -> None:
    outbox.put(HELLO)
    assert outbox.lease("#ml", now=BEGIN, until=BEGIN + MINUTE)
    outbox.pause("#ml", until=BEGIN + 5 * MINUTE)
    assert not outbox.lease("#ml", now=BEGIN + 4 * MINUTE, until=BEGIN + 6 * MINUTE)
    assert outbox.lease("#ml", now=BEGIN + 5 * MINUTE, until=BEGIN + 6 * MINUTE)


def test_a_pause_until_now_releases_the_lease(outbox: Outbox) -> None:
    assert outbox.lease("#ml", now=BEGIN, until=BEGIN + MINUTE)
    outbox.pause("#ml", until=BEGIN)
    assert outbox.lease("#ml", now=BEGIN, until=BEGIN + MINUTE)


def test_a_message_for_a_paused_channel_waits_and_does_not_end_the_pause(outbox: Outbox) -> None:
    outbox.pause("#ml", until=BEGIN + MINUTE)
    assert outbox.put(HELLO)
    assert outbox.channels() == ["#ml"]
    assert not outbox.lease("#ml", now=BEGIN, until=BEGIN + MINUTE)


# ── the place of a lineage's card, and messages that waited too long ───────────────────────────────────────────────────────────


def test_the_place_of_a_lineage_s_message_is_stored_per_channel(outbox: Outbox) -> None:
    outbox.remember_post("#ml", "a/b/bert/1", Post(channel_id="C1", ts="1.2"), at=BEGIN)
    assert outbox.post_of("#ml", "a/b/bert/1") == Post(channel_id="C1", ts="1.2")
    assert outbox.post_of("#other", "a/b/bert/1") is None
    assert outbox.post_of("#ml", "a/b/bert/2") is None


def test_a_shelved_message_no_longer_waits_and_is_listed_once(outbox: Outbox) -> None:
    outbox.put(HELLO)
    outbox.shelve(HELLO)
    assert outbox.waiting("#ml", 10) == []
    assert outbox.shelved("#ml") == [HELLO]
    outbox.unshelve([HELLO])
    assert outbox.shelved("#ml") == []


def test_a_shelved_message_is_never_queued_again(outbox: Outbox) -> None:
    outbox.put(HELLO)
    outbox.shelve(HELLO)
    assert not outbox.put(HELLO)


def test_a_message_keeps_all_its_fields(outbox: Outbox) -> None:
    whole = replace(HELLO, topic="flagged/a", thread="a/b/bert/1", mention="U012AB", native="[{}]", plain="[]")
    outbox.put(whole)
    assert outbox.waiting("#ml", 1) == [whole]


def test_a_message_that_was_set_aside_no_longer_waits_and_can_be_queued_again(outbox: Outbox) -> None:
    assert outbox.put(HELLO)
    outbox.set_aside(HELLO, "Slack says invalid_blocks")
    assert outbox.waiting("#ml", 10) == []
    assert not outbox.put(HELLO)
    [kept] = outbox.aside()
    assert (kept.key, kept.refused_why) == (HELLO.key, "Slack says invalid_blocks")
    outbox.redrive(kept, at=BEGIN + MINUTE)
    assert outbox.aside() == []
    [again] = outbox.waiting("#ml", 10)
    assert (again.words, again.at, again.refused_why) == (HELLO.words, BEGIN + MINUTE, "")


def test_the_key_of_a_message_does_not_grow_when_it_is_refused_and_queued_again_many_times(outbox: Outbox) -> None:
    outbox.put(HELLO)
    outbox.set_aside(HELLO, "Slack says invalid_blocks")
    for minute in range(3):
        [kept] = outbox.aside()
        outbox.redrive(kept, at=BEGIN + minute * MINUTE)
        [again] = outbox.waiting("#ml", 10)
        assert again.key == f"{HELLO.key}@{BEGIN + minute * MINUTE:%Y%m%dT%H%M%S}"
        outbox.set_aside(again, "Slack says invalid_blocks")
