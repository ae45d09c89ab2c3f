"""A workspace and the ports of a drain, for the tests of what is posted: the clock stands still until the test moves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from controller.notifications.block_kit import Page
from controller.runtime.ports.all_ports import Home
from controller.runtime.ports.answers import Answer, Done
from controller.runtime.ports.outbox import Message, Post
from tests import builders
from tests.builders import BEGIN, lineage_id
from tests.own_ports import OwnPorts
from tests.simulation.memory import MemoryLedger, MemoryOutbox
from tests.slack_limits import broken

MINUTE = timedelta(minutes=1)
WHERE = "\naccount 111122223333 · us-east-1"  # below every message of a job


class Crash(Exception):
    """Raised where Lambda would end the function."""


@dataclass
class Slack:
    """A workspace that keeps the messages it gets. ``answer`` may be another one than Done, before or after it kept a message."""

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
class Place(OwnPorts):
    """The ports of a drain; the clock stands still until the test moves it."""

    slack: Slack = field(default_factory=Slack)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    at: datetime = BEGIN
    policy: Any = field(default_factory=builders.policy)
    home: Home = field(default_factory=lambda: Home(account="111122223333", region="us-east-1"))
    click_address: Callable[[], str] = str

    @property
    def chat(self) -> Slack:
        return self.slack

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
