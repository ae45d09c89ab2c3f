"""The outbox in DynamoDB: a queue per channel, and a marker per message, so that a message is queued only once.

outbox             <channel>           lease or pause of a channel to which a message was ever queued; never removed
outbox#<channel>   <at>#<key>          a message that waits
said#<key>         marker              that a message was queued; removed after 30 days
post#<channel>     <lineage>           the place of a lineage's card; removed after 90 days
shelf#<channel>    <at>#<key>          a message that waited too long, until a digest has listed it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from controller.aws.dynamodb.items import MARK, Item, read_or_none, stamp, write
from controller.aws.dynamodb.keys import ASIDE, CHANNELS, key, outbox_pk, partition_of, post_pk, said_pk, shelf_pk
from controller.aws.dynamodb.table import Table
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.outbox import Message, Post, redriven

REMEMBERED = timedelta(days=30)
POSTS_REMEMBERED = timedelta(days=90)


class DynamoOutbox:
    """The Outbox port over a low-level boto3 ``dynamodb`` client."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table)

    def put(self, message: Message) -> bool:
        # The channel first: a message to a channel that is not listed would wait for ever.
        self._table.put({**key(CHANNELS, message.channel), **MARK}, absent=True)
        said, expires_at = said_pk(message.key), int((message.at + REMEMBERED).timestamp())
        marker = {**key(said, "marker"), **MARK, "expires_at": {"N": str(expires_at)}}
        queued = self._table.transact(
            [
                {"Put": {"Item": marker, "ConditionExpression": "attribute_not_exists(pk)"}},
                {"Put": {"Item": {**_place(message), **write(message)}}},
            ]
        )
        if not queued and self._table.get(said, "marker") is None:
            raise Unreachable(f"the message {message.key} could not be queued: another function was writing it")
        return queued

    def channels(self) -> list[str]:
        known = [row["sk"]["S"] for row in self._table.query(**partition_of(CHANNELS))]
        return [channel for channel in known if self.waiting(channel, 1)]

    def lease(self, channel: str, *, now: datetime, until: datetime) -> bool:
        return self._shut(channel, until, "attribute_not_exists(shut_until) OR shut_until <= :now", {":now": {"S": stamp(now)}})

    def waiting(self, channel: str, limit: int) -> list[Message]:
        found = []
        for row in self._table.query(limit=limit, **partition_of(outbox_pk(channel))):
            message = read_or_none(row, Message)
            if message is None or _place(message) != key(row["pk"]["S"], row["sk"]["S"]):
                self._table.remove(key(row["pk"]["S"], row["sk"]["S"]))  # it could not be sent, or not be removed once it is sent
            else:
                found.append(message)
        return found

    def sent(self, message: Message) -> None:
        self._table.remove(_place(message))

    def pause(self, channel: str, *, until: datetime) -> None:
        self._shut(channel, until)

    def post_of(self, channel: str, thread: str) -> Post | None:
        row = self._table.get(post_pk(channel), thread)
        return read_or_none(row, Post) if row else None

    def remember_post(self, channel: str, thread: str, post: Post, *, at: datetime) -> None:
        expires_at = int((at + POSTS_REMEMBERED).timestamp())
        self._table.put({**key(post_pk(channel), thread), **write(post), "expires_at": {"N": str(expires_at)}})

    def set_aside(self, message: Message, why: str) -> None:
        kept = replace(message, refused_why=why)
        moved = self._table.transact([{"Put": {"Item": {**_aside(kept), **write(kept)}}}, {"Delete": {"Key": _place(message)}}])
        if not moved:
            raise Unreachable(f"the message {message.key} could not be set aside: another function was writing it")

    def aside(self) -> list[Message]:
        return self._readable(ASIDE)

    def redrive(self, message: Message, *, at: datetime) -> None:
        self.put(redriven(message, at))
        self._table.remove(_aside(message))

    def shelve(self, message: Message) -> None:
        moved = self._table.transact(
            [{"Put": {"Item": {**_shelf(message), **write(message)}}}, {"Delete": {"Key": _place(message)}}]
        )
        if not moved:
            raise Unreachable(f"the message {message.key} could not be moved to the digest: another function was writing it")

    def shelved(self, channel: str) -> list[Message]:
        return self._readable(shelf_pk(channel))

    def unshelve(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._table.remove(_shelf(message))

    def _readable(self, pk: str) -> list[Message]:
        rows = self._table.query(**partition_of(pk))
        return [message for row in rows if (message := read_or_none(row, Message)) is not None]

    def _shut(self, channel: str, until: datetime, condition: str = "", values: Item | None = None) -> bool:
        """Let no other function send to a channel before ``until``. For the others a lease and a pause are the same."""
        return self._table.update(
            key(CHANNELS, channel),
            UpdateExpression="SET shut_until = :until, #schema = :schema",
            ExpressionAttributeNames={"#schema": "schema"},
            ExpressionAttributeValues={":until": {"S": stamp(until)}, ":schema": MARK["schema"], **(values or {})},
            **({"ConditionExpression": condition} if condition else {}),
        )


def _shelf(message: Message) -> Item:
    return key(shelf_pk(message.channel), f"{stamp(message.at)}#{message.key}")


def _aside(message: Message) -> Item:
    return key(ASIDE, f"{stamp(message.at)}#{message.channel}#{message.key}")


def _place(message: Message) -> Item:
    return key(outbox_pk(message.channel), f"{stamp(message.at)}#{message.key}")
