"""A channel that is an SNS topic gets few messages of plain text; what it refuses goes to the default channel."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from controller.aws.dynamodb.items import UnreadableItem
from controller.decide.decision import Decision
from controller.decide.refresh_card import refresh_card
from controller.ledger.intent import Announce, Intent, RefreshCard
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.notifications.block_kit import Page, pages
from controller.notifications.parts import Table, Text
from controller.runtime.outbox.chat_by_channel import ChatByChannel
from controller.runtime.outbox.drain import PAUSE, drain
from controller.runtime.outbox.topic_batches import TOPIC_CALLS_MAX
from controller.runtime.ports.answers import Answer, Done, Later, Refused
from controller.runtime.ports.outbox import Message, WrongChannel
from tests import builders
from tests.builders import BEGIN, lineage_id
from tests.simulation.memory.ledger import MemoryLedger
from tests.topics import MemoryTopics
from tests.unit.runtime.slack_place import Place as SlackPlace
from tests.unit.runtime.slack_place import Slack

TOPIC = "arn:aws:sns:us-east-1:111122223333:vision"


class Answering(MemoryTopics):
    """SNS topics; a subclass may change their answers."""

    answer: Answer | None = None
    posts = 0

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        self.posts += 1
        return self.answer or super().post(channel, page)


class Place(SlackPlace):
    """The ports of a drain with a topic beside Slack."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.topics = Answering(known={TOPIC})

    @property
    def chat(self) -> Any:
        return ChatByChannel(self.slack, self.topics)

    def tell(self, number: int, words: str, *, root: str = "bert", **changes: Any) -> Message:
        given = {"channel": TOPIC, "topic": "moving/x", "thread": str(lineage_id(root))} | changes
        said = Message(key=f"{root}/{number}", words=(words,) if words else (), at=BEGIN + timedelta(seconds=number), **given)
        self.outbox.put(said)
        return said

    @property
    def bodies(self) -> list[str]:
        return [message.body for _, message in self.topics.told]


def test_a_message_is_one_text_with_its_place_its_links_and_commands_in_place_of_buttons() -> None:
    place = Place()
    place.tell(1, ":repeat: *bert* moves.", mention="U012AB3CD")
    assert drain(place.ports).sent == 1
    [body] = place.bodies
    assert body.startswith("bert moves.\n\naccount 111122223333 · us-east-1 · Job in SageMaker <https://us-east-1.console.aws.")
    assert "spotwarden explain bert --region us-east-1" in body
    assert "U012AB3CD" not in body
    assert place.slack.calls == 0
    assert place.outbox.channels() == []


def test_an_update_of_a_card_is_not_sent() -> None:
    place = Place()
    place.tell(1, "")
    assert (drain(place.ports).sent, place.topics.posts, place.outbox.channels()) == (0, 0, [])


def test_many_messages_of_one_kind_are_sent_as_one_with_the_text_of_each() -> None:
    place = Place()
    for number in range(12):
        place.tell(number, f"job {number} moves", root=f"job-{number}", mention="U012AB3CD")
    drain(place.ports)
    [body] = place.bodies
    assert "12 jobs are being moved" in body
    assert "Details of each job are below." in body
    assert all(f"job {number} moves" in body for number in range(12))
    assert "thread" not in body
    assert "U012AB3CD" not in body


def test_many_long_texts_are_several_messages_and_none_is_lost() -> None:
    place = Place()
    for number in range(60):
        place.tell(number, f"job-{number} " + "x" * 2500, root=f"job-{number}")
    drain(place.ports)
    assert len(place.bodies) == 2
    assert all(any(f"job-{number} x" in body for body in place.bodies) for number in range(60))


def test_a_digest_is_one_text_without_slack_s_tables() -> None:
    place = Place()
    parts = ((Text("*The day*"),), (Table(caption="By team", columns=("Team", "Spent"), rows=(("vision", "$3"),)),))
    for some, key in zip(parts, ("digest/day/x", "digest/day/x/thread"), strict=True):
        plain = json.dumps([page.json for page in pages(some, native=False)])
        for number, page in enumerate(pages(some)):
            place.tell(0, "", root=f"{key}/{number:03d}", thread="digest/day/x", native=page.json, plain=plain, topic="")
    drain(place.ports)
    assert place.bodies == ["The day\n\nBy team\n• vision: Spent $3"]
    assert place.outbox.channels() == []


def test_messages_of_one_lineage_keep_their_order() -> None:
    place = Place()
    for number in range(5):
        place.tell(number, f"step {number}", topic="")
    drain(place.ports)
    assert [body.split("\n")[0] for body in place.bodies] == [f"step {number}" for number in range(5)]


def test_few_messages_are_sent_in_one_pass_because_sns_suspends_a_subscription_that_gets_many() -> None:
    place = Place()
    for number in range(TOPIC_CALLS_MAX + 3):
        place.tell(number, f"step {number}", topic="")
    drain(place.ports)
    assert place.topics.posts == TOPIC_CALLS_MAX
    drain(place.ports)
    assert place.topics.posts == TOPIC_CALLS_MAX + 3


def test_messages_for_a_wrong_topic_go_to_the_default_channel() -> None:
    place = Place()
    place.topics.known.clear()
    place.tell(1, "It moves.")
    drain(place.ports)
    drain(place.ports)
    assert place.bodies == []
    assert "Meant for arn:aws:sns:us-east-1:111122223333:vision, where it was refused: SNS says NotFound" in place.texts()[0]
    assert place.outbox.channels() == []


def test_where_the_default_channel_is_the_wrong_topic_its_messages_wait_and_the_drain_says_so() -> None:
    place = Place(policy=builders.policy(channel=TOPIC))
    place.topics.known.clear()
    place.tell(1, "It moves.")
    found = drain(place.ports)
    assert [channel for channel, _ in found.paused] == [TOPIC]
    assert place.outbox.channels() == [TOPIC]
    place.topics.known.add(TOPIC)
    place.at += timedelta(hours=1)
    drain(place.ports)
    assert len(place.bodies) == 1


def test_no_message_is_lost_while_sns_does_not_answer() -> None:
    place = Place()
    place.topics.answer = Later("SNS says Throttling")
    place.tell(1, "It moves.")
    assert drain(place.ports).paused == ((TOPIC, "SNS says Throttling"),)
    place.topics.answer = None
    assert drain(place.ports).sent == 0
    place.at += PAUSE
    assert drain(place.ports).sent == 1


class Sick(Answering):
    """Topics that do not answer, or refuse, each text with the word sick."""

    sick: Answer = Later("SNS says InternalFailure")

    def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
        if "sick" in page.text:
            self.posts += 1
            return self.sick
        return super().post(channel, page)


@pytest.mark.parametrize("answer", [Later("SNS says InternalFailure"), Refused("SNS says InvalidParameter: Message")])
@pytest.mark.parametrize("at_fault", [0, 17, 33])
def test_one_message_at_fault_keeps_none_of_its_batch_back_and_costs_few_mails(answer: Answer, at_fault: int) -> None:
    place = Place()
    place.topics = Sick(known={TOPIC})
    place.topics.sick = answer
    for number in range(34):
        place.tell(number, f"job-{number}. {'sick' if number == at_fault else 'gives up'}", root=f"job-{number}")
    place.tell(40, "other moves", root="other", topic="")
    place.at += timedelta(minutes=11)
    for _ in range(3):
        place.at += timedelta(minutes=1)
        drain(place.ports)
    told = "\n".join(place.bodies)
    assert all(told.count(f"job-{number}. gives up") == 1 for number in range(34) if number != at_fault)
    assert "other moves" in told
    assert len(place.bodies) <= 8


def test_a_page_of_a_digest_that_gets_no_answer_delays_the_others_for_hours_and_not_for_ever() -> None:
    place = Place()
    place.topics = Sick(known={TOPIC})
    for number in range(6):
        page = json.dumps({"text": "sick" if number == 2 else f"page {number}", "blocks": []})
        place.tell(0, "", root=f"digest/day/x/{number:03d}", thread="digest/day/x", plain=page, topic="")
    for _ in range(380):
        place.at += timedelta(minutes=1)
        drain(place.ports)
    told = "\n".join(place.bodies)
    assert all(told.count(f"page {number}") == 1 for number in range(6) if number != 2)
    place.at += timedelta(days=1)
    place.tell(86400 + 7200, "other moves", root="other")
    drain(place.ports)
    assert [(kept.key, kept.refused_why) for kept in place.outbox.aside()] == [
        ("digest/day/x/002/0", "no answer for a day: SNS says InternalFailure")
    ]


def test_many_messages_without_an_answer_do_not_use_up_what_a_topic_is_sent_in_a_pass() -> None:
    place = Place()
    place.topics = Sick(known={TOPIC})
    for number in range(TOPIC_CALLS_MAX + 5):
        place.tell(number, "sick", root=f"sick-{number}", topic="")
    place.tell(20, "other moves", root="other", topic="")
    place.at += timedelta(minutes=12)
    drain(place.ports)
    assert [body.split("\n")[0] for body in place.bodies] == ["other moves"]


def test_messages_of_a_lineage_wait_behind_a_batch_of_it_that_gets_no_answer() -> None:
    class SickBatch(Answering):
        def post(self, channel: str, page: Page, *, thread_ts: str = "") -> Answer:
            return Later("SNS does not answer") if "gives up" in page.text else super().post(channel, page)

    place = Place()
    place.topics = SickBatch(known={TOPIC})
    for number in range(12):
        place.tell(number, f"job-{number} gives up", root=f"job-{number}", topic="gave-up/x")
    place.tell(20, "job-5 moves later", root="job-5", topic="")
    place.tell(21, "other moves", root="other", topic="")
    place.at += timedelta(minutes=20)
    drain(place.ports)
    assert [body.split("\n")[0] for body in place.bodies] == ["other moves"]


def test_a_message_that_sns_refuses_is_set_aside_and_delays_no_other() -> None:
    place = Place()
    place.topics.answer = Refused("SNS says InvalidParameter: Message too long")
    place.tell(1, "too long")
    found = drain(place.ports)
    assert [key for _, key, _ in found.set_aside] == ["bert/1"]
    assert [message.refused_why for message in place.outbox.aside()] == ["SNS says InvalidParameter: Message too long"]


def test_a_topic_gets_its_messages_even_if_slack_cannot_be_called() -> None:
    class NoSecret(Slack):
        @property
        def threads(self) -> bool:  # type: ignore[override]
            raise RuntimeError("Secrets Manager has no such secret")

        @threads.setter
        def threads(self, value: bool) -> None: ...

    place = Place(slack=NoSecret())
    place.say(1, "to Slack")
    place.tell(2, "to the topic")
    with pytest.raises(RuntimeError, match="no such secret"):
        drain(place.ports)
    assert len(place.bodies) == 1


def test_messages_for_a_slack_channel_that_is_gone_go_to_a_topic() -> None:
    place = Place(policy=builders.policy(channel=TOPIC), slack=Slack(answer=lambda: WrongChannel("Slack says is_archived")))
    place.say(1, "It moves.")
    drain(place.ports)
    place.slack.answer = lambda: None
    drain(place.ports)
    [body] = place.bodies
    assert "Meant for #ml-spot, where it was refused: Slack says is_archived" in body


def test_a_text_that_cannot_be_made_is_set_aside() -> None:
    place = Place()
    place.tell(1, "", native="no json")
    drain(place.ports)
    assert len(place.outbox.aside()) == 1


def test_a_message_is_sent_without_commands_where_its_lineage_cannot_be_read() -> None:
    class OfNewerCode(MemoryLedger):
        def load(self, lineage: LineageId) -> Lineage:
            raise UnreadableItem(f"{lineage}: schema is 99, and this code reads up to 3; deploy the newer code")

    place = Place(ledger=OfNewerCode())
    place.tell(1, ":repeat: *bert* moves.")
    assert drain(place.ports).set_aside == ()
    [body] = place.bodies
    assert body.startswith("bert moves.")


def test_a_post_to_slack_keeps_its_thread() -> None:
    place = Place()
    assert place.chat.post("#ml", pages((Text("x"),))[0], thread_ts="7") == Done("C1/1")
    assert place.slack.posts[0][:2] == ("#ml", "7")


def test_a_topic_has_no_card_to_refresh() -> None:
    facts = builders.facts()
    for channel, refreshed in ((TOPIC, ()), ("#ml", (("#ml",),))):
        intent = Intent(action=Announce(about=facts.job.name, topic="x", channel=channel), due_at=BEGIN)
        found = refresh_card(facts, Decision(intents=(intent,)))
        assert tuple(i.action.channels for i in found.intents if isinstance(i.action, RefreshCard)) == refreshed
