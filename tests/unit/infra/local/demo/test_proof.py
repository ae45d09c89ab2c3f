"""The demo counts Stop intents that stay open after their job ended, although they are tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.runtime.ports.ledger import Overdue
from controller.runtime.read_events import Trigger
from infra.local.demo.proof import overdue_in_silence
from tests.builders import BEGIN

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Ended:
    """The members of a simulated training job that the count reads."""

    name: str = "bert"
    status: str = "Stopped"
    ended_at: datetime = BEGIN


@pytest.mark.parametrize(
    ("key", "trigger_at", "minutes", "count"),
    [
        ("stop/bert", 21 * MINUTE, 20, 1),  # tried again each minute, and open for 20
        ("stop/bert", 9 * MINUTE, 8, 0),
        ("wake/bert", 21 * MINUTE, 20, 0),  # a Wake waits for the usage of an ended job
        ("wake/bert", 9 * MINUTE, 20, 1),
    ],
)
def test_what_is_overdue_or_cannot_end_is_counted(key: str, trigger_at: timedelta, minutes: int, count: int) -> None:
    one = Overdue(trigger=Trigger(job="bert"), key=key, trigger_at=BEGIN + trigger_at)
    jobs: list[Any] = [Ended()]
    assert len(list(overdue_in_silence([one], jobs, BEGIN + minutes * MINUTE))) == count
