"""Waiting messages reach Slack: with one card per lineage, in order, many of one kind as one message, and none is lost."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from controller.ledger.intent import Announce, Intent, IntentResult
from controller.notifications.block_kit import Page
from controller.runtime.outbox.drain import drain
from controller.runtime.perform.perform import perform
from controller.runtime.ports.answers import Answer, Later, Refused, Unreachable
from controller.runtime.ports.outbox import Message, Post
from controller.runtime.tally import Tally
from tests import builders
from tests.builders import BEGIN, lineage_id
from tests.simulation.memory import MemoryOutbox
from tests.unit.runtime.slack_place import MINUTE, WHERE, Crash, Place, Slack


def test_the_first_message_of_a_lineage_posts_its_card_and_goes_into_the_thread() -> None:
    place = Place()
    place.say(1, "It moves.")
    drain(place.ports)
    [(_, none, card), (_, thread, reply)] = place.slack.posts
    assert (none, thread) == ("", "1")
    assert "*bert*" in card.text
    assert reply.text == f"It moves.{WHERE}"


def test_later_messages_are_replies_and_the_card_is_not_posted_again() -> None:
    place = Place()
    place.say(1, "one")
    place.say(2, "two")
    drain(place.ports)
    assert (len(place.texts(threads=False)), place.texts()) == (1, ["one", "two"])


def test_many_updates_of_one_card_are_one_edit() -> None:
    place = Place()
    place.say(1, "one")
    drain(place.ports)
    for number in range(2, 9):
        place.say(number, "")
    drain(place.ports)
    assert len(place.slack.edits) == 1
    assert place.outbox.channels() == []


def test_a_lineage_without_messages_has_no_card() -> None:
    place = Place()
    place.say(1, "")
    drain(place.ports)
    assert place.slack.calls == 0
    assert place.outbox.channels() == []


def test_the_person_who_has_to_act_is_mentioned_in_the_thread() -> None:
    place = Place()
    place.say(1, "It needs a person.", mention="S012AB3CD")
    place.say(2, "It needs a person.", root="vit", mention="U012AB3CD")
    drain(place.ports)
    assert place.texts() == ["<!subteam^S012AB3CD> It needs a person.", "<@U012AB3CD> It needs a person."]


def test_two_hundred_messages_of_one_kind_are_one_storm_message() -> None:
    place = Place()
    for number in range(200):
        place.say(number, f"*job-{number}* is submitted again", root=f"job-{number}", topic=f"resubmitting/job-{number}-r02")
    drain(place.ports)
    [head] = place.texts(threads=False)
    assert head.startswith(":cloud_with_lightning: *200 jobs are submitted again*: *job-0*")
    told = "\n".join(b["text"]["text"] for _, t, page in place.slack.posts if t for b in page.blocks)
    assert all(f"*job-{number}*" in told for number in range(200))
    assert place.outbox.channels() == []


def test_a_lineage_with_an_older_waiting_message_is_not_part_of_a_storm() -> None:
    place = Place()
    place.say(0, "first", root="job-3", topic="flagged/x")
    for number in range(20):
        place.say(number + 1, f"second of {number}", root=f"job-{number}", topic="gave-up", revision="781e8d1c6120", mode="warn")
    drain(place.ports)
    storm = next(page.text for _, thread, page in place.slack.posts if "19 jobs" in page.text)
    texts = [page.text.partition(WHERE)[0] for _, _, page in place.slack.posts]
    assert "*job-3*" not in storm
    assert WHERE.strip() in storm
    assert storm.endswith("mode warn, policy 781e8d1c6120")
    assert texts.index("first") < next(n for n, text in enumerate(texts) if text.startswith("second of 3\n"))


def test_a_job_name_cannot_mention_a_channel() -> None:
    place = Place()
    for number in range(12):
        place.say(number, "`&lt;!channel&gt;`", root=f"<!channel>{number}", topic="gave-up")
    drain(place.ports)
    assert not any("<!channel>" in json.dumps([page.text, *page.blocks]) for _, _, page in place.slack.posts)


def test_a_429_pauses_the_channel_for_as_long_as_slack_asks() -> None:
    place = Place(slack=Slack(answer=lambda: Later("429", 90)))
    place.say(1, "one")
    assert drain(place.ports).paused == (("#ml-spot", "429"),)
    place.slack.answer = lambda: None
    place.at += MINUTE
    drain(place.ports)
    assert place.slack.posts == []
    place.at += MINUTE
    drain(place.ports)
    assert place.texts() == ["one"]


def test_a_message_unsent_for_a_day_is_kept_for_the_digest() -> None:
    place = Place()
    old = place.say(1, "old news")
    place.at += timedelta(days=1, minutes=1)
    assert drain(place.ports).shelved == 1
    assert place.outbox.shelved("#ml-spot") == [old]
    assert place.slack.calls == 0


def test_a_workspace_without_charts_gets_plain_blocks_and_is_remembered() -> None:
    place = Place()
    chart = {"type": "data_table", "caption": "c", "rows": [[{"type": "raw_text", "text": "a"}]] * 2}
    plain = {"text": "the facts", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "the facts"}}]}

    def digest(number: int) -> None:
        native, key = json.dumps({"text": "t", "blocks": [chart]}), f"digest/day/{number}/#ml-spot/000"
        pages = json.dumps([json.dumps(plain)])
        place.outbox.put(Message(key=key, channel="#ml-spot", words=(), at=place.at, native=native, plain=pages))

    place.slack.answer = lambda: Refused("Slack says invalid_blocks") if place.slack.calls == 1 else None
    digest(1)
    drain(place.ports)
    drain(place.ports)
    assert place.texts(threads=False) == ["the facts"]
    assert place.ledger.block_support.blocks_refused_at() is not None
    digest(2)
    place.at += MINUTE
    drain(place.ports)
    drain(place.ports)
    assert (place.texts(threads=False), place.slack.calls) == (["the facts"] * 2, 3)


def test_through_a_webhook_each_message_is_posted_and_nothing_is_edited() -> None:
    place = Place(slack=Slack(threads=False))
    place.say(1, "one")
    place.say(2, "")
    drain(place.ports)
    assert (place.texts(threads=False), place.slack.edits) == (["one"], [])
    assert "|Job in SageMaker>" in place.slack.posts[0][2].text


def test_through_a_webhook_no_text_mentions_a_thread() -> None:
    place = Place(slack=Slack(threads=False))
    page = Page(text="Details are in the thread", blocks=({"type": "divider"},))
    place.outbox.put(Message(key="d/0", channel="#ml-spot", at=BEGIN, native=page.json, plain="[]", thread="digest/day"))
    for number in range(20):
        place.say(number, f"*job-{number}* is submitted again", root=f"job-{number}", topic=f"resubmitting/job-{number}-r02")
    drain(place.ports)
    told = "\n".join(page.json for _, _, page in place.slack.posts)
    assert ("Details are below" in told, "Details of each job are below" in told, "thread" in told) == (True, True, False)


def test_each_of_forty_owners_is_notified_in_a_storm() -> None:
    place = Place()
    for number in range(80):
        who = f"U{number % 40:08d}"
        place.say(number, f"job-{number} gave up", root=f"job-{number}", topic="gave-up", mention=who)
    drain(place.ports)
    told = json.dumps([page.blocks for _, _, page in place.slack.posts])
    assert [told.count(f"<@U{number:08d}>") for number in range(40)] == [1] * 40


def test_while_slack_is_slow_no_channel_takes_the_time_of_the_others() -> None:
    place = Place()

    def slow() -> None:
        place.at += timedelta(seconds=3)

    place.slack.answer = slow
    channels = [f"#team-{number}" for number in range(30)]
    for number, channel in enumerate(channels * 40):
        message = place.say(number, f"news {number}", root=f"job-{number}")
        place.outbox.sent(message)
        place.outbox.put(replace(message, key=f"{number}", channel=channel))
    for _ in range(30):
        drain(place.ports)
        place.at += MINUTE
    assert {channel for channel, _, _ in place.slack.posts} == set(channels)


class Forgetful(MemoryOutbox):
    """An outbox that cannot store the place of a post in #b."""

    def remember_post(self, channel: str, thread: str, post: Post, *, at: datetime) -> None:
        if channel == "#b":
            raise Unreachable("DynamoDB throttled")
        super().remember_post(channel, thread, post, at=at)


def test_a_channel_that_cannot_be_read_or_written_delays_no_other() -> None:
    place = Place(outbox=Forgetful())
    for number, channel in enumerate(("#a", "#b", "#c")):
        message = place.say(number, f"news for {channel}", root=f"job-{number}")
        place.outbox.sent(message)
        place.outbox.put(replace(message, key=f"{number}", channel=channel))
    with pytest.raises(Unreachable):
        drain(place.ports)
    assert place.texts() == ["news for #a", "news for #c"]


def test_while_slack_does_not_answer_a_channel_waits_longer_each_time() -> None:
    place = Place(slack=Slack(answer=lambda: Later("Slack says 500")))
    place.say(1, "one")
    for _ in range(8 * 60):
        place.at += MINUTE
        drain(place.ports)
    assert place.slack.calls < 80  # in the later hours 4 passes an hour, each with the card and the message without it
    place.slack.answer = lambda: None
    for _ in range(16):
        place.at += MINUTE
        drain(place.ports)
    assert place.texts() == ["one"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in (1, 2, 3))])
def test_ten_thousand_announcements_reach_a_slack_with_every_fault(seed: int) -> None:
    """Nothing is lost, a crash repeats at most one message, each lineage's messages are in order, and the number of calls is
    bounded.
    """
    rng = random.Random(seed)  # noqa: S311  (faults, not secrets)
    troubles: list[Answer | None] = [Later("429", 30), Later("Slack says 500"), Later("no answer"), Later("no JSON")]
    place = Place(slack=Slack(answer=lambda: rng.choice(troubles) if rng.random() < 0.2 else None))
    deaths = 0

    def crash() -> bool:
        nonlocal deaths
        crashed = rng.random() < 0.02
        deaths += crashed
        return crashed

    place.slack.crashes_after = crash
    topics = ("resubmitting", "gave-up", "flagged", "moving")
    for number in range(10_000):
        root = f"job-{number % 2500:04d}"
        said = Message(
            key=f"{root}/{number}", channel="#ml-spot", words=(f"{root} said {number:05d}",),
            at=BEGIN + timedelta(milliseconds=6 * number), topic=f"{topics[rng.randrange(4)]}/x", thread=str(lineage_id(root)),
        )  # fmt: skip
        place.outbox.put(said)
    for _ in range(24 * 60):
        place.at += MINUTE
        try:
            drain(place.ports)
        except Crash:
            continue
        if not place.outbox.channels():
            break
    heard: dict[str, list[str]] = defaultdict(list)
    for _, _, page in place.slack.posts:
        for block in page.blocks:
            for line in block.get("text", {}).get("text", "").splitlines():
                if " said " in line:
                    heard[line.split()[0]].append(line)
    said_lines = [line for lines in heard.values() for line in lines]
    assert len(set(said_lines)) == 10_000, "nothing is lost"
    assert all(list(dict.fromkeys(lines)) == sorted(set(lines)) for lines in heard.values()), "in order"
    heads = [page.text for _, thread, page in place.slack.posts if not thread]
    assert len(heads) - len(set(heads)) <= deaths, "a crash repeats one message at most"
    assert place.slack.calls < 2_000, "under a bounded number of calls"


def test_a_message_that_is_sent_once_a_day_reaches_each_channel_once_a_day() -> None:
    place, closed = Place(), []  # type: ignore[var-annotated]  # what the rows say

    def replace_ledger(of: Place) -> Any:
        lineages = SimpleNamespace(close=lambda lineage, intent, result, why: closed.append(why))
        halts = SimpleNamespace(halt=lambda: None)
        ledger = SimpleNamespace(lineages=lineages, halts=halts)
        return SimpleNamespace(outbox=of.outbox, policies=of, clock=of, ledger=ledger, tally=Tally())

    def perform_one(root: str, at: datetime) -> str:
        alarm = Announce(
            about=root, topic="flagged/really-written/warn", channel="#ml-spot", words=("No checkpoint.",),
            once_a_day="really-written",
        )  # fmt: skip
        intent, told = Intent(action=alarm, due_at=at), builders.lineage(lineage_id(root))
        assert perform(intent, told, replace_ledger(place), lambda *_: None) is IntentResult.DONE
        return closed[-1]

    answers = [perform_one(root, BEGIN + hours * timedelta(hours=1)) for hours, root in enumerate(("a", "b", "c"))]
    assert answers == ["", *["already sent today: the digest counts it"] * 2]
    perform_one("d", BEGIN + timedelta(days=1))
    assert [message.thread.split("/")[2] for message in place.outbox.waiting("#ml-spot", 9)] == ["a", "d"]
