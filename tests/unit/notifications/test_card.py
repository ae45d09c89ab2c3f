"""The card of a lineage: state, owner, next step, cost, waivers and buttons."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from controller.jobs.failure import FailureCause
from controller.jobs.job import Outcome
from controller.ledger.entry import Credited, Ended, Finished, Flagged, Interrupted, Measured, Repeated, Started, Waived
from controller.ledger.intent import Announce, Intent, IntentResult, Stop, Submit, Wake
from controller.ledger.messages.kind import GiveUpReason, NextStep
from controller.ledger.messages.message import CannotRepeat, CheckpointsUnseen, GaveUp, JobFacts, RuleBroken
from controller.ledger.messages.stored_facts import facts_to_json
from controller.notifications.block_kit import pages
from controller.notifications.card import card, money_text, saved_text
from controller.notifications.messages.catalogue import describe
from controller.notifications.mrkdwn import when
from controller.notifications.parts import Buttons, Fields, Small, Text
from controller.policy.mode import Mode
from controller.policy.policy import Severity
from controller.policy.slack_settings import Labels, SlackSettings
from controller.policy.user_request import UserRequest
from controller.savings.attempt_savings import Savings
from controller.units.money import Rate
from tests import builders
from tests.builders import BEGIN, lineage, lineage_id, policy
from tests.slack_limits import broken
from tests.unit.policy.test_waiver import waiver

NOW = BEGIN + timedelta(hours=1)
STARTED = Started(
    job="bert", at=BEGIN, team="vision", number=1, spot=True, instance_type="ml.g5.2xlarge", instance_count=2,
    region="us-east-1", service=None, checkpoint_uri=None, user="ada",
)  # fmt: skip
STARVED = Ended(
    job="bert", at=BEGIN, team="vision", outcome=Outcome.STARVED, seen_at=BEGIN, failure=None, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1",
)  # fmt: skip
FINISHED = Finished(
    job="bert", at=NOW, team="vision", family="bert", outcome=Outcome.COMPLETED, attempts=1, spot=True,
    instance_type="ml.g5.2xlarge", region="us-east-1", work_s=60, deadline=NOW,
)  # fmt: skip
AGAIN = Intent(action=Submit(about="bert", job="bert-r02", number=2, cause=FailureCause.STARVED), due_at=NOW)
STOP = Intent(action=Stop(about="bert", because="use-spot"), due_at=NOW)
WAKE = Intent(action=Wake(about="bert", at=NOW), due_at=NOW)
WAIVED = Waived(
    job="bert", at=BEGIN, team=None, policy="use-spot", who="U1", reason="demo", ticket="T-1", until=NOW + timedelta(days=1)
)
SILENT = policy()


def parts(*entries: Any, intents: tuple[Intent, ...] = (), of: Any = SILENT) -> tuple[Any, ...]:
    return card(lineage(entries=entries, intents=intents), of, NOW)


def state(*entries: Any, intents: tuple[Intent, ...] = ()) -> str:
    first = parts(*entries, intents=intents)[0]
    assert isinstance(first, Text)
    return first.mrkdwn


def fields(*entries: Any, intents: tuple[Intent, ...] = ()) -> dict[str, str]:
    found = parts(*entries, intents=intents)[1]
    assert isinstance(found, Fields)
    return dict(text.removeprefix("*").split("*\n", 1) for text in found.mrkdwn)


@pytest.mark.parametrize(
    ("entries", "intents", "shown"),
    [
        ((STARTED,), (), ":runner: *bert* is running"),
        ((STARTED,), (WAKE,), ":runner: *bert* is running"),
        ((STARTED,), (STOP,), ":octagonal_sign: *bert* is being stopped"),
        ((STARTED,), (replace(STOP, closed=IntentResult.WITHDRAWN),), ":runner: *bert* is running"),
        ((STARTED, STARVED), (), ":hourglass: *bert* did not finish within MaxWaitTimeInSeconds"),
        ((STARTED, STARVED), (AGAIN, STOP), ":repeat: *bert* is submitted again as attempt 2"),
        ((STARTED, replace(STARVED, outcome=Outcome.COMPLETED)), (), ":white_check_mark: *bert* completed"),
        (
            (STARTED, replace(STARTED, job="bert-r02", number=2), replace(STARVED, job="bert-r02")),
            (),
            ":hourglass: *bert* did not finish within MaxWaitTimeInSeconds after 2 attempts",
        ),
        ((), (), "*bert*: no data yet"),
    ],
)
def test_the_first_line_shows_the_state(entries: tuple[Any, ...], intents: tuple[Intent, ...], shown: str) -> None:
    assert state(*entries, intents=intents) == shown


def test_the_card_of_a_running_job_has_these_fields() -> None:
    assert fields(STARTED) == {
        "Owner": "ada, team vision",
        "Instances": "2 × ml.g5.2xlarge, spot",
        "Next step": "None planned. The job is running.",
        "Cost so far": "No cost recorded yet",
    }


def test_an_owner_is_a_user_a_team_both_or_nobody() -> None:
    assert fields(replace(STARTED, user=None))["Owner"] == "team vision"
    assert fields(replace(STARTED, team=None))["Owner"] == "ada"
    assert fields(replace(STARTED, team=None, user=None))["Owner"] == "no owner tag"


def test_an_on_demand_job_says_so() -> None:
    assert fields(replace(STARTED, spot=False))["Instances"] == "2 × ml.g5.2xlarge, on-demand"


def test_the_next_step_is_the_first_open_stop_or_submission() -> None:
    assert fields(STARTED, STARVED)["Next step"] == "No next step. This job is finished."
    assert fields(STARTED, intents=(WAKE, STOP))["Next step"].startswith("Stop. ")
    assert "use-spot" in fields(STARTED, intents=(STOP,))["Next step"]
    assert fields(STARTED, STARVED, intents=(WAKE, AGAIN))["Next step"] == f"Attempt bert-r02 at {when(NOW)}"


def test_interruptions_are_counted_where_there_are_any() -> None:
    def interrupted(minute: int) -> Interrupted:
        at = BEGIN + timedelta(minutes=minute)
        return Interrupted(job="bert", at=at, team=None, instance_type="ml.g5.2xlarge", region="us-east-1")

    assert "Interrupted" not in fields(STARTED)
    assert fields(STARTED, interrupted(1))["Interrupted"] == "once"
    assert fields(STARTED, interrupted(1), interrupted(2))["Interrupted"] == "2 times"


def test_a_deadline_is_met_by_a_model_that_exists_at_it() -> None:
    late = replace(FINISHED, at=NOW + timedelta(seconds=1))
    assert fields(STARTED, STARVED, FINISHED)["Deadline"] == f"{when(NOW)}: met"
    assert fields(STARTED, STARVED, late)["Deadline"] == f"{when(NOW)}: missed"
    assert fields(STARTED, STARVED, replace(FINISHED, outcome=Outcome.ALGORITHM))["Deadline"] == f"{when(NOW)}: missed"
    assert "Deadline" not in fields(STARTED, STARVED, replace(FINISHED, deadline=None))
    assert "Deadline" not in fields(STARTED, FINISHED), "the end of an attempt that has not ended is somebody else's row"


def test_the_cost_covers_every_attempt() -> None:
    def measured(job: str) -> Measured:
        return Measured(
            job=job, at=BEGIN, team=None, training_s=3600, billable_s=1800, spot=True, instance_type="ml.g5.2xlarge",
            instance_count=1, region="us-east-1", rate_micros_per_h=1_000_000, rate_as_of=None, rate_source=None,
        )  # fmt: skip

    credit = Credited(job="bert", at=BEGIN, team=None, useful_s=3600, basis="whole")
    other = replace(credit, job="gpt")
    assert fields(STARTED, measured("bert"), measured("gpt"), credit, other)["Cost so far"] == "$1.00 spent, $1.00 saved"


@pytest.mark.parametrize(
    ("total", "text"),
    [
        (Savings(), "No cost recorded yet"),
        (Savings(attempts=1, spent_micros=1_000_000, counterfactual_micros=3_000_000), "$1.00 spent, $2.00 saved"),
        (Savings(attempts=1, spent_micros=3_000_000), "$3.00 spent, $3.00 more than on-demand"),
        (
            Savings(attempts=4, spent_micros=3_000_000, counterfactual_micros=3_000_000, wasted_micros=500_000, unpriced=1,
                    unmeasured=2, bounded=1),
            "$3.00 spent, $0.50 wasted, 1 attempt without a known price, 2 attempts with unknown usage."
                " This figure is a minimum.",
            ),
            (
                Savings(attempts=1, spent_micros=1_000_000, counterfactual_micros=3_000_000, speed_unknown=1, bounded=1),
                "$1.00 spent, $2.00 saved. The saving is estimated: the speed of the other instances is unknown."
                " This figure is a minimum.",
            ),
            (
                Savings(attempts=1, spent_micros=3_000_000, wasted_micros=3_000_000),
                "$3.00 spent, all of it on work that was lost",
            ),
            (
                Savings(attempts=2, never_started=1, spent_micros=7_000_000, counterfactual_micros=7_000_000),
                "$7.00 spent, 1 attempt never started and cost nothing",
        ),
    ],
)  # fmt: skip
def test_the_cost_says_what_it_does_not_cover(total: Savings, text: str) -> None:
    assert money_text(total) == text


def test_a_loss_is_never_written_as_a_negative_saving() -> None:
    assert (saved_text(0), saved_text(-1_000_000)) == ("$0.00 saved", "$1.00 more than on-demand")


def test_the_last_line_shows_the_account_the_region_and_the_creation_time() -> None:
    last = parts(STARTED)[-1]
    assert last == Small(f"account 111122223333 · us-east-1 · created {when(BEGIN)}")


def under(*entries: Any, intents: tuple[Intent, ...] = ()) -> str:
    """The text of the last line after the creation time."""
    last = parts(*entries, intents=intents)[-1]
    assert isinstance(last, Small)
    return last.mrkdwn.partition(when(BEGIN))[2]


def test_the_last_line_names_the_mode_and_the_policy_of_what_the_card_says() -> None:
    first = replace(STARTED, revision="aaaaaaaaaaaa", mode="audit")
    later = replace(STARVED, at=NOW, revision="bbbbbbbbbbbb", mode="enforce")
    other = replace(later, job="bert-r02", at=NOW + timedelta(hours=1), revision="cccccccccccc")
    message = GaveUp(
        job=JobFacts(name="bert", instance_type="ml.g5.2xlarge", instances=2, spot=True), reason=GiveUpReason.NO_PRICE
    )
    told = Intent(
        due_at=NOW,
        action=Announce(
            about="bert", topic="gave-up", channel="#ml", kind=message.kind, facts=facts_to_json(message),
            revision="dddddddddddd", mode="warn",
        ),
    )  # fmt: skip
    assert under(first) == " · mode audit, policy aaaaaaaaaaaa"
    assert under(first, later, other) == " · mode enforce, policy bbbbbbbbbbbb"  # the newest entry about the newest attempt
    assert under(first, replace(later, revision="", mode="")) == " · mode audit, policy aaaaaaaaaaaa"  # an older row has none
    assert under(first, intents=(told,)) == " · mode warn, policy dddddddddddd"  # that of the announcement on the card


def test_a_waiver_is_shown_while_it_is_in_force() -> None:
    expired = replace(WAIVED, policy="tags", until=NOW)
    shown = parts(STARTED, WAIVED, expired)[2]
    assert shown == Small(f"Waived: use-spot until {when(WAIVED.until)} (demo, T-1)")
    assert not any("Waived" in getattr(part, "mrkdwn", "") for part in parts(STARTED, expired))


def test_a_card_is_always_one_message_with_all_buttons_and_links() -> None:
    long = "\N{PILE OF POO}" * 120
    attempts = [replace(STARTED, job=f"bert-r{number:03d}", number=number + 1) for number in range(200)]
    last = attempts[-1].job
    interrupted = [
        Interrupted(
            job=last, at=BEGIN + n * timedelta(minutes=1), team="vision", instance_type="ml.g5.2xlarge", region="us-east-1"
        )
        for n in range(500)
    ]
    waived = [replace(WAIVED, job=last, policy=f"rule-{number}", reason=long, ticket=long) for number in range(60)]
    flagged = [replace(FLAGGED, policy=f"rule-{number}-{'x' * 200}") for number in range(60)]
    news = tuple(replace(told(message, about=last), closed=None) for message in flagged)
    news = tuple(replace(one, action=replace(one.action, topic=f"flagged/{number}")) for number, one in enumerate(news))  # type: ignore[type-var]
    everybody = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("*",))))
    shown = parts(*attempts, *interrupted, *waived, intents=news, of=everybody)
    [page] = pages(shown)
    assert broken(page.text, page.blocks) == []
    assert all(text in page.text for text in ("and 57 more", "Also: 54 more", "500 times"))
    assert page.blocks[-1]["type"] == "actions"


def test_a_waiver_of_the_policy_is_shown_while_it_is_in_force() -> None:
    flagged = Flagged(
        job="bert", at=BEGIN, team="vision", rule="spot-required", policy="use-spot", severity=Severity.HIGH, mode=Mode.AUDIT,
        field="F", found="<!here>", wanted="on", revision="r1", waiver="old-bert", waived_until=NOW + timedelta(days=1),
    )  # fmt: skip
    of = policy(waivers=(waiver(reason="<!channel> no time"),))
    text = "\n".join(part.mrkdwn for part in parts(STARTED, flagged, of=of) if isinstance(part, Small))
    assert f"Waived by the policy: use-spot until {when(NOW + timedelta(days=1))} by old-bert: &lt;!channel&gt; no time" in text
    over = replace(flagged, waived_until=NOW)
    assert "Waived" not in "\n".join(part.mrkdwn for part in parts(STARTED, over, of=of) if isinstance(part, Small))


def test_each_button_has_the_lineage_and_the_job_and_asks_for_confirmation_where_it_stops_something() -> None:
    everybody = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("*",))))
    shown = parts(STARTED, of=everybody)[-1]
    assert isinstance(shown, Buttons)
    assert [b.action_id for b in shown.buttons] == ["spotwarden/on-demand", "spotwarden/stop", "spotwarden/halt"]
    assert [b.text for b in shown.buttons] == ["Move to on-demand now", "Stop", "Halt Spotwarden"]
    assert [b.style for b in shown.buttons] == ["", "danger", "danger"]
    assert all(json.loads(b.value) == {"lineage": str(lineage_id()), "job": "bert"} for b in shown.buttons)
    assert all(b.confirm.endswith(".") for b in shown.buttons)
    failed = parts(STARTED, STARVED, of=everybody)[-1]
    assert isinstance(failed, Buttons)
    first = failed.buttons[0]
    assert (first.text, first.style, first.confirm)[:2] == ("Try again", "primary")


def test_a_job_that_a_rule_stopped_is_offered_with_the_fix() -> None:
    everybody = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("*",))))
    stop = Intent(action=Stop(about="bert", because="use-spot"), due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    stopped = replace(STARVED, outcome=Outcome.STOPPED)
    buttons = card(lineage(entries=(STARTED, stopped), intents=(stop,)), everybody, BEGIN + timedelta(hours=9))[-1]
    assert isinstance(buttons, Buttons)
    assert buttons.buttons[0].text == "Submit with the fix"
    assert buttons.buttons[0].action_id == "spotwarden/try-again"


def test_a_job_that_cannot_be_repeated_has_no_button_for_that() -> None:
    everybody = policy(slack=SlackSettings(may=dict.fromkeys(UserRequest, ("*",))))
    refused = CannotRepeat(job=FACTS, why="its name or tags say that it belongs to Step Functions, which may retry it")
    for message, offered in ((refused, set()), (replace(refused, rules="use-spot"), {"Try again", "Move to on-demand now"})):
        shown = card(lineage(entries=(STARTED, STARVED), intents=(told(message),)), everybody, NOW)[-1]
        assert isinstance(shown, Buttons)
        assert {button.text for button in shown.buttons} == {"Halt Spotwarden", *offered}


def test_a_finished_job_s_card_names_the_rules_that_it_broke_unless_a_line_above_does() -> None:
    broke = Flagged(
        job="bert", at=BEGIN, team="vision", policy="wait-limit", rule="max-wait-limit", mode=Mode.WARN, severity=Severity.LOW,
        field="", found="", wanted="", revision="r1",
    )  # fmt: skip
    done = replace(STARVED, outcome=Outcome.COMPLETED, seen_at=NOW)
    assert fields(STARTED, done, broke)["Rules broken"] == "wait-limit"
    assert "Rules broken" not in fields(STARTED, broke)
    assert "Rules broken" not in fields(STARTED, done, replace(broke, mode=Mode.AUDIT))
    assert "Rules broken" not in fields(STARTED, done, replace(broke, waived_until=NOW))
    stop, stopped = replace(STOP, claim=1, closed=IntentResult.DONE), replace(STARVED, outcome=Outcome.STOPPED, seen_at=NOW)
    assert "Rules broken" not in fields(STARTED, stopped, broke, intents=(stop, told(FLAGGED)))


# ── the first message ───────────────────────────────────────────────────────────────────────────────────────────────────────

FACTS = JobFacts(name="bert", instance_type="ml.g5.2xlarge", instances=2, spot=True, team="vision")
FLAGGED = RuleBroken(
    job=FACTS, policy="use-spot", severity="high", field="EnableManagedSpotTraining", found="false", wanted="true",
    next_step=NextStep.STOP, fix='{"EnableManagedSpotTraining": true}',
)  # fmt: skip


def told(message: Any, at: Any = BEGIN, about: str = "bert", **changes: Any) -> Intent:
    action = Announce(about=about, topic=f"{message.kind}/{at}", channel="#ml", kind=message.kind, facts=facts_to_json(message))
    return Intent(action=action, due_at=at, closed=IntentResult.DONE, **changes)


def test_the_card_says_what_happened_why_what_comes_next_and_what_to_do() -> None:
    said = state(STARTED, intents=(STOP, told(FLAGGED)))
    assert said.splitlines() == list(describe(FLAGGED).body.splitlines())
    assert "Next step" not in fields(STARTED, intents=(STOP, told(FLAGGED))), "it is said above"


def test_of_several_messages_the_one_that_acts_on_the_job_comes_first_and_the_others_are_named() -> None:
    unseen = CheckpointsUnseen(job=FACTS, uri="s3://b/p/", problem="AccessDenied")
    said = state(STARTED, intents=(told(unseen), told(FLAGGED)))
    assert said.startswith(':octagonal_sign: *bert* is being stopped: it breaks the rule "use-spot"')
    assert said.splitlines()[-1] == "Also: The checkpoints of *bert* cannot be read. Details are in the thread."


def test_a_message_from_before_the_end_of_a_job_does_not_describe_it() -> None:
    alive = replace(FLAGGED, policy="really-written", next_step=NextStep.NOTHING, fix="")
    done = replace(STARVED, outcome=Outcome.COMPLETED, seen_at=NOW)
    assert state(STARTED, done, intents=(told(alive),)) == ":white_check_mark: *bert* completed"


def test_a_job_that_a_rule_stopped_keeps_the_reason_and_what_to_do() -> None:
    stop = replace(STOP, claim=1, closed=IntentResult.DONE)
    ended = replace(STARVED, outcome=Outcome.STOPPED, seen_at=NOW)
    said = state(STARTED, ended, intents=(stop, told(FLAGGED))).splitlines()
    assert said[0] == ":octagonal_sign: *bert* was stopped by the rule use-spot"
    assert said[1] == "*Why:* EnableManagedSpotTraining is false. Required: true."
    assert said[2] == "*Next:* The job is not submitted again automatically."
    assert said[3].startswith("*To do:* Change the request and submit the job again: `{")


def test_messages_about_an_attempt_on_the_card_name_the_job_as_people_did() -> None:
    second = replace(STARTED, job="bert-r02", number=2)
    given_up = GaveUp(job=replace(FACTS, name="bert-r02"), reason=GiveUpReason.NO_FURTHER_STEP)
    said = card(
        lineage(
            entries=(STARTED, STARVED, second, replace(STARVED, job="bert-r02")), intents=(told(given_up, about="bert-r02"),)
        ),
        SILENT, NOW,
    )[0]  # fmt: skip
    assert isinstance(said, Text)
    assert "*bert* " in said.mrkdwn
    assert "*bert-r02*" not in said.mrkdwn


def test_announcements_that_cannot_be_read_or_were_withdrawn_are_left_out() -> None:
    withdrawn = replace(told(FLAGGED), closed=IntentResult.WITHDRAWN)
    broken = Intent(action=Announce(about="bert", topic="flagged", channel="#ml", kind=FLAGGED.kind, facts="{}"), due_at=BEGIN)
    assert state(STARTED, intents=(withdrawn, broken)) == ":runner: *bert* is running"


def test_the_card_links_to_the_job_its_logs_and_the_docs_of_the_rule() -> None:
    rule = builders.rule(name="use-spot", docs="https://wiki.example.com/spot?a=1&b=2")
    smalls = [
        part.mrkdwn
        for part in parts(STARTED, intents=(told(FLAGGED),), of=replace(policy(), rules=(rule,)))
        if isinstance(part, Small)
    ]
    assert smalls[0] == (
        "<https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1#/jobs/bert|Job in SageMaker> · "
        "<https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dbert$252F|Logs in CloudWatch> · "
        "<https://wiki.example.com/spot?a=1&amp;b=2|About the rule use-spot>"
    )


def test_a_running_job_says_what_an_hour_costs_at_most_and_a_finished_one_never_that_nothing_is_recorded() -> None:
    rate = Rate(micros_per_h=1_500_000, as_of=BEGIN.date(), source="test")

    def cost(*entries: Any, rate: Any = None) -> str:
        found = card(lineage(entries=entries), SILENT, NOW, rate)[1]
        assert isinstance(found, Fields)
        return next(text for text in found.mrkdwn if text.startswith("*Cost"))

    assert cost(STARTED, rate=rate) == "*Cost so far*\nUp to $3.00 an hour while it trains"
    assert cost(STARTED, STARVED) == "*Cost so far*\nSageMaker reports the usage some minutes after the end"
    never = Measured(
        job="bert", at=BEGIN, team=None, training_s=0, billable_s=0, spot=True, instance_type="ml.g5.2xlarge",
        instance_count=1, region="us-east-1", rate_micros_per_h=1_000_000, rate_as_of=None, rate_source=None,
    )  # fmt: skip
    assert cost(STARTED, STARVED, never) == "*Cost so far*\nNothing: it never started"


def test_the_account_is_shown_with_its_name_in_the_policy() -> None:
    named = replace(policy(), labels=Labels(accounts={"111122223333": "ml-prod"}))
    last = parts(STARTED, of=named)[-1]
    assert last == Small(f"account 111122223333 (ml-prod) · us-east-1 · created {when(BEGIN)}")


def test_sagemaker_s_own_repetitions_are_counted_where_there_are_any() -> None:
    again = [Repeated(job="bert", at=BEGIN + timedelta(minutes=minute), team="vision") for minute in (1, 2)]
    assert "Repeated by SageMaker" not in fields(STARTED)
    assert fields(STARTED, *again[:1])["Repeated by SageMaker"] == "once, after an internal error (RetryStrategy)"
    assert fields(STARTED, *again)["Repeated by SageMaker"] == "2 times, after an internal error (RetryStrategy)"
