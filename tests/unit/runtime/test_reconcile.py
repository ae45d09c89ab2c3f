"""A look at a job whose tags or algorithm cannot be read: what happened is recorded, and what depends on them waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.jobs.job import Outcome, Service
from controller.ledger.entry import DirectivesRead, Ended, Measured, Started, UserRequested
from controller.ledger.intent import Announce, Stop, Submit
from controller.policy.selector import Selector
from controller.policy.slack_settings import SlackSettings
from controller.policy.user_request import UserRequest
from controller.runtime.ports.answers import Unreachable
from tests import builders
from tests.account import Account
from tests.builders import BEGIN, lineage_id

HOUR = timedelta(hours=1)
TEN_MINUTES = timedelta(minutes=10)


def account_with(block: object = None, **job: object) -> Account:
    account = Account(builders.policy(rules=(), resubmissions=(block or builders.block(),)), now=BEGIN + TEN_MINUTES)
    account.jobs["bert"] = builders.job(**job)
    return account


def seen(account: Account, part: str = "ListTags") -> Account:
    """The account after the whole job was looked at once; from now on a part of it cannot be read."""
    account.trigger("bert")
    account.part_unread = part
    account.now = BEGIN + HOUR
    return account


def unread(account: Account) -> None:
    with pytest.raises(Unreachable, match=account.part_unread):
        account.trigger("bert")


def row(account: Account, kind: type) -> list:
    return [e for e in account.ledger.lineages.load(lineage_id()).entries if isinstance(e, kind)]


def acts(account: Account) -> list[Stop | Submit]:
    return [i.action for i in account.ledger.lineages.load(lineage_id()).intents if isinstance(i.action, Stop | Submit)]


@pytest.mark.parametrize("part", ["ListTags", "DescribeAlgorithm"])
def test_an_end_and_its_usage_are_recorded_for_the_team_of_the_tags(part: str) -> None:
    account = seen(account_with(), part)
    account.end("bert", Outcome.CAPACITY, usage=builders.usage())
    unread(account)
    assert [(e.outcome, e.seen_at) for e in row(account, Ended)] == [(Outcome.CAPACITY, account.now)]
    assert [e.team for e in row(account, Measured)] == ["vision"]
    assert acts(account) == []
    account.now += 3 * HOUR
    unread(account)
    account.part_unread = ""
    account.trigger("bert")  # within the block's time, which counts until the end was first seen
    assert [type(act) for act in acts(account)] == [Submit]


def test_nothing_is_stopped_for_a_rule_or_submitted_and_nothing_that_waits_is_withdrawn() -> None:
    by_tag = builders.block(match=Selector(tags={"team": ("vision",)}))
    account = seen(account_with(by_tag))
    account.policy = replace(account.policy, rules=(builders.rule(),))
    account.end("bert", Outcome.CAPACITY)
    account.part_unread = ""
    account.trigger("bert")
    [waiting] = acts(account)
    account.part_unread = "ListTags"
    account.now += 2 * HOUR  # due
    unread(account)
    assert account.asked == []
    assert [i.open for i in account.ledger.lineages.load(lineage_id()).intents if i.action == waiting] == [True]
    account.part_unread = ""
    account.trigger("bert")
    assert account.asked == [waiting]


def test_a_rule_that_needs_no_tag_waits_too_since_a_tag_may_prove_an_owner_or_a_waiver() -> None:
    account = seen(account_with(spot=False))
    account.policy = replace(account.policy, rules=(builders.rule(),), in_force_at=BEGIN - HOUR)
    unread(account)
    assert acts(account) == []
    account.part_unread = ""
    account.trigger("bert")
    assert [type(act) for act in acts(account)] == [Stop]


def test_a_stop_that_a_person_asked_for_is_done_and_told() -> None:
    account = account_with()
    account.policy = replace(account.policy, slack=SlackSettings(may={UserRequest.STOP: ("U1",)}))
    seen(account)
    asked = UserRequested(job="bert", at=account.now, team="vision", request=UserRequest.STOP, who="U1", number=0)
    account.ledger.lineages.row(lineage_id()).entries[asked.key] = asked
    unread(account)
    assert [type(act) for act in acts(account)] == [Stop]
    told = [i for i in account.ledger.lineages.load(lineage_id()).intents if isinstance(i.action, Announce)]
    assert told
    assert not any(i.open for i in told)


def test_a_job_whose_tags_were_never_read_is_recorded_once_they_are_known() -> None:
    account = account_with()
    account.part_unread = "ListTags"
    with pytest.raises(Unreachable, match="never read"):
        account.trigger("bert")
    assert row(account, Started) == []
    account.part_unread = ""
    account.trigger("bert")
    assert [e.team for e in row(account, Started)] == ["vision"]


def test_a_job_whose_algorithm_was_never_read_is_recorded_and_no_rule_stops_it_before_the_algorithm_is_known() -> None:
    account = account_with(spot=False)
    account.policy = replace(account.policy, rules=(builders.rule(),), in_force_at=BEGIN - HOUR)
    account.part_unread = "DescribeAlgorithm"
    unread(account)
    assert [e.team for e in row(account, Started)] == ["vision"]
    assert acts(account) == []
    account.part_unread = ""
    account.trigger("bert")
    assert [type(act) for act in acts(account)] == [Stop]


def test_a_job_of_another_service_stays_a_job_of_that_service() -> None:
    account = seen(account_with(service=Service.PIPELINES))
    assert row(account, DirectivesRead) == []
    account.end("bert", Outcome.CAPACITY, usage=builders.usage(), service=None)  # what proved it was a tag
    unread(account)
    assert len(row(account, Measured)) == 1
    assert acts(account) == []


def test_a_trigger_that_fails_because_tags_cannot_be_read_is_stored_and_tried_again() -> None:
    account = seen(account_with())
    swept = account.pass_time(HOUR)
    assert swept[-1].failing > 0
    assert max(result.overdue_s for result in swept) > 40 * 60
    assert max(result.failing for result in swept) <= 2  # its open Wakes: none is added
    account.part_unread = ""
    swept = account.pass_time(TEN_MINUTES)
    assert swept[-1].failing == 0
