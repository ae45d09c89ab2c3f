"""The phrases that several messages share: sentences, costs, owners."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.jobs.job import Outcome
from controller.ledger.halt import WHO_MAX, WHY_MAX, halt_of
from controller.ledger.messages.message import CannotRepeat, CapFacts, CostFacts, CreateRefused, JobFacts, RuleBroken
from controller.notifications.messages.attempts import cannot_repeat
from controller.notifications.messages.give_up import make_room
from controller.notifications.messages.problems import create_refused
from controller.notifications.messages.rules import rule_broken
from controller.notifications.messages.text import (
    MessageText,
    explained,
    halted,
    halted_text,
    sentence,
    small_print,
    with_cost,
)
from tests.builders import BEGIN


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("bert-r02 was created by somebody else", "bert-r02 was created by somebody else."),
        ("ml.p3dn.24xlarge is not supported", "ml.p3dn.24xlarge is not supported."),
        ("s3://acme/b/ cannot be read", "s3://acme/b/ cannot be read."),
        ("sagemaker:CreateTrainingJob is denied", "sagemaker:CreateTrainingJob is denied."),
        ("access denied: no reason", "Access denied: no reason."),
        ("it is serverless.", "It is serverless."),
        ("on-demand is not allowed", "On-demand is not allowed."),
        ("throttled", "Throttled."),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_it_begins_with_a_name(said: str, shown: str) -> None:
    assert sentence(said) == shown


@pytest.mark.parametrize(
    ("kind", "to_do"),
    [
        ("prefix-shared", "Change the next job. Required: s3://b/p/, with a slash at the end."),
        ("team-contradicted", "Change the next job. Required: s3://b/p/, with a slash at the end."),
        ("spot-worth-it", "Change the next job. Required: s3://b/p/, with a slash at the end."),
        ("checkpoint-alive", "Check that the training script saves checkpoints"),
        ("", "Check that the training script saves checkpoints"),
    ],
)
def test_only_the_alarm_about_checkpoints_sends_people_to_the_training_script(kind: str, to_do: str) -> None:
    job = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True)
    message = RuleBroken(
        job=job, policy=kind, rule=kind, severity="medium", field="CheckpointConfig.S3Uri", found="s3://b/p",
        wanted="s3://b/p/, with a slash at the end", risk="Something is lost.",
    )  # fmt: skip
    assert rule_broken(message).lines[-1].startswith(f"*To do:* {to_do}")


def test_a_higher_cap_is_advised_only_where_the_price_is_known() -> None:
    known = CapFacts(cap_micros=3_000_000, spent_micros=2_000_000, next_micros=1_500_000)
    unknown = CapFacts(cap_micros=3_000_000, spent_micros=2_000_000, next_micros=None)
    assert make_room(known) == make_room(None) == "Raise the cap in the policy"
    assert make_room(unknown) == "Add the price of the instance type to `rates` in the policy"


SPENT = CostFacts(spent_micros=1_700_000, measured=3)
LIVE = CostFacts(hour_micros=1_408_000, most_micros=11_264_000)


@pytest.mark.parametrize(
    ("changes", "cost", "stops", "line"),
    [
        ({}, LIVE, False, "Up to $1.41 an hour while it trains, $11.26 at most, usually less on spot."),
        ({"spot": False}, LIVE, False, "Up to $1.41 an hour while it trains, $11.26 at most."),
        ({"spot": False}, LIVE, True, "Up to $1.41 an hour of training until it has stopped."),
        ({}, CostFacts(), False, "No price is known for ml.g5.xlarge."),
        ({}, SPENT, False, "$1.70 for 3 attempts so far. No price is known for ml.g5.xlarge."),
        ({"outcome": Outcome.STARVED}, SPENT, False, "$1.70 for 3 attempts so far."),
        ({"outcome": Outcome.STARVED}, CostFacts(), False, "Nothing so far."),
        ({"outcome": Outcome.STARVED}, CostFacts(unknown=1), False, "The usage or the price of 1 attempt is not known yet."),
        (
            {"outcome": Outcome.STARVED},
            replace(SPENT, unknown=1),
            False,
            "$1.70 for 3 attempts; the usage or the price of 1 attempt is not known yet.",
        ),
    ],
)
def test_a_message_says_what_a_job_costs_before_it_says_what_to_do(
    changes: dict[str, Any], cost: CostFacts, stops: bool, line: str
) -> None:
    job = replace(JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True), **changes)
    text = with_cost(explained("*bert*", why="a", next_step="b", to_do="c"), job, cost, stops=stops)
    assert text.lines == ("*Why:* a", "*Next:* b", f"*Cost:* {line}", "*To do:* c")


def test_a_message_of_an_older_version_has_no_line_about_the_cost() -> None:
    job, text = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True), MessageText("*bert*")
    assert with_cost(text, job, None, stops=False) == text


@pytest.mark.parametrize(
    ("team", "user", "whose"),
    [
        ("vision", "anna", "anna, team vision"),
        ("vision", None, "team vision"),
        (None, "anna", "anna, no team"),
        (None, None, "no team"),
    ],
)
def test_the_small_print_says_whose_job_it_is(team: str | None, user: str | None, whose: str) -> None:
    job = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=2, spot=True, team=team, user=user)
    assert small_print(job) == f"{whose} · 2 × ml.g5.xlarge · spot"


def test_a_halt_is_told_whole_with_the_longest_name_and_reason() -> None:
    halt = halt_of(why="y" * WHY_MAX, who="w" * WHO_MAX, since=BEGIN)
    assert halted_text(halt) == halted(halt)
    assert halted_text(halt).endswith("y" * WHY_MAX)


def test_a_reason_that_ends_with_a_full_stop_gets_no_second_one() -> None:
    job = JobFacts(name="bert", instance_type="ml.g5.xlarge", instances=1, spot=True)
    first, second = (cannot_repeat(CannotRepeat(job=job, why=why)).lines for why in ("it is serverless.", "it is serverless"))
    assert first == second
    assert first[0].endswith("it is serverless.")


@pytest.mark.parametrize(("spot", "market"), [(True, "spot"), (False, "on-demand")])
def test_a_refused_create_says_which_market_it_was_for(spot: bool, market: str) -> None:
    refused = CreateRefused(
        name="bert", why="capacity", caller="", role="", team="", instance_type="ml.g5.xlarge", instances=1, spot=spot
    )
    assert create_refused(refused).small == f"1 × ml.g5.xlarge · {market}"
