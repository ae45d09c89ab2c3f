"""Attack 7: a team's cap for a month is used up by taken names, or exceeded with unreserved stops or at the end of the month."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller import wiring
from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.halt import Halt
from controller.policy.policy import Policy, RateLimits, Repair, RuleAction
from controller.runtime.ports.answers import Done, Later
from tests import builders
from tests.account import Account
from tests.security.lab import lab, launch, next_name, request, run, status, texts
from tests.security.test_money import AGAIN, HEAD, SAME, spent

MIDNIGHT = datetime(2026, 4, 1, tzinfo=UTC)
ONE_ATTEMPT = 15_150_000  # ten hours
UNSAVED = builders.rule("saved", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR)
SAVED = replace(UNSAVED, repair=Repair(checkpoint="s3://acme/{job}/"))
ROOM_FOR_ONE = builders.block(
    causes={FailureCause.INTERNAL: builders.budget(2, first_s=10)}, team_month_cap_micros=20_000_000
)  # fmt: skip


def test_who_takes_an_attempt_s_name_uses_up_no_cap_of_its_team() -> None:
    with lab(HEAD + AGAIN % (SAME, "team_month_usd: 3")) as host:
        asked = {"runtime_h": 4, "work_s": 1200, "fails_with": "capacity", "fails_times": 1}
        launch(host, request("job", "vision", "ml.g4dn.xlarge", **asked))
        taken_name = launch(host, request(next_name(host, "job"), None, "ml.m5.large", work_s=60))
        run(host, hours=8)
        [again] = [name for name in host.world.jobs if "-r02" in name and name != taken_name]
        assert status(host, again) == "Completed"
        assert wiring.ports().ledger.limits.taken("money/vision/2026-11") == spent(host, "job")
        assert "spend cap" not in texts(host)


def account(policy: Policy | None = None, *, before: timedelta = timedelta(minutes=10)) -> Account:
    """An account shortly before midnight. A stopping job continues until the test ends it."""
    capped = policy or builders.policy(rules=(SAVED,), resubmissions=(ROOM_FOR_ONE,))
    return Account(capped, now=MIDNIGHT - before, on_stop=lambda _: Done("stopping"))


def unsaved(acts: Account, name: str) -> None:
    """Add a running job without checkpoints whose tags have been read."""
    at = acts.now - timedelta(minutes=6)
    acts.jobs[name] = builders.job(name, checkpoint_uri=None, created_at=at, started_at=at, intervals=())
    acts.trigger(name)


def taken(acts: Account) -> tuple[int, int]:
    """The amounts that are spent or reserved of vision's cap, in March and in April."""
    limits = acts.ledger.limits
    return limits.taken("money/vision/2026-03"), limits.taken("money/vision/2026-04")


def stopping(acts: Account, name: str) -> None:
    acts.jobs[name] = replace(acts.jobs[name], status="Stopping", secondary="Stopping")


def test_an_attempt_counts_for_the_month_in_which_its_stop_reserved_it_when_the_job_ends_after_midnight() -> None:
    acts = account(before=timedelta(minutes=1))
    unsaved(acts, "ant")
    stopping(acts, "ant")
    assert taken(acts) == (ONE_ATTEMPT, 0)
    acts.pass_time(timedelta(minutes=2))
    unsaved(acts, "bee")
    stopping(acts, "bee")
    assert taken(acts) == (ONE_ATTEMPT, ONE_ATTEMPT), "a cap that the attempt of March does not use has room in April"
    for name in ("ant", "bee"):
        acts.end(name, Outcome.STOPPED)
        acts.trigger(name)
        acts.pass_time(timedelta(minutes=2))
    assert len(acts.asked) == 2
    assert taken(acts) == (ONE_ATTEMPT, ONE_ATTEMPT)


def test_a_stop_that_a_halt_held_up_over_the_turn_of_the_month_reserves_in_the_new_month() -> None:
    acts = account()
    acts.trigger("nobody")
    acts.ledger.halts.set_halt(Halt(why="a drill", who="ada", since=acts.now))
    unsaved(acts, "ant")
    assert acts.ledger.limits.spend("money/vision/2026-03", "others", 20_000_000, None, acts.now)
    acts.pass_time(timedelta(minutes=12))
    acts.ledger.halts.set_halt(None)
    acts.pass_time(timedelta(minutes=15))
    assert taken(acts) == (20_000_000, ONE_ATTEMPT), "the job is stopped, because April has room"
    acts.end("ant", Outcome.STOPPED)
    acts.trigger("ant")
    acts.pass_time(timedelta(minutes=2))
    assert len(acts.asked) == 1
    assert taken(acts) == (20_000_000, ONE_ATTEMPT)


def test_a_stop_that_reserved_and_got_no_answer_over_the_turn_of_the_month_holds_nothing_of_the_old_month() -> None:
    acts = account(before=timedelta(minutes=1))
    acts.on_stop = lambda _: Later("Rate exceeded")
    unsaved(acts, "ant")
    assert taken(acts) == (ONE_ATTEMPT, 0)
    acts.pass_time(timedelta(minutes=20))
    assert taken(acts) == (0, ONE_ATTEMPT)


@pytest.mark.parametrize("held_by", ["a halt", "the limit of stops"])
def test_attempts_of_jobs_that_ended_before_their_stop_could_reserve_are_held_to_the_cap(held_by: str) -> None:
    """An attacker who breaks rules often uses up the stops of an hour. The other stops wait, and their jobs fail meanwhile."""
    policy = builders.policy(rules=(SAVED,), resubmissions=(ROOM_FOR_ONE,))
    if held_by == "the limit of stops":
        policy = replace(policy, rate_limits=RateLimits(stops_per_h=0, submissions_per_h=None))
    acts = account(policy, before=timedelta(hours=10))
    if held_by == "a halt":
        acts.ledger.halts.set_halt(Halt(why="a drill", who="ada", since=acts.now))
    names = ("ant", "bee", "cat")
    for name in names:
        unsaved(acts, name)
    assert taken(acts) == (0, 0)
    for name in names:
        acts.end(name, Outcome.INTERNAL)
    acts.ledger.halts.set_halt(None)
    for name in names:
        acts.trigger(name)
    acts.pass_time(timedelta(minutes=10))
    assert len(acts.asked) == 1
    assert taken(acts) == (ONE_ATTEMPT, 0)
