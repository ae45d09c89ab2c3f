"""Discover reads the newest jobs first. Its cost depends on how much changed, and a failure does not stop it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.runtime.discover import SECOND_LOOK, discover
from controller.runtime.ports.schedule import DiscoverPass, PassPosition
from controller.runtime.timeouts import TIME_LIMIT
from tests.client_errors import client_error
from tests.unit.infra.local.sagemaker.requests import T0
from tests.unit.runtime.old_account import HOUR, KilledError, OldAccount

DAY = timedelta(days=1)
FIRST, SECOND = DiscoverPass
LIST = "list_training_jobs"


def settled(account: OldAccount) -> OldAccount:
    """Run discover each hour until both passes are complete, then reset the counts of calls."""
    for _ in range(200):
        done = account.run()
        passed = account.ledger.passed_until(SECOND)
        if not done.left and not done.triggered and passed is not None and passed == account.began_at - SECOND_LOOK:
            break
        account.wait_until(account.began_at + HOUR)
    account.calls.clear()
    account.described.clear()
    return account


@pytest.mark.slow
def test_the_newest_jobs_of_an_old_account_are_looked_at_with_the_first_call() -> None:
    account = OldAccount()
    account.past(3_000, 600 * DAY)
    account.launch("fresh")
    account.run()
    assert account.names[0] == "fresh"
    assert account.described[0][0] == pytest.approx(2 * account.call_s)


def test_the_first_run_looks_at_what_changed_in_a_day_and_at_what_still_runs() -> None:
    account = OldAccount()
    account.launch("long", work_s=9e5)
    account.wait_until(T0 + 10 * DAY)
    account.past(500, 50 * DAY)
    account.run()
    changed = {f"past-{n:06}" for n in range(500) if 50 * DAY * ((n + 1) / 500) - HOUR / 2 <= DAY}
    assert {"long", *changed} <= set(account.names) <= {"long", *(f"past-{n:06}" for n in range(20))}


@pytest.mark.parametrize("hours", [30, 47, 49, 71, 73])
def test_an_installation_finds_a_running_job_of_any_age(hours: int) -> None:
    account = OldAccount()
    account.launch("quiet", work_s=9e5)
    account.wait_until(T0 + hours * HOUR)
    account.run()
    assert "quiet" in account.names


def test_an_installation_finds_an_old_job_that_runs_in_its_first_run_however_much_changed() -> None:
    account = OldAccount()
    account.launch("long", work_s=9e5)
    account.wait_until(T0 + 10 * DAY)
    account.past(2_000, 20 * DAY)  # a hundred a day: more than a run can look at
    account.run()
    assert "long" in account.names
    assert account.names[0] == "past-000000"


def test_what_failed_at_the_installation_is_tried_again() -> None:
    account = OldAccount()
    account.past(10, 20 * HOUR)
    account.silent = {"past-000009"}
    assert [name for name, _ in account.run().failed] == ["past-000009"]
    account.silent.clear()
    account.wait_until(account.began_at + HOUR)
    account.run()
    assert account.names.count("past-000009") == 2


@pytest.mark.slow
def test_an_hour_without_changes_costs_a_few_calls_however_many_jobs_there_were() -> None:
    spent = []
    for years in (1, 10):
        account = OldAccount()
        account.past(1_000 * years, years * 365 * DAY)
        settled(account).wait_until(account.at + HOUR)
        account.run()
        spent.append(account.calls[LIST])
    assert spent == [1, 1]


@pytest.mark.slow
def test_the_second_pass_reads_only_jobs_that_can_still_change() -> None:
    account = OldAccount()
    account.past(10_000, 1_000 * DAY)  # ten a day: 600 can still change
    settled(account)
    for _ in range(6):
        account.wait_until(account.at + HOUR)
        account.run()
    assert account.calls[LIST] <= 6 + 8


def test_a_job_whose_event_was_lost_is_found_within_the_hour() -> None:
    account = OldAccount()
    account.past(2_000, 400 * DAY)
    settled(account).wait_until(account.at + HOUR)
    account.launch("lost")
    account.wait_until(account.at + HOUR)
    account.run()
    assert "lost" in account.names


def test_a_job_too_old_for_the_first_pass_is_found_by_the_second() -> None:
    account = OldAccount()
    account.launch("slow", work_s=5 * 86_400)
    account.wait_until(T0 + 3 * DAY)
    account.past(300, 30 * DAY)
    settled(account)
    account.ledger.rows.clear()  # nothing watches it
    account.ledger.by_name.clear()
    account.wait_until(T0 + 6 * DAY)
    for _ in range(8):
        account.run()
        account.wait_until(account.began_at + HOUR)
    assert "slow" in account.names


def test_the_clock_is_read_before_every_call_even_while_pages_are_empty() -> None:
    account = OldAccount(call_s=2)
    account.past(3_000, 2 * DAY, ended_after=timedelta(0))
    account.ledger.note_passed(FIRST, T0 - HOUR)
    done = account.run()
    assert done.left.startswith("time limit reached in ")
    # One job may be under way when the time is over: it has a call of its own behind it.
    assert account.taken_s <= TIME_LIMIT.total_seconds() + 2 * 2 + 2


@pytest.mark.slow
def test_a_pass_that_is_cut_off_continues_where_it_stopped() -> None:
    account = OldAccount(call_s=2)
    account.past(60, DAY)
    first = account.run()
    assert first.left
    seen = account.names
    while account.ledger.passed_until(FIRST) is None:
        account.wait_until(account.began_at + HOUR)
        account.run()
    of_first_pass = account.names[: len(set(account.names))]
    assert seen == of_first_pass[: len(seen)]
    assert Counter(of_first_pass).most_common(1)[0][1] == 1
    assert set(of_first_pass) == {f"past-{n:06}" for n in range(60)}


def test_a_job_that_ends_the_function_delays_no_other() -> None:
    account = OldAccount()
    account.past(1_000, 40 * HOUR, ended_after=timedelta(0))
    account.ledger.note_passed(FIRST, T0)
    account.launch("behind")
    account.wait_until(T0 + HOUR)
    account.launch("poison")
    account.fatal = {"poison"}
    with pytest.raises(KilledError):
        account.run()
    account.run()
    assert account.names[:2] == ["poison", "behind"]
    assert account.ledger.passed_until(FIRST) == T0 + HOUR


def test_a_job_that_fails_stops_no_other_and_is_tried_again_hours_later() -> None:
    account = settled(OldAccount())
    account.wait_until(T0 + DAY)
    settled(account)
    for name in ("before", "silent", "after"):
        account.launch(name)
        account.wait_until(account.at + timedelta(minutes=1))
    account.silent = {"silent"}
    account.wait_until(account.at + HOUR)
    done = [account.run()]
    assert [name for name, _ in done[0].failed] == ["silent"]
    account.wait_until(account.began_at + HOUR)
    account.run()
    assert {"before", "silent", "after"} == set(account.names)
    account.silent.clear()
    account.described.clear()
    for _ in range(2 * SECOND_LOOK // HOUR):
        account.wait_until(account.began_at + HOUR)
        account.run()
    assert "silent" in account.names


def test_slow_failures_delay_the_others_and_never_stop_them() -> None:
    account = OldAccount()
    account.past(10, HOUR)
    account.silent = {f"past-{n:06}" for n in range(9)}
    for _ in range(10):
        account.run()
        account.wait_until(account.began_at + HOUR)
    assert "past-000009" in account.names


@pytest.mark.slow
def test_a_token_that_is_refused_costs_no_job_and_no_second_look() -> None:
    account = OldAccount(call_s=1, tokens_live=HOUR / 2)
    account.past(250, 20 * HOUR)
    while account.ledger.passed_until(FIRST) is None:
        assert account.run().triggered or account.ledger.passed_until(FIRST)
        account.wait_until(account.began_at + HOUR)
    assert list(dict.fromkeys(account.names)) == [f"past-{n:06}" for n in range(250)]


def test_empty_pages_move_a_pass() -> None:
    account = OldAccount(call_s=5)

    class Emptied:
        """A list whose pages are all empty until the tenth."""

        def list_training_jobs(self, **asked: Any) -> Any:
            account.at += timedelta(seconds=5)
            number = int(asked.get("NextToken", 0))
            return {"TrainingJobSummaries": []} | ({"NextToken": str(number + 1)} if number < 10 else {})

    ports = replace(account.ports, jobs=SageMakerJobs(Emptied()))
    assert discover(ports).left
    position = account.ledger.position(FIRST)
    assert position is not None
    assert int(position.token) >= 3
    for _ in range(3):
        account.at += HOUR
        discover(ports)
    assert account.ledger.passed_until(FIRST) is not None


@pytest.mark.parametrize("refuses", [False, True])
def test_a_list_that_repeats_its_token_or_refuses_each_one_keeps_no_new_job_waiting(refuses: bool) -> None:
    account = OldAccount(call_s=1)
    account.past(20, 20 * HOUR)
    real = account.list_training_jobs

    class SamePage:
        def __getattr__(self, operation: str) -> Any:
            return getattr(account, operation)

        def list_training_jobs(self, **asked: Any) -> Any:
            if refuses and "NextToken" in asked:
                raise client_error("ValidationException", "Invalid token.", "ListTrainingJobs")
            return real(**{name: value for name, value in asked.items() if name != "NextToken"}) | {"NextToken": "same"}

    ports = replace(account.ports, jobs=SageMakerJobs(SamePage()))
    for _ in range(4):
        account.began_at = account.at
        discover(ports)
        account.wait_until(account.at + HOUR)
    account.launch("fresh")
    account.described.clear()
    account.began_at = account.at
    discover(ports)
    assert "fresh" in account.names


def test_jobs_created_at_the_same_moment_are_each_looked_at_once() -> None:
    account = OldAccount(call_s=2)
    for n in range(12):
        account.launch(f"twin-{n:02}")
    while account.ledger.passed_until(FIRST) is None:
        account.run()
        account.wait_until(account.at + timedelta(seconds=1))
    assert sorted(account.names[:12]) == [f"twin-{n:02}" for n in range(12)]


def test_rows_of_older_versions_are_read_as_before() -> None:
    account = OldAccount()
    account.past(400, 40 * DAY)
    account.ledger.note_passed(FIRST, T0 - 3 * HOUR)
    account.ledger.note_passed(SECOND, T0 - 9 * HOUR)
    account.run()
    assert set(account.names) <= {f"past-{n:06}" for n in range(3)}
    assert account.ledger.passed_until(FIRST) == T0
    assert isinstance(account.ledger.position(FIRST), PassPosition | None)


@pytest.mark.nightly
def test_more_jobs_of_one_moment_than_a_page_has_are_all_looked_at_though_no_token_lives_for_an_hour() -> None:
    account = OldAccount(tokens_live=timedelta(minutes=10))
    account.past(250, timedelta(0), ended_after=timedelta(0))
    for _ in range(4):
        account.run()
        account.wait_until(account.began_at + HOUR)
    assert len(set(account.names)) == 250


@pytest.mark.slow
def test_an_old_job_in_the_middle_of_a_page_does_not_end_a_pass() -> None:
    account = OldAccount(call_s=0.05)
    account.past(130, 10 * HOUR)
    odd = account.world.jobs["past-000020"]
    odd.created_at = T0 - 300 * DAY
    account.run()
    assert {"past-000019", "past-000021", "past-000129"} <= set(account.names)
