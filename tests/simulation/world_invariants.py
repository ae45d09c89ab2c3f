"""Sees what really happens, from the world's side: who made which job, who stopped it, who deleted it.

What a controller does is checked here at the moment at which it takes effect. Nothing in here asks the controller what it meant,
but for its ledger: what is done must have been said before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.jobs.claim import claim_of
from controller.jobs.failure import FailureCause
from controller.jobs.job import outcome_of
from controller.ledger.entry import Started
from controller.ledger.intent import Announce, IntentResult, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage, LineageId
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.runtime.gather import LINEAGE_TAG
from controller.runtime.timeouts import LEASE
from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.phase import Phase
from infra.local.sagemaker.world import TERMINAL, World
from tests.builders import ledger_with
from tests.simulation.memory import MemoryLedger

LAST_WORDS = ("gave-up", "cannot-repeat")


class Violation(BaseException):
    """An invariant does not hold. No code of the product can catch it by accident, as it is no ``Exception``."""


def demand(holds: object, what: str) -> None:
    if not holds:
        raise Violation(what)


@dataclass(slots=True, eq=False)
class Life:
    """A training job that was really there, from its creation on, also when it is deleted."""

    job: TrainingJob
    lineage: LineageId
    number: int
    ours: bool  # the controller made it
    owned: bool  # another service waits for it
    about: str | None = None  # the attempt that it repeats
    cause: AttemptCause | None = None
    stopped_by_us: bool = False
    deleted_at: datetime | None = None

    @property
    def name(self) -> str:
        return self.job.name

    @property
    def alive(self) -> bool:
        return self.job.status not in TERMINAL

    @property
    def cause_of_end(self) -> FailureCause | None:
        ending = outcome_of(self.job.status, self.job.secondary, self.job.failure)
        return ending.cause if ending else None

    @property
    def where(self) -> str:
        return f"attempt {self.number} of {self.lineage} ({self.name})"


@dataclass(slots=True)
class Witness:
    """All lives of one history."""

    world: World
    ledger: MemoryLedger
    limits: Mapping[FailureCause, int]  # the highest that any policy of this history allows
    edited: bool  # whether policies change in this history
    lives: list[Life] = field(default_factory=list)

    def now_called(self, name: str) -> Life | None:
        """The life that bears a name now."""
        return next((life for life in reversed(self.lives) if life.name == name and life.deleted_at is None), None)

    # What people and services do.

    def appeared(self, name: str, *, owned: bool = False) -> Life:
        """Note a job that somebody else created: the root of its own lineage, whatever its tags say."""
        job = self.world.jobs[name]
        life = Life(job=job, lineage=root_of(self.world, job), number=1, ours=False, owned=owned)
        self.lives.append(life)
        return life

    def deleted(self, life: Life) -> None:
        life.deleted_at = self.world.now

    # What the controller does.

    def create(self, call: Callable[[], Any], request: dict[str, Any]) -> Any:
        """Let the controller create a job, and look at what that means."""
        name = request["TrainingJobName"]
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        lineage = LineageId.parse(tags.get(LINEAGE_TAG, ""))
        answer = call()
        demand(lineage is not None, f"{name} was created without the tag of its lineage")
        assert lineage is not None
        said = self.ledger.load(lineage).intent(f"submit/{name}")
        demand(
            said is not None and said.open and said.leased_until is not None and isinstance(said.action, Submit),
            f"say it, then do it: {name} was created, and the ledger of {lineage} says {said}",
        )
        assert said is not None
        assert isinstance(said.action, Submit)
        assert said.leased_until is not None
        demand(said.leased_until > self.world.now, f"the lease outlives the call: {name} was created after {said.leased_until}")
        submit = said.action
        life = Life(
            job=self.world.jobs[name], lineage=lineage, number=submit.number, ours=True, owned=False, about=submit.about,
            cause=submit.cause,
        )  # fmt: skip
        self._never_two_alive(life)
        self._never_twice(life)
        self._never_beside_a_writer(life)
        self._never_from_what_another_service_owns(life)
        self._never_beyond_the_budget(life)
        self._not_halted(f"{life.where} was created")
        self.lives.append(life)
        return answer

    def stop(self, call: Callable[[], Any], name: str) -> Any:
        """Let the controller stop a job, and look at whose it was."""
        life = self.now_called(name)
        answer = call()
        assert life is not None
        demand(not life.owned, f"no owned job is touched: {life.where} was stopped")
        said = self.ledger.load(life.lineage).intent(f"stop/{name}")
        demand(said is not None and said.claim > 0, f"say it, then do it: {life.where} was stopped, and the ledger says {said}")
        assert said is not None
        assert isinstance(said.action, Stop)
        by_a_rule = said.action.purpose is not Purpose.MOVE
        demand(not (life.ours and by_a_rule), f"no attempt of ours is stopped by a rule: {life.where} was stopped")
        demand(life.job.phase is not Phase.UPLOADING, f"nothing is stopped while it uploads: {life.where}")
        self._not_halted(f"{life.where} was stopped")
        life.stopped_by_us = True
        return answer

    def _not_halted(self, what: str) -> None:
        """What was begun before a halt may land after it, as long as a function lives; nothing else may."""
        halt = self.ledger.halted
        demand(halt is None or self.world.now < halt.since + LEASE, f"nothing is done under a halt: {what}")

    def _never_two_alive(self, new: Life) -> None:
        alive = [life.name for life in self.lives if life.lineage == new.lineage and life.alive]
        demand(not alive, f"never two live attempts of one lineage: {new.where} beside {alive}")

    def _never_twice(self, new: Life) -> None:
        """Submitted again once; but who deletes an attempt that nobody has seen yet gets another, as nothing tells of it."""
        seen = self.ledger.load(new.lineage).entry(Started, new.name)
        same = [life for life in self.lives if life.lineage == new.lineage and life.number == new.number]
        before = [life.where for life in same if life.deleted_at is None or seen]
        demand(not before, f"every ending is submitted again once: {new.where} after {before}")

    def _never_beside_a_writer(self, new: Life) -> None:
        """Never two live jobs of ours on overlapping checkpoint prefixes."""
        mine = prefix_of(new)
        for life in self.lives:
            theirs = prefix_of(life)
            if mine and theirs and life.ours and life.alive and life.lineage != new.lineage:
                demand(not mine.overlaps(theirs), f"never two live jobs of ours on one prefix: {new.where} beside {life.where}")

    def _never_from_what_another_service_owns(self, new: Life) -> None:
        before = [life for life in self.lives if life.name == new.about and life.lineage == new.lineage]
        demand(before, f"no request is ever guessed: {new.where} repeats {new.about}, which never was of this lineage")
        demand(not any(life.owned for life in before), f"no owned job is touched: {new.where} repeats one")

    def _never_beyond_the_budget(self, new: Life) -> None:
        others = {life.number: life.cause for life in self.lives if life.lineage == new.lineage and life.number != new.number}
        tries = Counter(others.values())
        assert new.cause is not None
        if isinstance(new.cause, MoveCause):
            once = new.cause is not MoveCause.REPAIR or not tries[MoveCause.REPAIR]
            demand(once, f"a job is repaired once: {new.where}")
            return
        most = self.limits.get(new.cause, 0)
        demand(tries[new.cause] < most, f"budgets are kept: {new.where} is one more than {most} for {new.cause}")

    # What the controller decides and writes down.

    def judging(self, decide: Callable[[Facts], Decision]) -> Callable[[Facts], Decision]:
        """The same decider, its every decision held to the law: once it is written down, deciding again adds nothing."""

        def judged(facts: Facts) -> Decision:
            decision = decide(facts)
            if decision:
                books = ledger_with(facts.lineage)
                written = books.commit(facts.lineage, decision.leased(facts.now, facts.now + LEASE))
                demand(written, f"the law: {facts.job.name} is told what cannot be written: {decision}")
                again = decide(replace(facts, lineage=books.load(facts.lineage.id)))
                demand(not again, f"the law: {facts.job.name} is told more, the second time: {again}")
            return decision

        return judged

    def committed(self, before: Lineage, decision: Decision) -> None:
        """Look at a decision that was written down, beside the lineage as it was until then."""
        known = {e.key for e in before.entries} & {e.key for e in decision.entries}
        demand(not known, f"everything is booked once: {before.id} writes {known} again")
        settled = {
            i.action.about for i in decision.intents
            if isinstance(i.action, Submit) or (isinstance(i.action, Announce) and i.action.topic in LAST_WORDS)
        }  # fmt: skip
        taken_back = [i.key for i in decision.withdrawn if isinstance(i.action, Submit) and i.action.about not in settled]
        demand(self.edited or not taken_back, f"what is meant stays meant: {before.id} takes {taken_back} back")
        for intent in decision.intents:
            if isinstance(intent.action, Announce) and intent.action.topic in LAST_WORDS:
                made = [life.where for life in self.lives if life.lineage == before.id and life.about == intent.action.about]
                demand(not made, f"nothing is given up beside its next attempt: {intent.key} beside {made}")

    def closing(self, lineage: LineageId, key: str, closed: IntentResult) -> None:
        """Look at an intent that is being closed: a Stop is done when the job is over or gone, and no sooner."""
        intent = self.ledger.load(lineage).intent(key)
        if intent is None or not isinstance(intent.action, Stop) or closed is not IntentResult.DONE:
            return
        alive = [life for life in self.lives if life.lineage == lineage and life.name == intent.action.about and life.alive]
        demand(not alive, f"a stop is done when the job is over: {key} is closed, and {intent.action.about} runs")


def root_of(world: World, job: TrainingJob) -> LineageId:
    """The lineage that a job which somebody else created is the root of."""
    return LineageId(account=world.account, region=world.region, root=job.name, created_at=job.created_at)


def prefix_of(life: Life) -> Any:
    """The claim that a job makes on its checkpoint prefix while it lives, None for a job that keeps none."""
    config = life.job.request.get("CheckpointConfig")
    if not config:
        return None
    return claim_of(config["S3Uri"], job=life.name, lineage=str(life.lineage), created_at=life.job.created_at)
