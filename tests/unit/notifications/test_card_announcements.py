"""Which announcements of a lineage its card shows."""

from __future__ import annotations

from dataclasses import replace

from controller.jobs.job import Outcome
from controller.ledger.messages.kind import NextStep
from controller.notifications.card_announcements import news_of
from controller.notifications.messages.catalogue import describe
from tests.builders import lineage, policy
from tests.unit.notifications.test_card import FLAGGED, NOW, STARTED, STARVED, STOP, told


def test_of_several_rules_that_stopped_a_job_the_most_severe_is_explained_and_all_are_named() -> None:
    low = replace(FLAGGED, policy="cost-centre", severity="low", field="Tags", found="none", wanted="cost-centre")
    only_warned = replace(FLAGGED, policy="short-wait", next_step=NextStep.NOTHING)
    known = lineage(
        entries=(STARTED, replace(STARVED, outcome=Outcome.STOPPED, seen_at=NOW)),
        intents=(replace(STOP, claim=1), *(told(one) for one in (low, only_warned, FLAGGED))),
    )
    news = news_of(known, policy(), STARTED)
    assert news.policies == ("use-spot", "cost-centre")
    assert len(news.why) == len([line for line in describe(FLAGGED).lines if line])
    assert "EnableManagedSpotTraining is false" in news.why[0]
    assert "cost-centre" not in " ".join(news.why)
