"""A job that breaks an enforced rule is stopped, or stopped with the changes that repair it; it is repaired once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide import decide
from controller.decide.enforce.enforce import offences_of
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.job import Service
from controller.jobs.request import change_from_json
from controller.ledger.entry import Flagged, Waived
from controller.ledger.intent import STOP_UNDER_WAY, Announce, Intent, IntentResult, Purpose, Stop, Submit
from controller.ledger.messages.kind import MessageKind
from controller.ledger.move_cause import MoveCause
from controller.policy.mode import Mode
from controller.policy.policy import Repair, Rule, RuleAction, Severity
from controller.policy.selector import Selector
from controller.policy.slack_settings import SlackSettings
from controller.policy.waiver import Waiver
from tests.builders import BEGIN, block, facts, job, lineage, policy, rule
from tests.unit.decide.deciding import actions, text

REPAIRING = policy(
    rules=(
        rule("save-it", kind="checkpoint-required", options={"runtime_over_s": 900}, action=RuleAction.REPAIR,
             repair=Repair(checkpoint="s3://acme/{team}/{family}/")),
    ),
    resubmissions=(),
)  # fmt: skip
WITHOUT_CHECKPOINTS = job(checkpoint_uri=None)


def test_a_rule_that_repairs_stops_the_job_with_the_changes_of_the_repair() -> None:
    [stop] = actions(facts(WITHOUT_CHECKPOINTS, policy=REPAIRING), Stop)
    assert (stop.purpose, stop.next_cause) == (Purpose.REPAIR, MoveCause.REPAIR)
    assert change_from_json(stop.changes) == {"CheckpointConfig": {"S3Uri": "s3://acme/vision/bert/"}}


def test_a_repaired_job_that_still_breaks_the_rule_is_reported_and_not_repaired_again() -> None:
    submit = Submit(about="bert", job="bert-2", number=2, cause=MoveCause.REPAIR)
    done = Intent(action=submit, due_at=BEGIN, claim=1, closed=IntentResult.DONE)
    first = next(e for e in decide(facts(WITHOUT_CHECKPOINTS, policy=REPAIRING)).entries if isinstance(e, Flagged))
    repaired = job("bert-2", checkpoint_uri=None)
    again = facts(repaired, policy=REPAIRING, number=2, lineage=lineage(intents=(done,), entries=(first,)))
    assert not actions(again, Stop, Submit)
    assert "no second repair" in text(again, "flagged/save-it/enforce")


def test_where_a_repair_is_not_possible_the_job_keeps_running_and_people_are_told() -> None:
    impossible = facts(replace(WITHOUT_CHECKPOINTS, tags={"team": "../search"}), policy=REPAIRING)
    assert not actions(impossible, Stop)
    assert "it cannot be repaired automatically" in text(impossible, "flagged/save-it/enforce")


@pytest.mark.parametrize(
    ("match", "stopped"),
    [
        pytest.param(Selector(tags={"team": ("vision",)}, name=("other-*",)), False, id="a cap of its team"),
        pytest.param(Selector(name=("other-*",)), False, id="a cap of every team"),
        pytest.param(Selector(tags={"team": ("ads",)}), True, id="a cap of another team, by tag"),
        pytest.param(Selector(role=("*/Ads",)), True, id="a cap of another team, by role"),
    ],
)
def test_a_repair_of_a_job_that_no_resubmit_block_selects_is_held_to_the_lowest_cap_of_its_team(
    match: Selector, stopped: bool
) -> None:
    for caps in ({"team_month_cap_micros": 1_000_000}, {"cap_micros": 1_000_000}):
        others = (replace(block(**caps), match=match), replace(block(), match=match))
        capped = facts(WITHOUT_CHECKPOINTS, policy=replace(REPAIRING, resubmissions=others))
        assert capped.policy.resubmission_for(capped.job) is None
        assert bool(actions(capped, Stop)) is stopped, caps


TO_SPOT = rule(action=RuleAction.REPAIR, repair=Repair(checkpoint="s3://acme/{team}/{family}/"))
SHORT_WAIT = rule("short-wait", kind="max-wait-limit", options={"at_most_s": 3600}, mode=Mode.WARN, action=None)
TAGGED = rule(
    "who-pays", kind="tags-required", options={"tags": ("owner",)}, action=RuleAction.REPAIR, repair=Repair(tags={"owner": "ml"})
)


@pytest.mark.parametrize("slack", [False, True], ids=["a waiver of the policy", "one given in Slack"])
@pytest.mark.parametrize(
    "waived", [SHORT_WAIT, TAGGED], ids=["a rule that the repair alone would break", "a rule that is broken"]
)
def test_a_waived_rule_changes_no_repair(waived: Rule, slack: bool) -> None:
    end = BEGIN + timedelta(hours=9)
    written = Waiver(name="w", rules=(waived.name,), reason="r", owner="ada", ticket="ML-1", expires=end)
    given = Waived(job="bert", at=BEGIN, team=None, policy=waived.name, who="U1", reason="r", ticket="T", until=end)
    about = job(spot=False, wait_s_max=None, checkpoint_uri=None, runtime_s_max=36_000)
    plain = facts(about, policy=policy(rules=(TO_SPOT,), resubmissions=()))
    whole = policy(rules=(TO_SPOT, waived), resubmissions=(), waivers=() if slack else (written,))
    [stop] = actions(facts(about, policy=whole, lineage=lineage(entries=(given,) if slack else ())), Stop)
    assert [stop] == actions(plain, Stop)
    unwaived = actions(facts(about, policy=replace(whole, waivers=())), Stop)
    assert unwaived != [stop], "the rule counts where nothing waives it"


SEARCH_ONLY = policy(rules=(rule(match=Selector(tags={"team": ("search",)})),), resubmissions=())


@pytest.mark.parametrize(("first", "stopped"), [("search", True), ("vision", False)])
def test_a_finding_that_holds_only_because_of_later_tags_is_announced_and_not_acted_on(first: str, stopped: bool) -> None:
    """Whoever may call AddTags can change the tags of other people's jobs."""
    by_now = job(spot=False, wait_s_max=None, tags={"team": "search"})
    found = facts(by_now, tagged_first=replace(by_now, tags={"team": first}), policy=SEARCH_ONLY)
    assert bool(actions(found, Stop)) is stopped
    assert [a.kind for a in actions(found, Announce) if a.topic.startswith("flagged/")] == [MessageKind.FLAGGED]


def test_a_waiver_counts_for_the_tags_that_were_read_first_and_one_given_in_slack_for_all() -> None:
    first = job(spot=False, wait_s_max=None, tags={"team": "search"})
    by_now = replace(first, tags={"team": "ads"})
    waiver = Waiver(
        name="moving", rules=("use-spot",), reason="it is moved next week", owner="ada", ticket="ML-1",
        expires=BEGIN + timedelta(days=1), match=Selector(tags={"team": ("search",)}),
    )  # fmt: skip
    waived = policy(rules=(rule(),), resubmissions=(), waivers=(waiver,))
    assert not actions(facts(by_now, tagged_first=first, policy=waived), Stop)
    assert actions(facts(by_now, tagged_first=first, policy=replace(waived, waivers=())), Stop)
    given = Waived(
        job="bert", at=BEGIN, team=None, policy="use-spot", who="U1", reason="r", ticket="T", until=BEGIN + timedelta(hours=2)
    )
    known = facts(by_now, tagged_first=first, policy=replace(waived, waivers=()), lineage=lineage(entries=(given,)))
    assert not actions(known, Stop)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("flagged_kind", "longest", "age", "holds"),
    [
        ("spot-required", 14 * DAY, DAY, False),
        ("spot-required", 2 * DAY, DAY, False),
        ("spot-required", 12 * DAY / 24, DAY, True),  # the policy allows less than when it was given
        ("spot-required", DAY, DAY, True),
        ("spot-required", 14 * DAY, timedelta(seconds=-2), False),  # the clock that wrote it is ahead
        ("max-runtime-limit", 14 * DAY, DAY, True),  # the name is another rule's now
        (None, 14 * DAY, DAY, False),
    ],
)
def test_a_waiver_given_in_slack_is_limited_by_the_current_policy(
    flagged_kind: str | None, longest: timedelta, age: timedelta, holds: bool
) -> None:
    offender, now = job(spot=False, wait_s_max=None), BEGIN + timedelta(minutes=5)
    given = Waived(job="bert", at=now - age, team=None, policy="use-spot", who="U1", reason="r", ticket="T", until=now + 13 * DAY)
    flagged = Flagged(
        job="bert", at=now - age - timedelta(minutes=1), team=None, rule=flagged_kind or "", policy="use-spot",
        severity=Severity.HIGH, mode=Mode.ENFORCE, field="f", found="x", wanted="y", revision="r0",
    )  # fmt: skip
    entries = (given,) if flagged_kind is None else (flagged, given)
    under = replace(policy(rules=(rule(),), resubmissions=()), slack=SlackSettings(waiver_s_max=int(longest.total_seconds())))
    stops = actions(facts(offender, now=now, policy=under, lineage=lineage(entries=entries)), Stop)
    assert bool(stops) is holds


@pytest.mark.parametrize("longest", [14 * DAY, DAY / 24], ids=["it has ended", "the policy of now allows less"])
def test_a_finding_says_that_a_waiver_given_in_slack_has_expired(longest: timedelta) -> None:
    now = BEGIN + DAY
    end = BEGIN + timedelta(hours=1) if longest > DAY else now + DAY
    given = Waived(job="bert", at=BEGIN, team=None, policy="use-spot", who="U1", reason="r", ticket="T", until=end)
    under = replace(policy(rules=(rule(),), resubmissions=()), slack=SlackSettings(waiver_s_max=int(longest.total_seconds())))
    told = actions(facts(job(spot=False, wait_s_max=None), now=now, policy=under, lineage=lineage(entries=(given,))), Announce)
    [lapsed] = [json.loads(a.facts)["lapsed"] for a in told if a.kind is MessageKind.FLAGGED]
    assert lapsed == "The waiver given in Slack has expired (2026-03-02 10:00 UTC), so the rule applies."


def test_only_the_alarm_about_checkpoints_is_told_once_a_day() -> None:
    alive = rule("alive", kind="checkpoint-alive", options={"first_within_s": 60}, mode=Mode.WARN, action=None)
    scan = CheckpointScan(
        uri="s3://b/p/", scanned_at=BEGIN + timedelta(hours=2), objects=0, bytes_seen=0, newest_at=None, complete=True
    )
    told = actions(facts(job(), policy=policy(rules=(alive,)), checkpoint_scan=scan, now=BEGIN + timedelta(hours=2)), Announce)
    assert [(a.kind, a.once_a_day) for a in told if a.kind is MessageKind.FLAGGED] == [(MessageKind.FLAGGED, "alive")]
    spot_rule = actions(facts(job(spot=False)), Announce)
    assert {a.once_a_day for a in spot_rule if a.kind is MessageKind.FLAGGED} == {""}


def test_a_job_of_another_service_never_did_what_a_rule_would_have_stopped_it_for() -> None:
    offender = job(spot=False, wait_s_max=None)
    assert [finding.policy for finding in offences_of(facts(offender))] == ["use-spot"]
    assert offences_of(facts(replace(offender, service=Service.TUNING))) == ()


@pytest.mark.parametrize(("why", "kept"), [*((why, True) for why in STOP_UNDER_WAY), ("", False), ("throttled", False)])
def test_a_stop_that_sagemaker_took_stays_open_although_no_rule_asks_for_it_any_more(why: str, kept: bool) -> None:
    """The description may be older than the call, and still show InProgress."""
    begun = Intent(action=Stop(about="bert", because="use-spot"), due_at=BEGIN, claim=1, why=why)
    found = facts(job(), policy=policy(rules=(), resubmissions=()), lineage=lineage(intents=(begun,)))
    assert [i.key for i in decide(found).withdrawn] == ([] if kept else ["stop/bert"])
