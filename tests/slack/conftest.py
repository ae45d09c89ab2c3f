"""Some days on the embedded AWS, with users of a Slack whose clicks go through the real signed routes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from controller.policyfile import compile_folder
from infra.local.demo.scenario import MONDAY, Launch, request
from infra.local.demo.world import POLICIES, actions_of, create_bucket, demo_world
from infra.local.host import Host, hosting
from infra.local.slack.message import Message
from infra.local.slack.users import Users

HOUR = timedelta(hours=1)
LAUNCHES = (
    Launch(after=HOUR, request=request("planner-internal", "robotics", work_s=5000, fails_with="internal")),
    Launch(after=HOUR, request=request("detector", "vision", checkpoint=None, work_s=4000, spot=False, runtime_h=1)),
    Launch(after=HOUR, request=request("ranker-patient", "search", runtime_h=6, wait_h=70, work_s=90_000)),
    Launch(after=2 * HOUR, request=request("mover", "vision", runtime_h=12, wait_h=80, work_s=90_000)),
    Launch(after=2 * HOUR, request=request("keeper", "search", runtime_h=12, wait_h=80, work_s=90_000)),
    Launch(after=2 * HOUR, request=request("stopper", "search", runtime_h=12, wait_h=80, work_s=90_000)),
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosting(demo_world(7), compile_folder(POLICIES), tmp_path_factory.mktemp("week")) as running:
        for launch in LAUNCHES:
            create_bucket(launch)
            running.user_actions += actions_of(launch, running, MONDAY + timedelta(days=7))
        running.run(MONDAY + 8 * HOUR)
        yield running


@pytest.fixture
def users(host: Host) -> Users:
    assert host.slack.users is not None
    host.slack.users.ephemerals.clear()
    return host.slack.users


def card(host: Host, name: str) -> Message:
    """The card of a lineage."""
    return next(m for m in host.slack.messages if m.thread_ts is None and f"*{name}*" in m.text)


def offered(message: Message) -> list[str]:
    """The requests that the buttons of a message offer."""
    elements = [element for block in message.blocks if block["type"] == "actions" for element in block["elements"]]
    return [element["action_id"].removeprefix("spotwarden/") for element in elements]


def later(host: Host, hours: float = 0.2) -> None:
    host.run(host.clock.at + hours * HOUR)
