"""A policy without actions, and the packaged policy that is used until a valid one is read."""

from __future__ import annotations

from dataclasses import replace

from controller.policy.mode import Mode
from controller.policy.slack_settings import SlackSettings
from controller.policy.user_request import UserRequest
from tests.builders import block, policy, rule


def test_an_observing_policy_warns_instead_of_enforcing_and_keeps_the_other_modes() -> None:
    chosen = policy(
        rules=tuple(rule(mode, mode=mode) for mode in Mode), resubmissions=tuple(block(mode, mode=mode) for mode in Mode)
    )
    observing = chosen.observing()
    wanted = {mode: Mode.WARN if mode is Mode.ENFORCE else mode for mode in Mode}
    assert {one.name: one.mode for one in observing.rules} == wanted
    assert {one.name: one.mode for one in observing.resubmissions} == wanted


def test_with_an_observing_policy_people_may_request_only_what_acts_on_no_job() -> None:
    everything = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("*",))))
    acts = {UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.STOP}
    assert everything.observing().slack == replace(everything.slack, may=dict.fromkeys(set(UserRequest) - acts, ("*",)))


def test_a_policy_does_not_stand_in_by_default() -> None:
    assert not policy().stands_in
