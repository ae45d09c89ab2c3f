"""A waiver of the policy is announced once in its last week, in the channel of its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.policy.slack_settings import SlackSettings
from controller.policy.waiver import Waiver
from controller.runtime.announce_waivers import announce_waivers
from controller.runtime.digests.queue_digests import queue_digests
from tests.builders import BEGIN, policy, rule
from tests.unit.policy.test_waiver import waiver
from tests.unit.runtime.slack_place import Place

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CHANNEL = "#vision"


def place(*waivers: Waiver) -> Any:
    bounds = SlackSettings(waiver_s_max=90 * 86_400)
    return Place(policy=policy(rules=(replace(rule(), channel=CHANNEL),), waivers=waivers, slack=bounds))


def waiting(at: Any) -> list[str]:
    return [message.text().title for message in at.outbox.waiting(CHANNEL, 10)]


def test_a_waiver_is_announced_once_when_a_week_is_left() -> None:
    at: Any = place(waiver(expires=BEGIN + 10 * DAY))
    assert (announce_waivers(at), waiting(at)) == (0, [])
    at.at = BEGIN + 3 * DAY
    assert announce_waivers(at) == 1
    for hours in range(1, 100):
        at.at = BEGIN + 3 * DAY + hours * HOUR
        assert announce_waivers(at) == 0
    assert len(waiting(at)) == 1
    assert "The waiver *old-bert* ends at" in waiting(at)[0]


@pytest.mark.parametrize("expires", [BEGIN, BEGIN - DAY, BEGIN + 8 * DAY, BEGIN + 91 * DAY])
def test_a_waiver_that_has_ended_or_ends_much_later_or_is_too_long_is_not_announced(expires: Any) -> None:
    at: Any = place(waiver(expires=expires))
    assert (announce_waivers(at), waiting(at)) == (0, [])


def test_a_renewed_waiver_is_announced_again() -> None:
    at: Any = place(waiver(expires=BEGIN + DAY))
    announce_waivers(at)
    at.policy = replace(at.policy, waivers=(waiver(expires=BEGIN + 5 * DAY),))
    assert announce_waivers(at) == 1
    assert len(waiting(at)) == 2


def test_the_hourly_function_announces_waivers_in_every_run() -> None:
    at: Any = place(waiver(expires=BEGIN + DAY))
    queue_digests(at)
    assert len(waiting(at)) == 1
