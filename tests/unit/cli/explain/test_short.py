"""An explanation begins with what happened to the job: how it ended, and why something was done or not."""

from __future__ import annotations

from controller.cli.explain.reasons import BlockReason
from controller.cli.explain.short import in_short, why_not_again
from controller.jobs.job import Outcome
from controller.ledger.entry import Ended, Started
from tests.builders import BEGIN, job, lineage, policy


def started(number: int = 1) -> Started:
    one = job()
    return Started(
        job=one.name, at=BEGIN, team="vision", number=number, spot=True, instance_type=one.instance_type, instance_count=1,
        region=one.region, service=None, checkpoint_uri=None,
    )  # fmt: skip


def block(*, chosen: bool) -> BlockReason:
    why = "the block has no budget for the cause disk"
    return BlockReason(name="again", place="", selector=(), about=chosen, mode="enforce", chosen=chosen, why=why)


def test_a_job_that_the_ledger_does_not_know_has_nothing_in_short() -> None:
    assert in_short(lineage(), policy(), "bert") == ()


def test_the_newest_attempt_is_named_with_how_it_ended() -> None:
    assert in_short(lineage(entries=(started(),)), policy(), "bert") == ("bert has not ended",)
    ended = Ended(
        job="bert", at=BEGIN, team="vision", outcome=Outcome.DISK, seen_at=BEGIN, failure=None, spot=True,
        instance_type="ml.g5.xlarge", region="us-east-1",
    )  # fmt: skip
    assert in_short(lineage(entries=(started(2), ended)), policy(), "bert") == (f"attempt 2, bert {Outcome.DISK.label}",)


def test_why_a_job_is_not_submitted_again_is_explained_without_a_message() -> None:
    assert why_not_again(()) == "It is not submitted again: no resubmit block selects it."
    assert why_not_again((block(chosen=False),)) == "It is not submitted again: no resubmit block selects it."
    assert why_not_again((block(chosen=True),)) == (
        "The resubmit block again (enforce) selects it: the block has no budget for the cause disk."
    )
