"""Before an attempt is created, SageMaker's own list shows a retry that the controller has not seen, for few calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.jobs.failure import FailureCause
from controller.jobs.job import Interval, Job, Outcome
from controller.jobs.work import Work
from controller.ledger.entry import Started
from controller.ledger.intent import Intent, Submit, Wake
from controller.runtime.perform.same_work import UNKNOWN_MAX, done_elsewhere
from controller.runtime.ports.answers import Done, PartUnread, Unreachable
from controller.runtime.ports.aws import JobPage, ListedJob
from controller.runtime.ports.reading import ReadPorts
from tests import builders
from tests.account import Account
from tests.builders import BEGIN, attempt, ended, job, lineage_id
from tests.simulation.memory import MemoryLedger
from tests.unit.decide.deciding import HOUR

MINUTE = timedelta(minutes=1)
FAILED = ended(job(work="1:a"), Outcome.CAPACITY)
END = cast(datetime, FAILED.ended_at)


@dataclass
class Listing:
    """SageMaker's jobs, newest first, on pages of this size; an empty page comes before each."""

    jobs: Sequence[Job]
    size: int = 100
    described: list[str] = field(default_factory=list)
    pages: int = 0

    def describe(self, name: str) -> Job | None:
        self.described.append(name)
        return next((job for job in self.jobs if job.name == name), None)

    def newest(self, token: str = "") -> JobPage:
        self.pages += 1
        place = int(token or 0)
        by_time = sorted(self.jobs, key=lambda job: job.created_at, reverse=True)
        listed = [ListedJob(name=j.name, created_at=j.created_at, modified_at=j.created_at, ended=not j.alive) for j in by_time]
        begin = place // 2 * self.size
        page = listed[begin : begin + self.size] if place % 2 else []
        more = begin + self.size < len(listed) or place % 2 == 0
        return JobPage(jobs=tuple(page), token=str(place + 1) if more else "")


@dataclass
class World:
    jobs: Listing
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    def found(self) -> str:
        facts = builders.facts(FAILED, now=END + HOUR)
        return done_elsewhere(facts, cast(ReadPorts, self))


def retry(name: str = "bert-2", minutes: int = 5, **changes: Any) -> Job:
    known = {"created_at": END + minutes * MINUTE, "checkpoint_uri": FAILED.checkpoint_uri, "work": "1:a", "role": FAILED.role}
    return job(name, **(known | changes))


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (retry(), True),
        (retry("by-hand"), True),  # on the same checkpoint prefix
        (retry(checkpoint_uri=None), True),  # of the same family, with the same inputs, output and hyperparameters
        (retry("by-hand", checkpoint_uri=None), False),
        (retry(checkpoint_uri=None, work="1:b"), False),
        (retry(role="arn:aws:iam::111122223333:role/Other"), False),
        (retry(minutes=-5), False),
        (retry(status="Stopping"), False),
        (ended(retry(), Outcome.COMPLETED, ended_at=END + HOUR), True),
        (ended(retry(), Outcome.STOPPED, ended_at=END + HOUR), False),
        (ended(retry(), Outcome.ALGORITHM, ended_at=END + HOUR), False),
    ],
)
def test_a_job_that_the_ledger_does_not_know_is_found_by_what_it_works_on(other: Job, found: bool) -> None:
    assert World(Listing([FAILED, other])).found() == (other.name if found else "")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (retry(minutes=-5), True),  # begun by hand while the job still waited for capacity
        (retry("by-hand", minutes=-59), True),
        (ended(retry(minutes=-5), Outcome.COMPLETED, ended_at=END + 30 * MINUTE), True),
        (ended(retry(minutes=-5), Outcome.COMPLETED, ended_at=END - MINUTE), False),  # the job went on after it
        (ended(retry(minutes=-5), Outcome.STOPPED, ended_at=END + 30 * MINUTE), False),
        (ended(retry(minutes=-5), Outcome.STARVED, ended_at=END + 30 * MINUTE), False),
        (retry(minutes=-5, checkpoint_uri=None), False),  # a run of the same kind beside it, such as the next seed of a sweep
        (retry(minutes=-5, checkpoint_uri="s3://checkpoints/other/"), False),
        (retry(minutes=-5, role="arn:aws:iam::111122223333:role/Other"), False),
        (retry(minutes=-5, status="Stopping"), False),
        (retry(minutes=-61), False),  # older than the job: no retry of it
    ],
)
def test_a_job_that_was_begun_on_the_same_prefix_before_the_end_does_the_same_work_too(other: Job, found: bool) -> None:
    world = World(Listing([FAILED, other]))
    work = Work.of(other, root=other.name, lineage="another's")
    assert world.ledger.commit(world.ledger.load(lineage_id(other.name)), Decision(works=(work,)))
    assert world.found() == (other.name if found else "")


@pytest.mark.parametrize(
    ("trained_min", "found"),
    [
        (None, True),  # it waited for capacity to its end, and a person was done before
        (30, True),  # it was interrupted before that, and waited since
        (58, False),  # it trained after that
    ],
)
def test_a_retry_that_completed_while_the_job_only_waited_has_done_its_work(trained_min: int | None, found: bool) -> None:
    begin = FAILED.created_at
    trained = () if trained_min is None else (Interval(start=begin + MINUTE, end=begin + trained_min * MINUTE),)
    waited = replace(FAILED, intervals=trained)
    other = ended(retry(minutes=-50), Outcome.COMPLETED, ended_at=END - 10 * MINUTE)
    world = World(Listing([waited, other]))
    work = Work.of(other, root=other.name, lineage="another's")
    assert world.ledger.commit(world.ledger.load(lineage_id(other.name)), Decision(works=(work,)))
    facts = builders.facts(waited, now=END + HOUR)
    assert done_elsewhere(facts, cast(ReadPorts, world)) == (other.name if found else "")


def test_an_attempt_of_the_controller_that_has_not_been_seen_yet_is_not_taken_for_other_work() -> None:
    world, second = World(Listing([FAILED, retry(attempt(2).name)])), attempt(2).name
    submit = Submit(about=FAILED.name, job=second, number=2, cause=FailureCause.CAPACITY, born_at=FAILED.created_at)
    assert world.ledger.commit(world.ledger.load(lineage_id()), Decision(intents=(Intent(action=submit, due_at=END),)))
    assert world.found() == ""


def test_in_a_busy_account_the_family_comes_first_and_the_calls_stay_bounded() -> None:
    others = [
        retry(f"gpt-{n}", minutes=n, checkpoint_uri=None, role="arn:aws:iam::111122223333:role/Other") for n in range(1, 60)
    ]
    old = [replace(job(f"old-{n}"), created_at=BEGIN - n * HOUR) for n in range(1, 500)]
    busy = Listing([FAILED, *others, *old, retry(minutes=1)])
    assert World(busy).found() == "bert-2"
    assert (len(busy.described), busy.pages) == (1, 2)
    without = Listing([FAILED, *others, *old], size=20)
    assert World(without).found() == ""
    assert (len(without.described), without.pages) == (UNKNOWN_MAX, 3)


def test_what_the_ledger_knows_is_not_described_because_it_is_listed() -> None:
    world = World(Listing([FAILED, retry("gpt", checkpoint_uri=None, work="1:b")]))
    known = Work.of(world.jobs.jobs[1], root="gpt", lineage="another's")
    assert world.ledger.commit(world.ledger.load(lineage_id("gpt")), Decision(works=(known,)))
    assert world.found() == ""
    assert world.jobs.described == []


@pytest.mark.parametrize("problem", [Unreachable, KeyError, PermissionError])  # no answer, one that cannot be read, a denial
@pytest.mark.parametrize(("minutes", "held_up"), [(0, True), (59, True), (60, False)])
def test_a_job_that_cannot_be_read_delays_the_others_for_at_most_an_hour(
    minutes: int, held_up: bool, problem: type[Exception]
) -> None:
    class Broken(Listing):
        def describe(self, name: str) -> Job | None:
            if name == "bert-2":
                raise problem("DescribeTrainingJob bert-2: read timeout")
            return super().describe(name)

    ports = cast(ReadPorts, World(Broken([FAILED, retry(), retry("bert-3", minutes=4)])))
    looked_at = due_since_the_end(minutes)
    if held_up:
        with pytest.raises(problem, match="bert-2"):
            done_elsewhere(looked_at, ports)
    else:
        assert done_elsewhere(looked_at, ports) == "bert-3", "the others still count"


def due_since_the_end(minutes: int) -> Facts:
    """The facts of a job whose look has been due for so long."""
    wake = Intent(action=Wake(about=FAILED.name, at=END), due_at=END)
    return builders.facts(FAILED, now=END + minutes * MINUTE, lineage=builders.lineage(intents=(wake,)))


@pytest.mark.parametrize("problem", [Unreachable, KeyError, PermissionError])
@pytest.mark.parametrize(("minutes", "held_up"), [(0, True), (59, True), (60, False)])
def test_a_list_without_an_answer_delays_an_attempt_for_at_most_an_hour(
    minutes: int, held_up: bool, problem: type[Exception]
) -> None:
    class Unlisted(Listing):
        def newest(self, token: str = "") -> JobPage:
            raise problem("ListTrainingJobs: Rate exceeded")

    world = World(Unlisted([FAILED, retry()]))
    ports = cast(ReadPorts, world)
    if held_up:
        with pytest.raises(problem, match="ListTrainingJobs"):
            done_elsewhere(due_since_the_end(minutes), ports)
    else:
        assert done_elsewhere(due_since_the_end(minutes), ports) == ""
        known = Work.of(world.jobs.jobs[1], root="bert-2", lineage="another's")
        assert world.ledger.commit(world.ledger.load(lineage_id("bert-2")), Decision(works=(known,)))
        assert done_elsewhere(due_since_the_end(minutes), ports) == "bert-2", "what the ledger knows still counts"


def test_a_job_whose_tags_have_no_answer_counts_by_its_description() -> None:
    class Untagged(Listing):
        def describe(self, name: str) -> Job | None:
            found = super().describe(name)
            assert found is not None
            raise PartUnread("ListTags: 503", found, tags=True)

    assert World(Untagged([FAILED, retry()])).found() == "bert-2"


EXCLUSIVE = builders.policy(rules=(builders.rule("own-prefix", kind="checkpoint-exclusive", options={}),), resubmissions=())


def beside(account: Account, *, ended: bool) -> list[str]:
    """Two jobs on one prefix, the second an hour later; the first may have ended without a look. The jobs that are stopped."""
    stopped: list[str] = []
    account.policy = EXCLUSIVE
    account.on_stop = lambda name: stopped.append(name) or Done("stopping")  # type: ignore[func-returns-value]
    account.jobs["first"] = builders.job("first", checkpoint_uri="s3://acme/one/")
    account.now = BEGIN + timedelta(minutes=10)
    account.trigger("first")
    account.now = BEGIN + timedelta(hours=1)
    if ended:
        account.end("first", Outcome.COMPLETED)
    began = {"created_at": account.now, "started_at": None, "intervals": ()}
    account.jobs["second"] = builders.job("second", checkpoint_uri="s3://acme/one", **began)
    account.trigger("second")
    return stopped


def test_a_job_is_not_stopped_for_the_prefix_of_one_whose_end_is_not_recorded_yet() -> None:
    assert beside(Account(EXCLUSIVE), ended=True) == []
    assert beside(Account(EXCLUSIVE), ended=False) == ["second"]


@pytest.mark.parametrize("problem", [Unreachable, KeyError, PermissionError])
@pytest.mark.parametrize(("minutes", "held_up"), [(59, True), (60, False)])
def test_a_job_is_delayed_for_at_most_an_hour_where_another_one_on_its_prefix_cannot_be_read(
    minutes: int, held_up: bool, problem: type[Exception]
) -> None:
    class Unread(dict[str, Job]):
        def get(self, name: str, default: Any = None) -> Any:
            if name == "first":
                raise problem("DescribeTrainingJob first")
            return super().get(name, default)

    account = Account(EXCLUSIVE)
    account.jobs["first"] = builders.job("first", checkpoint_uri="s3://acme/one/")
    account.trigger("first")
    second = builders.job("second", checkpoint_uri="s3://acme/one", created_at=BEGIN + HOUR, started_at=None, intervals=())
    account.jobs, account.now = Unread(second=second), second.created_at + minutes * MINUTE
    if held_up:
        with pytest.raises(problem, match="first"):
            account.trigger("second")
        return
    account.trigger("second")
    known = account.ledger.lineages.load(lineage_id("second", created_at=second.created_at))
    assert known.entry(Started, "second") is not None
    assert known.intent("stop/second") is None, "whether the other one lives is not known"
