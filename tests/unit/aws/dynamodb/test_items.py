"""A value is read from its item as it was written. An item that cannot be read is reported with its key and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.aws.dynamodb.histories import DynamoHistories
from controller.aws.dynamodb.items import (
    STORED_KINDS,
    UnreadableItem,
    moment,
    read,
    read_intent,
    stamp,
    upgraded,
    write,
    write_intent,
)
from controller.aws.dynamodb.keys import key
from controller.aws.dynamodb.quota_holds import DynamoQuotaHolds
from controller.aws.dynamodb.spot_capacity import DynamoCapacity
from controller.aws.dynamodb.works import DynamoWorks, remembering
from controller.jobs.job import Outcome
from controller.jobs.quota_hold import QuotaHold
from controller.jobs.work import Work
from controller.ledger.entry import Entry, Finished, JobDeleted
from controller.ledger.intent import Action, Announce, Intent, IntentResult, Stop
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.ledger.messages.kind import MessageKind
from controller.ledger.pool import PhaseTimes
from controller.ledger.under_policy import UnderPolicy
from controller.runtime.outbox.batches import kind_of
from controller.runtime.ports.outbox import Message
from tests.builders import BEGIN

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
VANISHED = JobDeleted(job="bert", at=NOON, team=None)
PLACE = {"pk": {"S": "lineage#bert"}, "sk": {"S": "entry#vanished/bert"}}

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8))])
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)  # noqa: DTZ001  # the strategy adds a zone
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    bool: st.booleans(),
    int: st.integers(-(10**30), 10**30),
    datetime: MOMENTS,
    date: st.dates(),
    tuple[str, ...]: st.lists(st.text()).map(tuple),
    type(None): st.none(),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in PLAIN:
        return PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return st.one_of(*map(any_of, get_args(hint)))


def values(kind: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: any_of(hints[f.name]) for f in fields(kind)})


INTENTS = st.builds(
    Intent,
    action=st.one_of(*map(values, get_args(Action))),
    due_at=MOMENTS,
    leased_until=st.none() | MOMENTS,
    claim=st.integers(0, 100),
    closed=st.none() | st.sampled_from(IntentResult),
    why=st.text(),
)


@pytest.mark.slow
@given(st.one_of(*map(values, STORED_KINDS.values())))
def test_any_value_is_read_as_it_was_written(value: Any) -> None:
    assert read({**PLACE, **write(value)}) == value


@given(INTENTS)
def test_any_intent_is_read_as_it_was_written(intent: Intent) -> None:
    assert read_intent({**PLACE, **write_intent(intent)}) == intent


@given(MOMENTS, MOMENTS)
def test_the_text_of_times_is_in_the_order_of_times(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) == (one < other)
    assert moment(stamp(one)) == one


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="2026-03-02T12:00:00 has no time zone, wanted an aware time"):
        stamp(NOON.replace(tzinfo=None))


def test_every_entry_and_action_has_its_kind() -> None:
    assert {*get_args(Entry), *get_args(Action)} <= set(STORED_KINDS.values())


@pytest.mark.parametrize("kind", [*get_args(Entry), Announce, Message], ids=lambda kind: kind.__name__)
def test_every_entry_and_message_keeps_the_policy_that_it_was_written_under(kind: Any) -> None:
    assert issubclass(kind, UnderPolicy)
    assert {"revision", "mode"} <= {one.name for one in fields(kind)}


def test_the_policy_of_an_entry_is_stored_and_a_row_of_before_has_none() -> None:
    vanished = replace(VANISHED, revision="abc", mode="warn")
    found = read(write(vanished))
    assert (found.revision, found.mode) == ("abc", "warn")
    before = write(VANISHED)
    assert not before["body"]["M"].keys() & {"revision", "mode"}
    assert (read(before).revision, read(before).mode) == ("", "")


def test_a_field_that_is_none_is_not_written() -> None:
    assert write(VANISHED) == {
        "schema": {"N": "1"},
        "kind": {"S": "Vanished"},
        "body": {"M": {"job": {"S": "bert"}, "at": {"S": "2026-03-02T12:00:00.000000Z"}}},
    }


def test_an_item_of_schema_1_is_still_read() -> None:
    """The item is written by hand: it must stay readable after each change of the codec."""
    old = {
        **PLACE,
        "schema": {"N": "1"},
        "kind": {"S": "Stop"},
        "body": {"M": {"about": {"S": "bert"}, "because": {"S": "no checkpoints"}}},
        "due_at": {"S": "2026-03-02T12:00:00.000000Z"},
        "claim": {"N": "2"},
        "why": {"S": ""},
        "closed": {"S": "done"},
        "due_pk": {"S": "due#03"},
    }
    action = Stop(about="bert", because="no checkpoints")
    assert read_intent(old) == Intent(action=action, due_at=NOON, claim=2, closed=IntentResult.DONE)


def test_an_announcement_stored_before_kinds_existed_is_read_with_its_text() -> None:
    """Written by hand, as the ledger stored it before messages had kinds."""
    old = {
        **PLACE,
        "schema": {"N": "1"},
        "kind": {"S": "Announce"},
        "body": {"M": {
            "about": {"S": "bert"}, "topic": {"S": "gave-up"}, "channel": {"S": "#ml"},
            "words": {"L": [{"S": ":no_entry: *bert* starved"}, {"S": "_team `vision`_"}]},
        }},
        "due_at": {"S": "2026-03-02T12:00:00.000000Z"},
        "claim": {"N": "0"},
        "why": {"S": ""},
    }  # fmt: skip
    words = (":no_entry: *bert* starved", "_team `vision`_")
    action = Announce(about="bert", topic="gave-up", channel="#ml", words=words)
    assert read_intent(old) == Intent(action=action, due_at=NOON)
    assert action.key == "announce/gave-up/bert"


def test_a_message_queued_before_kinds_existed_is_sent_unchanged() -> None:
    """Written by hand, as the ledger stored it before messages had kinds."""
    old = {
        **PLACE,
        "schema": {"N": "1"},
        "kind": {"S": "Message"},
        "body": {"M": {
            "key": {"S": "k"}, "channel": {"S": "#ml"}, "at": {"S": "2026-03-02T12:00:00.000000Z"}, "topic": {"S": "gave-up"},
            "thread": {"S": "a/b/bert/1"}, "mention": {"S": ""}, "native": {"S": ""}, "plain": {"S": ""},
            "words": {"L": [{"S": ":no_entry: *bert* starved"}, {"S": "It `waits`."}, {"S": "_team `vision`_"}]},
        }},
    }  # fmt: skip
    message = read(old)
    text = message.text()
    assert (text.body, text.small) == (":no_entry: *bert* starved\nIt `waits`.", "team `vision`")
    assert kind_of(message) is MessageKind.GAVE_UP


def test_an_older_schema_is_upgraded_step_by_step() -> None:
    """As if schema 2 had renamed ``who`` to ``job``, and schema 3 had begun to write times."""

    def renamed(item: Any) -> Any:
        return {**item, "schema": {"N": "2"}, "body": {"M": {"job": item["body"]["M"]["who"]}}}

    def dated(item: Any) -> Any:
        return {**item, "schema": {"N": "3"}, "body": {"M": {**item["body"]["M"], "at": {"S": stamp(NOON)}}}}

    first = {**PLACE, "schema": {"N": "1"}, "kind": {"S": "Vanished"}, "body": {"M": {"who": {"S": "bert"}}}}
    newest = upgraded(first, 3, {1: renamed, 2: dated})
    assert newest == {**first, "schema": {"N": "3"}, "body": {"M": {"job": {"S": "bert"}, "at": {"S": stamp(NOON)}}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": {"N": "2"}}, "schema is 2, and this code reads up to 1; deploy the newer code"),
        ({"schema": {"S": "one"}}, "schema is {'S': 'one'}, wanted a number from 1 to 1"),
        ({"schema": {"N": "0"}}, "schema is {'N': '0'}, wanted a number from 1 to 1"),
        ({"kind": {"S": "Exploded"}}, "kind is {'S': 'Exploded'}, wanted one of Started, OwnerChecked, Interrupted, Ended"),
        ({"body": {"M": {"job": {"S": "bert"}}}}, "at is missing, wanted a whole Vanished"),
        ({"body": {"M": {"job": {"S": "bert"}, "at": {"S": "noon"}}}}, "at is {'S': 'noon'}, which cannot be read: ValueError("),
        (
            {"body": {"M": {"job": {"N": "5"}, "at": {"S": stamp(NOON)}}}},
            "job is {'N': '5'}, which cannot be read: KeyError('S')",
        ),
    ],
)
def test_an_unreadable_item_is_named_with_what_was_found_and_wanted(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableItem) as raised:
        read({**PLACE, **write(VANISHED), **change})
    assert str(raised.value).startswith(f"item lineage#bert / entry#vanished/bert: {message}")


def test_an_empty_item_is_reported() -> None:
    with pytest.raises(UnreadableItem, match=r"item lineage#bert / entry#vanished/bert: schema is None, wanted a number"):
        read(PLACE)


def test_an_intent_without_its_time_is_reported() -> None:
    item = {**PLACE, **write_intent(Intent(action=Stop(about="bert", because=""), due_at=NOON))}
    del item["due_at"]
    with pytest.raises(UnreadableItem, match=r"has claim, held, why of an intent, wanted due_at, claim and why"):
        read_intent(item)


def test_a_field_of_an_unsupported_type_is_reported() -> None:
    with pytest.raises(TypeError, match=r"Lineage.id: there is no stored form of a .*LineageId"):
        write(Lineage(id=LineageId(account="1", region="r", root="bert", created_at=NOON)))


class Rows:
    """A table whose query finds these rows."""

    def __init__(self, *rows: Any) -> None:
        self._rows = rows

    def query(self, **_: Any) -> list[Any]:
        return list(self._rows)


WORK = Work(account="1", region="us-east-1", role="r", job="bert", root="bert", lineage="l", created_at=BEGIN)
FINISHED = Finished(
    job="gpt", at=BEGIN, team=None, family="bert", outcome=Outcome.COMPLETED, attempts=1, spot=True,
    instance_type="ml.g5.xlarge", region="us-east-1", work_s=60, deadline=None,
)  # fmt: skip
GOOD_ROWS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "the history of a family": (
        write(FINISHED), lambda table: DynamoHistories(table).history("1", "us-east-1", "bert", 50),
    ),
    "how long jobs take to start": (
        write(PhaseTimes(region="us-east-1", instance_type="ml.g5.xlarge", job="gpt", at=BEGIN, start_s=60)),
        lambda table: DynamoCapacity(table).phase_times("us-east-1", "ml.g5.xlarge"),
    ),
    "jobs of the role": (
        remembering(replace(WORK, job="gpt", root="gpt"))["Put"]["Item"],
        lambda table: DynamoWorks(table).begun_since(WORK, BEGIN),
    ),
    "holds of a quota": (
        write(QuotaHold(region="us-east-1", instance_type="ml.g5.xlarge", instances=3, job="gpt", lineage="l", created_at=BEGIN)),
        lambda table: DynamoQuotaHolds(table).holds_on("us-east-1", "ml.g5.xlarge"),
    ),
}  # fmt: skip
BAD_ROWS: tuple[Any, ...] = ({}, {"schema": {"N": "99"}}, {"schema": {"S": "x"}, "body": 3}, {"sk": {"S": "yesterday"}})


@pytest.mark.parametrize("what", GOOD_ROWS)
def test_a_row_of_another_job_that_cannot_be_read_stops_no_decision(what: str) -> None:
    good, ask = GOOD_ROWS[what]
    good = {**key("lineage#1", "x"), **good}
    bad = [{**key("lineage#1", "x"), **row} for row in BAD_ROWS]
    assert len(ask(Rows(*bad, good, *bad))) == 1
