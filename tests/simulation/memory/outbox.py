"""An outbox in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from controller.runtime.ports.outbox import Message, Post, redriven


class MemoryOutbox:
    """The ``Outbox`` port."""

    def __init__(self) -> None:
        self.queued: set[str] = set()
        self.queues: dict[str, dict[str, Message]] = {}
        self.posts: dict[tuple[str, str], Post] = {}
        self.shelf: dict[str, dict[str, Message]] = {}
        self.kept_aside: dict[str, Message] = {}
        self.closed_until: dict[str, datetime] = {}  # the end of a lease or a pause; until then, nobody else may send

    def put(self, message: Message) -> bool:
        if message.key in self.queued:
            return False
        self.queued.add(message.key)
        self.queues.setdefault(message.channel, {})[message.key] = message
        return True

    def channels(self) -> list[str]:
        return sorted(channel for channel, queue in self.queues.items() if queue)

    def lease(self, channel: str, *, now: datetime, until: datetime) -> bool:
        if channel in self.closed_until and self.closed_until[channel] > now:
            return False
        self.closed_until[channel] = until
        return True

    def waiting(self, channel: str, limit: int) -> list[Message]:
        return sorted(self.queues.get(channel, {}).values(), key=lambda message: (message.at, message.key))[:limit]

    def sent(self, message: Message) -> None:
        self.queues.get(message.channel, {}).pop(message.key, None)

    def pause(self, channel: str, *, until: datetime) -> None:
        self.closed_until[channel] = until

    def post_of(self, channel: str, thread: str) -> Post | None:
        return self.posts.get((channel, thread))

    def remember_post(self, channel: str, thread: str, post: Post, *, at: datetime) -> None:
        self.posts[channel, thread] = post

    def set_aside(self, message: Message, why: str) -> None:
        self.sent(message)
        self.kept_aside[message.key] = replace(message, refused_why=why)

    def aside(self) -> list[Message]:
        return sorted(self.kept_aside.values(), key=lambda message: (message.at, message.channel, message.key))

    def redrive(self, message: Message, *, at: datetime) -> None:
        self.put(redriven(message, at))
        self.kept_aside.pop(message.key, None)

    def shelve(self, message: Message) -> None:
        self.sent(message)
        self.shelf.setdefault(message.channel, {})[message.key] = message

    def shelved(self, channel: str) -> list[Message]:
        return sorted(self.shelf.get(channel, {}).values(), key=lambda message: (message.at, message.key))

    def unshelve(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.shelf.get(message.channel, {}).pop(message.key, None)
