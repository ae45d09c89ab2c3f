"""Waiting messages reach Slack: one card per lineage, in order, many of a kind as one, and none is lost."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from controller.ledger.intent import Announce, Intent, IntentResult
from controller.notifications.block_kit import Page
from controller.runtime.drain import drain
from controller.runtime.outbox import WrongChannel
from controller.runtime.perform import perform
from controller.runtime.ports import Answer, Done, Home, Later, Message, Post, Refused, Unreachable
from tests import builders
from tests.builders import BEGIN, lineage_id
from tests.simulation.memory import MemoryLedger, MemoryOutbox
from tests.slack_limits import broken

MINUTE = timedelta(minutes=1)
WHERE = "\naccount 111122223333 · us-east-1"  # below every message of a job


class Crash(Exception):
    """The function was killed."""


@dataclass
class Slack:
    """A workspace that keeps what it is told; ``answer`` may be something else than a yes, before or after it kept it."""

    posts: list[tuple[str, str, Page]] = field(default_factory=list)
    edits: list[tuple[str, Page]] = field(default_factory=list)
    calls: int = 0
    threads: bool = True
    answer: Callable[[], Answer | None] = lambda: None
    crashes_after: Callable[[], bool] = lambda: False

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        self.calls += 1
        refused = self.answer()
        if refused is not None:
            return refused
        assert broken(page.text, page.blocks) == []
        self.posts.append((channel, thread_ts, page))
        if self.crashes_after():
            raise Crash
        return Done(f"C1/{len(self.posts)}")

    def update(self, post: Post, page: Page) -> Answer:
        self.calls += 1
        refused = self.answer()
        if refused is None:
            self.edits.append((post.ts, page))
        return refused or Done()


@dataclass
class Place:
    """The ports of a drain; the clock stands still until the test moves it."""

    slack: Slack = field(default_factory=Slack)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    at: datetime = BEGIN
    policy: Any = field(default_factory=builders.policy)
    home: Home = field(default_factory=lambda: Home(account="111122223333", region="us-east-1"))
    click_address: Callable[[], str] = str

    @property
    def ports(self) -> Any:
        return self

    @property
    def chat(self) -> Slack:
        return self.slack

    @property
    def clock(self) -> Any:
        return self

    @property
    def policies(self) -> Any:
        return self

    def now(self) -> datetime:
        return self.at

    def current(self) -> Any:
        return self.policy

    def say(self, number: int, words: str, *, root: str = "bert", topic: str = "moving/x", **changes: Any) -> Message:
        said = Message(
            key=f"{root}/{number}", channel="#ml-spot", words=(words,) if words else (), at=BEGIN + number * timedelta(seconds=1),
            topic=topic, thread=str(lineage_id(root)), **changes,
        )  # fmt: skip
        self.outbox.put(said)
        return said

    def texts(self, *, threads: bool = True) -> list[str]:
        return [page.text.partition(WHERE)[0] for _, thread, page in self.slack.posts if bool(thread) == threads]


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


def test_through_a_webhook_nothing_speaks_of_a_thread() -> None:
    place = Place(slack=Slack(threads=False))
    page = Page(text="Details are in the thread", blocks=({"type": "divider"},))
    place.outbox.put(Message(key="d/0", channel="#ml-spot", at=BEGIN, native=page.json, plain="[]", thread="digest/day"))
    for number in range(20):
        place.say(number, f"*job-{number}* is submitted again", root=f"job-{number}", topic=f"resubmitting/job-{number}-r02")
    drain(place.ports)
    told = "\n".join(page.json for _, _, page in place.slack.posts)
    assert ("Details are below" in told, "Details of each job are below" in told, "thread" in told) == (True, True, False)


@dataclass
class PickySlack(Slack):
    """A Slack that refuses each post for which ``refuses`` gives an error."""

    answers: dict[str, Answer] = field(default_factory=dict)
    refuses: Callable[[str, Page], str | None] = lambda channel, page: None

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        error = self.refuses(channel, page)
        if error is None:
            return super().post(channel, page, thread_ts=thread_ts)
        self.calls += 1
        if error in self.answers:
            return self.answers[error]
        return (WrongChannel if error in ("is_archived", "restricted_action_read_only_channel") else Refused)(
            f"Slack says {error}"
        )

    def update(self, post: Post, page: Page) -> Answer:
        error = self.refuses("edit", page)
        if error is None:
            return super().update(post, page)
        self.calls += 1
        return Refused(f"Slack says {error}")


def picky(refuses: Callable[[str, Page], str | None]) -> Any:
    slack = PickySlack()
    slack.refuses = refuses
    return Place(slack=slack)


@pytest.mark.parametrize("error", ["invalid_blocks", "invalid_arguments", "an_error_of_next_year"])
def test_a_message_that_slack_refuses_in_every_form_delays_no_other(error: str) -> None:
    place = picky(lambda _, page: error if "poison" in page.text else None)
    place.say(1, "poison")
    for number in range(2, 9):
        place.say(number, f"news {number}", root=f"job-{number}")
    done = drain(place.ports)
    assert (done.set_aside, done.paused) == ((("#ml-spot", "bert/1", f"Slack says {error}"),), ())
    assert place.texts() == [f"news {number}" for number in range(2, 9)]
    [kept] = place.outbox.aside()
    assert (kept.words, kept.refused_why) == (("poison",), f"Slack says {error}")
    assert place.outbox.waiting("#ml-spot", 9) == []


class LostThread(Slack):
    """A Slack in which nobody can answer in the first thread any more."""

    refusal: Answer = Refused("")

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        return self.refusal if thread_ts == "1" and self.posts else super().post(channel, page, thread_ts=thread_ts)


@pytest.mark.parametrize(
    "refusal",
    [
        Refused("Slack says thread_not_found"), Refused("Slack says cannot_reply_to_message"),
        WrongChannel("Slack says restricted_action_thread_locked"),
    ],
)  # fmt: skip
def test_where_a_thread_is_gone_or_locked_the_lineage_gets_a_new_one_in_its_channel(refusal: Answer) -> None:
    slack = LostThread()
    slack.refusal = refusal
    place = Place(slack=slack)
    place.say(1, "It moves.")
    done = drain(place.ports)
    assert (done.set_aside, done.paused, place.texts()) == ((), (), ["It moves."])
    assert [(channel, thread) for channel, thread, _ in slack.posts] == [("#ml-spot", ""), ("#ml-spot", ""), ("#ml-spot", "2")]


def test_a_message_whose_blocks_slack_refuses_is_sent_as_text() -> None:
    place = picky(lambda _, page: "invalid_blocks" if page.blocks else None)
    place.say(1, "It moves.")
    done = drain(place.ports)
    assert (done.set_aside, place.texts()) == ((), ["It moves."])


@pytest.mark.parametrize(
    ("error", "calls"), [("msg_too_long", 2), ("invalid_blocks", 2), ("cant_update_message", 1), ("edit_window_closed", 1)]
)
def test_a_card_whose_new_blocks_slack_refuses_is_brought_up_to_date_as_text(error: str, calls: int) -> None:
    place = picky(lambda channel, page: error if channel == "edit" and page.blocks else None)
    place.say(1, "one")
    drain(place.ports)
    before = place.slack.calls
    place.say(2, "")
    done = drain(place.ports)
    assert (place.slack.calls - before, len(place.slack.edits), done.set_aside) == (calls, calls - 1, ())


def test_a_message_that_is_too_long_is_sent_in_parts() -> None:
    place = picky(lambda _, page: "msg_blocks_too_long" if len(page.blocks) > 1 else None)
    place.say(1, "It moves.")
    assert drain(place.ports).set_aside == ()
    assert "It moves." in place.texts()
    assert all(len(page.blocks) <= 1 for _, _, page in place.slack.posts)


def test_a_digest_page_that_is_too_long_does_not_hold_up_the_channel() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 100}}
    page = json.dumps({"text": "digest", "blocks": [section] * 40})
    place = picky(lambda _, page: "msg_blocks_too_long" if len(page.blocks) > 10 else None)
    place.outbox.put(Message(key="digest/day/1/#ml-spot/000", channel="#ml-spot", at=BEGIN, plain=page))
    place.say(2, "news")
    assert (drain(place.ports).set_aside, place.texts()[-1]) == ((), "news")
    assert sum(len(page.blocks) for _, _, page in place.slack.posts if "xxx" in json.dumps(page.blocks)) == 40


@pytest.mark.parametrize("answer", [Later("Slack says 500"), Refused("Slack says an_error_of_next_year")])
def test_the_second_half_of_a_message_that_is_too_long_is_not_lost(answer: Answer) -> None:
    refuses = True

    def halves_at_most(_: str, page: Page) -> str | None:
        second = "second" in page.text and "first" not in page.text
        return "msg_blocks_too_long" if len(page.blocks) > 1 else "later" if second and refuses else None

    place = picky(halves_at_most)
    place.slack.answers["later"] = answer
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in ("first", "second")]
    page = json.dumps({"text": "first\nsecond", "blocks": sections})
    place.outbox.put(Message(key="digest/day/1/#ml-spot/000", channel="#ml-spot", at=BEGIN, plain=page))
    drain(place.ports)
    refuses = False
    for _ in range(3):
        place.at += MINUTE
        drain(place.ports)
        for message in place.outbox.aside():
            place.outbox.redrive(message, at=place.at)
    posted = [(block["text"]["text"], thread) for _, thread, page in place.slack.posts for block in page.blocks]
    assert posted == [("first", ""), ("second", "1")]


def test_a_card_that_slack_refuses_holds_up_none_of_its_messages() -> None:
    place = picky(lambda _, page: "an_error_of_next_year" if "no data yet" in page.text else None)
    place.say(1, "It moves.")
    assert (drain(place.ports).set_aside, place.texts(threads=False)) == ((), ["It moves."])


def test_one_message_that_slack_refuses_takes_no_other_of_its_storm_with_it() -> None:
    place = picky(lambda _, page: "an_error_of_next_year" if "poison" in page.text else None)
    for number in range(20):
        root = "poison" if number == 7 else f"job-{number}"
        place.say(number, f"{root} gave up", root=root, topic="gave-up")
    for _ in range(3):
        place.at += MINUTE
        drain(place.ports)
    told = json.dumps([page.text for _, _, page in place.slack.posts])
    assert [kept.key for kept in place.outbox.aside()] == ["poison/7"]
    assert all(f"job-{number} gave up" in told for number in range(20) if number != 7)


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


def test_a_channel_that_cannot_be_read_or_written_holds_up_no_other() -> None:
    place = Place()
    for number, channel in enumerate(("#a", "#b", "#c")):
        message = place.say(number, f"news for {channel}", root=f"job-{number}")
        place.outbox.sent(message)
        place.outbox.put(replace(message, key=f"{number}", channel=channel))
    remember = place.outbox.remember_post

    def remember_or_not(channel: str, *post: Any, **changes: Any) -> None:
        if channel == "#b":
            raise Unreachable("DynamoDB throttled")
        remember(channel, *post, **changes)

    place.outbox.remember_post = remember_or_not  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        drain(place.ports)
    assert place.texts() == ["news for #a", "news for #c"]


def test_a_channel_that_slack_refuses_hands_its_messages_on_to_the_default_channel() -> None:
    place = picky(lambda channel, _: "restricted_action_read_only_channel" if channel == "#read-only" else None)
    place.outbox.put(replace(place.say(1, "news"), key="other", channel="#read-only"))
    drain(place.ports)
    drain(place.ports)
    assert any("#read-only" in text and "news" in text for text in place.texts())


def test_while_slack_does_not_answer_a_channel_waits_longer_and_longer() -> None:
    place = Place(slack=Slack(answer=lambda: Later("Slack says 500")))
    place.say(1, "one")
    for _ in range(8 * 60):
        place.at += MINUTE
        drain(place.ports)
    assert place.slack.calls < 50
    place.slack.answer = lambda: None
    for _ in range(16):
        place.at += MINUTE
        drain(place.ports)
    assert place.texts() == ["one"]


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


def test_a_channel_hears_of_what_is_said_once_a_day_once_a_day() -> None:
    place, closed = Place(), []  # type: ignore[var-annotated]  # what the rows say

    def replace_ledger(of: Place) -> Any:
        lineages = SimpleNamespace(close=lambda lineage, intent, result, why: closed.append(why))
        halts = SimpleNamespace(halt=lambda: None)
        return SimpleNamespace(outbox=of.outbox, policies=of, clock=of, ledger=SimpleNamespace(lineages=lineages, halts=halts))

    def perform_one(root: str, at: datetime) -> str:
        alarm = Announce(
            about=root, topic="flagged/really-written/warn", channel="#ml-spot", words=("No checkpoint.",),
            once_a_day="really-written",
        )  # fmt: skip
        intent, told = Intent(action=alarm, due_at=at), builders.lineage(lineage_id(root))
        assert perform(intent, told, replace_ledger(place), lambda *_: None) is IntentResult.DONE
        return closed[-1]

    answers = [perform_one(root, BEGIN + hours * timedelta(hours=1)) for hours, root in enumerate(("a", "b", "c"))]
    assert answers == ["", *["said once today: the digest counts it"] * 2]
    perform_one("d", BEGIN + timedelta(days=1))
    assert [message.thread.split("/")[2] for message in place.outbox.waiting("#ml-spot", 9)] == ["a", "d"]
