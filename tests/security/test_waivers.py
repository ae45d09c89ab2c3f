"""Waivers in policy files, with the real handlers: they are shown while in force, announced once, and do not count in doubt."""

from __future__ import annotations

import pytest

from controller.ledger.entry import Flagged
from tests.security.lab import entries, lab, launch, messages, request, run, status, texts

# The world begins on Monday, 2026-11-16, at midnight UTC.
POLICY = """
version: 1
defaults: {channel: "#ml"}
slack: {tell: all}
labels: {team_of_role: {acme-speech: speech}}
rules:
  - {name: use-spot, rule: spot-required, mode: enforce, action: stop, applies_to: running}
  - {name: warned, rule: instance-allowed, options: {instance_types: [ml.p4d.*]}, mode: warn, applies_to: running}
waivers:
  - {name: long-run, rule: use-spot, match: %s, reason: no time, owner: alice, ticket: ML-9, expires: %s}
"""


def test_a_waived_job_runs_and_is_shown_and_is_stopped_when_the_waiver_ends() -> None:
    with lab(POLICY % ("{role: acme-training}", '"2026-11-17T00:00:00Z"')) as host:
        launch(host, request("waived", "vision", spot=False, runtime_h=60, work_s=200_000))
        run(host, hours=23)
        assert status(host, "waived") == "InProgress"
        (waived,) = (e for e in entries(host, "waived", Flagged) if e.policy == "use-spot")
        assert (waived.waiver, waived.mode.value) == ("long-run", "audit")
        assert "by long-run: no time (ML-9, alice)" in str([message.blocks for message in messages(host)])
        assert texts(host).count("The waiver *long-run* ends at") == 1
        assert 'breaks the rule "use-spot"' not in texts(host)
        run(host, hours=2)
        assert status(host, "waived") == "Stopped"
        assert "The waiver long-run has expired (2026-11-17 00:00 UTC), so the rule applies." in texts(host)
        run(host, hours=20)
        assert texts(host).count("The waiver *long-run* ends at") == 1


@pytest.mark.parametrize(
    ("match", "expires"),
    [
        ("{role: acme-training}", "2026-11-15"),
        ("{role: acme-training}", "2027-11-15"),
        ("{role: other}", "2026-11-20"),
        ("{tags: {team: speech}}", "2026-11-20"),
        ('{tags: {cost: "*"}}', "2026-11-20"),
        ('{tags: {cost: ""}}', "2026-11-20"),
    ],
    ids=["expired", "too long", "another role", "a team that is not the role's", "no such tag", "without a tag"],
)
def test_a_waiver_in_doubt_stops_nobody_from_being_stopped(match: str, expires: str) -> None:
    with lab(POLICY % (match, expires)) as host:
        launch(host, request("cheat", "speech", spot=False, runtime_h=60, work_s=200_000))
        run(host, hours=1)
        assert status(host, "cheat") == "Stopped"
        assert 'breaks the rule "use-spot"' in texts(host)
        assert all(entry.waiver == "" for entry in entries(host, "cheat", Flagged))
