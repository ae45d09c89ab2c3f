"""Interruptions and outcomes are announced once each, if the policy asks for news."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.job_updates import announce_updates
from controller.jobs.job import Job, Outcome, Service
from controller.ledger.entry import Finished
from controller.ledger.intent import Announce
from controller.ledger.messages.kind import MessageKind
from controller.policy.slack_settings import Importance, SlackSettings
from tests.builders import BEGIN, ended, facts, job, lineage, policy

TOLD = policy(slack=SlackSettings(tell=frozenset(Importance)))
AT = (BEGIN + timedelta(minutes=20), BEGIN + timedelta(minutes=40))
INTERRUPTED = job(interrupted_at=AT)
DONE = ended(job(), Outcome.COMPLETED)


def finished(about: Job) -> Finished:
    return Finished(
        job=about.name, at=BEGIN, team=None, family="bert", outcome=Outcome.COMPLETED, attempts=2, spot=True,
        instance_type="ml.g5.2xlarge", region="us-east-1", work_s=60, deadline=None,
    )  # fmt: skip


def told(of: Facts, said: Decision | None = None) -> list[tuple[str, dict[str, Any]]]:
    actions = [intent.action for intent in announce_updates(of, said or Decision()).intents]
    return [(a.topic, json.loads(a.facts)) for a in actions if isinstance(a, Announce)]


def test_each_interruption_is_told_with_its_job_and_its_time() -> None:
    first, second = told(facts(INTERRUPTED, policy=TOLD))
    assert first[0] == f"{MessageKind.INTERRUPTED}/{AT[0].isoformat()}"
    assert second[0] == f"{MessageKind.INTERRUPTED}/{AT[1].isoformat()}"
    assert first[1]["job"]["name"] == "bert"
    assert first[1]["at"] == AT[0].isoformat()


def test_an_outcome_is_told_when_it_is_recorded_now_or_was_before() -> None:
    for of, said in (
        (facts(DONE, policy=TOLD, number=2), Decision(entries=(finished(DONE),))),
        (facts(DONE, policy=TOLD, number=2, lineage=lineage(entries=(finished(DONE),))), None),
    ):
        [(topic, message)] = told(of, said)
        assert (topic, message["job"]["name"], message["attempts"]) == (MessageKind.FINISHED, "bert", 2)
    assert not told(facts(DONE, policy=TOLD), Decision(entries=(finished(job("other")),)))


def test_nothing_is_told_where_news_waits_for_the_digest_or_a_service_owns_the_job_or_a_newer_attempt_exists() -> None:
    quiet = policy(slack=SlackSettings(tell=frozenset(Importance) - {Importance.NEWS}))
    assert not told(facts(INTERRUPTED, policy=quiet))
    assert not told(facts(replace(INTERRUPTED, service=Service.TUNING), policy=TOLD))
