"""A job that claims an owner is owned if the owner confirms it; after an hour without an answer it is judged like any other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.decide.ownership import Owner, OwnerAnswer, as_claimed_first, ask_again_at, settle_owner, to_ask
from controller.jobs.job import PIPELINE_TAG, Job, Service
from controller.ledger.entry import OwnerChecked
from controller.ledger.user_entry import DirectivesRead
from tests.builders import BEGIN, job, lineage

EXECUTION = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/p/execution/abcdefghijkl"
CLAIMING = job(claimed=Service.PIPELINES, tags={"team": "vision", PIPELINE_TAG: EXECUTION})


def checked(owned: bool, minutes: int = 0) -> OwnerChecked:
    return OwnerChecked(job="bert", at=BEGIN + timedelta(minutes=minutes), team="vision", service=Service.PIPELINES, owned=owned)


def settled(
    answer: OwnerAnswer | None,
    minutes: float = 1,
    *,
    about: Job = CLAIMING,
    known: OwnerChecked | None = None,
    trust: bool = False,
) -> Owner:
    stored = lineage(entries=(known,) if known else ())
    return settle_owner(about, stored, trust=trust, answer=answer, now=BEGIN + timedelta(minutes=minutes))


def test_the_pipeline_that_a_job_claims_is_asked_until_its_answer_is_recorded() -> None:
    assert to_ask(CLAIMING, lineage(), trust=False) == EXECUTION
    assert to_ask(CLAIMING, lineage(entries=(checked(True),)), trust=False) is None


@pytest.mark.parametrize(
    ("about", "trust"),
    [
        (CLAIMING, True),
        (job(), False),
        (replace(CLAIMING, service=Service.TUNING), False),
        (replace(CLAIMING, claimed=Service.BATCH), False),
    ],
)
def test_no_owner_is_asked_if_the_claim_is_trusted_absent_proved_or_of_a_service_that_cannot_be_asked(
    about: Job, trust: bool
) -> None:
    assert to_ask(about, lineage(), trust=trust) is None


def test_a_yes_makes_the_job_its_owner_s_and_is_recorded() -> None:
    found = settled(OwnerAnswer.YES)
    assert (found.job.service, found.job.claimed, found.undecided) == (Service.PIPELINES, None, False)
    assert found.checked == checked(True, minutes=1)


def test_a_recorded_answer_counts_without_asking_again() -> None:
    assert settled(None, known=checked(True)).job.service is Service.PIPELINES
    assert settled(OwnerAnswer.YES, known=checked(False)) == Owner(job=CLAIMING)


@pytest.mark.parametrize(("answer", "final_min"), [(OwnerAnswer.NO, 10), (OwnerAnswer.SILENT, 60)])
def test_a_no_is_final_after_ten_minutes_and_silence_after_an_hour(answer: OwnerAnswer, final_min: int) -> None:
    assert settled(answer, final_min - 0.01) == Owner(job=CLAIMING, undecided=True)
    assert settled(answer, final_min) == Owner(job=CLAIMING, checked=checked(False, minutes=final_min))


def test_a_trusted_claim_makes_the_job_owned_and_records_nothing() -> None:
    found = settled(None, trust=True)
    assert (found.job.service, found.checked) == (Service.PIPELINES, None)


def test_a_job_that_claims_nothing_or_whose_owner_is_proved_is_settled() -> None:
    for about in (job(), replace(CLAIMING, service=Service.TUNING)):
        assert settled(OwnerAnswer.YES, about=about) == Owner(job=about)


def test_without_an_answer_to_a_claim_the_job_stays_as_it_is() -> None:
    assert settled(None) == Owner(job=CLAIMING)


def test_an_owner_is_asked_again_at_the_next_multiple_of_five_minutes_of_the_job() -> None:
    for minutes, at in ((0, 5), (4.9, 5), (5, 10), (61, 65)):
        assert ask_again_at(CLAIMING, BEGIN + timedelta(minutes=minutes)) == BEGIN + timedelta(minutes=at)


@pytest.mark.parametrize(("first", "about", "claimed", "unrepeatable"), [
    ("AWS Batch", job(), Service.BATCH, "its name or tags say that it belongs to AWS Batch"),
    ("", replace(CLAIMING, unrepeatable="it says so"), None, ""),
    ("", replace(CLAIMING, unrepeatable="x", unrepeatable_unclaimed="it is serverless"), None, "it is serverless"),
    (None, CLAIMING, Service.PIPELINES, ""),
])  # fmt: skip
def test_a_job_keeps_the_owner_that_it_claimed_when_its_tags_were_first_read(
    first: str | None, about: Job, claimed: Service | None, unrepeatable: str
) -> None:
    read = DirectivesRead(job="bert", at=BEGIN, team="vision", number=0, claimed=first)
    later = replace(read, number=1, claimed=None)
    found = as_claimed_first(about, lineage(entries=(later, read)))
    assert (found.name, found.claimed, (found.unrepeatable or "").partition(",")[0]) == ("bert", claimed, unrepeatable)
