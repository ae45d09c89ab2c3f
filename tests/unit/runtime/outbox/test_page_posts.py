"""A message or a card that Slack refuses is sent in another form, in parts, or set aside, and delays no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.notifications.block_kit import Page
from controller.runtime.outbox.drain import drain
from controller.runtime.ports.answers import Answer, Later, Refused
from controller.runtime.ports.outbox import Message, Post, WrongChannel
from tests.builders import BEGIN, lineage_id
from tests.simulation.memory import MemoryLedger
from tests.unit.runtime.slack_place import MINUTE, Place, Slack


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
    """A Slack whose first thread accepts no more replies."""

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


@pytest.mark.parametrize("form", ["plain", "native"])
@pytest.mark.parametrize(
    "refusal", [Refused("Slack says thread_not_found"), WrongChannel("Slack says restricted_action_thread_locked")]
)
def test_a_page_of_a_digest_whose_thread_is_gone_begins_a_new_thread(form: str, refusal: Answer) -> None:
    slack = LostThread()
    slack.refusal = refusal
    place = Place(slack=slack)
    pages = [json.dumps({"text": f"page {number}", "blocks": []}) for number in range(3)]
    for number, page in enumerate(pages):
        pieces: dict[str, str] = {"plain": page} if form == "plain" else {"native": page, "plain": json.dumps([page])}
        place.outbox.put(Message(key=f"digest/day/1/{number:03d}", channel="#ml-spot", at=BEGIN, thread="digest/day/1", **pieces))
    done = drain(place.ports)
    assert (done.set_aside, done.paused) == ((), ())
    assert [(thread, page.text) for _, thread, page in slack.posts] == [("", "page 0"), ("", "page 1"), ("2", "page 2")]


class NoCards(MemoryLedger):
    """A ledger with lineages from which no card can be made."""

    def load(self, lineage: LineageId) -> Lineage:
        raise LookupError("no card can be made")


def test_a_message_is_sent_without_a_thread_where_the_card_is_gone_and_no_other_can_be_posted() -> None:
    slack = LostThread()
    slack.refusal = Refused("Slack says thread_not_found")
    place = Place(slack=slack, ledger=NoCards())
    place.outbox.remember_post("#ml-spot", str(lineage_id("bert")), Post(channel_id="C1", ts="1"), at=BEGIN)
    slack.posts.append(("#ml-spot", "", Page(text="the card", blocks=())))
    place.say(1, "It moves.")
    done = drain(place.ports)
    assert (done.set_aside, [page.text.partition("\n")[0] for _, thread, page in slack.posts[1:] if not thread]) == (
        (),
        ["It moves."],
    )


@pytest.mark.parametrize(
    "answer", [Later("Slack says fatal_error"), Later("Slack says 500"), Later("SNS says AnErrorOfNextYear")]
)
def test_a_message_that_never_gets_an_answer_delays_no_other_for_more_than_some_minutes(answer: Later) -> None:
    place = picky(lambda _, page: "no answer" if "poison" in page.text else None)
    place.slack.answers["no answer"] = answer
    place.say(1, "poison")
    place.say(2, "after it")
    for number in range(3, 9):
        place.say(number, f"news {number}", root=f"job-{number}")
    told: set[float] = set()
    for _ in range(15):
        place.at += MINUTE
        before = len(place.texts())
        drain(place.ports)
        told |= {(place.at - BEGIN) / MINUTE} if len(place.texts()) > before else set()
    assert place.texts() == [f"news {number}" for number in range(3, 9)]
    assert max(told) <= 13
    place.slack.refuses = lambda _, page: None
    for _ in range(16):
        place.at += MINUTE
        drain(place.ports)
    assert place.texts()[-2:] == ["poison", "after it"]


def test_a_message_whose_blocks_slack_refuses_is_sent_as_text() -> None:
    place = picky(lambda _, page: "invalid_blocks" if page.blocks else None)
    place.say(1, "It moves.")
    done = drain(place.ports)
    assert (done.set_aside, place.texts()) == ((), ["It moves."])


@pytest.mark.parametrize(
    ("error", "calls"), [("msg_too_long", 2), ("invalid_blocks", 2), ("cant_update_message", 1), ("edit_window_closed", 1)]
)
def test_a_card_whose_new_blocks_slack_refuses_is_updated_as_text(error: str, calls: int) -> None:
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


def test_a_digest_page_that_is_too_long_does_not_delay_the_channel() -> None:
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


def test_a_card_that_slack_refuses_delays_none_of_its_messages() -> None:
    place = picky(lambda _, page: "an_error_of_next_year" if "no data yet" in page.text else None)
    place.say(1, "It moves.")
    assert (drain(place.ports).set_aside, place.texts(threads=False)) == ((), ["It moves."])


def test_a_message_that_slack_refuses_does_not_stop_the_others_of_its_storm() -> None:
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


@pytest.mark.parametrize("sick", [2, 5, 19])
def test_messages_that_never_get_an_answer_delay_no_other_however_many_they_are(sick: int) -> None:
    place = picky(lambda _, page: "503" if "sick" in page.text else None)
    place.slack.answers["503"] = Later("Slack says 503")
    for number in range(sick):
        place.say(number, f"sick {number}", root=f"sick-{number}")
    place.say(sick, "healthy")
    for _ in range(20):
        place.at += MINUTE
        drain(place.ports)
    assert "healthy" in place.texts()
    assert place.slack.calls < 12 * sick + 20


def test_a_message_that_never_gets_an_answer_does_not_delay_its_storm() -> None:
    place = picky(lambda _, page: "503" if "poison" in json.dumps(page.blocks) else None)
    place.slack.answers["503"] = Later("Slack says 503")
    for number in range(20):
        root = "poison" if number == 7 else f"job-{number}"
        place.say(number, f"{root} gave up", root=root, topic="gave-up")
    for _ in range(30):
        place.at += MINUTE
        drain(place.ports)
    told = json.dumps([page.text for _, _, page in place.slack.posts])
    assert all(told.count(f"job-{number} gave up") == 1 for number in range(20) if number != 7)


def test_messages_of_one_job_wait_some_hours_behind_one_without_an_answer() -> None:
    place = picky(lambda _, page: "503" if "poison" in page.text else None)
    place.slack.answers["503"] = Later("Slack says 503")
    place.say(1, "poison")
    place.say(2, "after it")
    told = []
    for _ in range(400):
        place.at += MINUTE
        drain(place.ports)
        told.append("after it" in place.texts())
    assert 360 <= told.index(True) < 380


def test_a_card_that_gets_no_answer_delays_its_messages_for_an_hour() -> None:
    place = picky(lambda _, page: "503" if "no data yet" in page.text else None)
    place.slack.answers["503"] = Later("Slack says 503")
    place.say(1, "It moves.")
    for _ in range(80):
        place.at += MINUTE
        drain(place.ports)
    assert place.texts(threads=False) == ["It moves."]


def test_a_page_of_a_storm_that_uses_up_the_time_of_a_pass_delays_no_other_for_a_day() -> None:
    class Slow(PickySlack):
        def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
            place.at += timedelta(seconds=26 if "silent" in json.dumps(page.blocks) else 0)
            return super().post(channel, page, thread_ts=thread_ts)

    place = Place(slack=Slow())
    place.slack.refuses = lambda _, page: "silence" if "silent" in json.dumps(page.blocks) else None
    place.slack.answers["silence"] = Later("Slack did not answer: TimeoutError")
    for number in range(20):
        place.say(number, "silent" if number == 7 else "it gave up", root=f"job-{number}", topic="gave-up")
    place.at += MINUTE
    drain(place.ports)
    place.say(120, "healthy", root="other")
    for _ in range(20 * 60):
        place.at += MINUTE
        drain(place.ports)
    assert "healthy" in place.texts()


@pytest.mark.parametrize("silent", [6, 25])
def test_messages_that_use_up_the_time_of_a_pass_or_are_many_delay_no_other_for_a_day(silent: int) -> None:
    class Slow(PickySlack):
        def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
            place.at += timedelta(seconds=5 if "silent" in page.text else 0)
            return super().post(channel, page, thread_ts=thread_ts)

    place = Place(slack=Slow())
    place.slack.refuses = lambda _, page: "silence" if "silent" in page.text else None
    place.slack.answers["silence"] = Later("Slack did not answer: TimeoutError")
    for number in range(silent):
        place.say(number, f"silent {number}", root=f"silent-{number}", topic="")
    place.say(silent, "healthy", root="healthy", topic="")
    for hour in range(240):
        place.at = BEGIN + hour * MINUTE if place.at < BEGIN + hour * MINUTE else place.at
        drain(place.ports)
    assert "healthy" in place.texts()


def test_a_digest_page_without_an_answer_is_set_aside_after_a_day_once_slack_takes_others() -> None:
    place = picky(lambda _, page: "503" if "poison" in page.text else None)
    place.slack.answers["503"] = Later("Slack says 503")
    page = json.dumps({"text": "poison", "blocks": []})
    place.outbox.put(Message(key="digest/day/1/000", channel="#ml-spot", at=BEGIN, plain=page))
    place.at += timedelta(hours=25)
    drain(place.ports)
    assert place.outbox.aside() == []  # perhaps Slack is down
    place.at += timedelta(minutes=20)
    place.say(25 * 3600, "news")
    drain(place.ports)
    assert [kept.refused_why for kept in place.outbox.aside()] == ["no answer for a day: Slack says 503"]


def test_messages_for_a_channel_that_slack_refuses_go_to_the_default_channel() -> None:
    place = picky(lambda channel, _: "restricted_action_read_only_channel" if channel == "#read-only" else None)
    place.outbox.put(replace(place.say(1, "news"), key="other", channel="#read-only"))
    drain(place.ports)
    drain(place.ports)
    assert any("#read-only" in text and "news" in text for text in place.texts())
