"""Checks the invariants that must always hold, with the facts of the world: who created, stopped and deleted which job.

Each act of the controller is checked when it takes effect. Of the controller's state, these checks read only the ledger, into
which each act must be written first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from controller.decide.call_off import called_off_numbers
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.jobs.claim import claim_of
from controller.jobs.failure import FailureCause
from controller.jobs.job import outcome_of
from controller.ledger.entry import Started
from controller.ledger.intent import Announce, IntentResult, Purpose, Stop, Submit
from controller.ledger.lineage import Lineage
from controller.ledger.lineage_id import LineageId
from controller.ledger.messages.kind import ASKED_BY
from controller.ledger.move_cause import AttemptCause, MoveCause
from controller.policy.policy import AppliesTo, Policy
from controller.runtime.gather.gather import LINEAGE_TAG
from controller.runtime.timeouts import LEASE
from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.phase import Phase
from infra.local.sagemaker.world import TERMINAL, World
from tests.builders import ledger_with
from tests.simulation.cap_invariants import over_cap
from tests.simulation.memory import MemoryLedger
from tests.simulation.memory.lineages import claim_key

ROLES = frozenset({"arn:aws:iam::111122223333:role/Train"})  # TrainingRoles
FORGED = "forged"  # the requester in rows that an attacker writes
READ_BEFORE = timedelta(minutes=2)
FINAL_TOPICS = ("gave-up", "cannot-repeat", "done-elsewhere")


class Violation(BaseException):
    """An invariant does not hold. Not an ``Exception``, so that the controller cannot catch it."""


def require(holds: object, what: str) -> None:
    if not holds:
        raise Violation(what)


@dataclass(slots=True, eq=False)
class Life:
    """A training job, from its creation until after its deletion."""

    job: TrainingJob
    lineage: LineageId
    number: int
    ours: bool  # the controller created it
    owned: bool  # another service owns it
    about: str | None = None  # the attempt that it repeats
    cause: AttemptCause | None = None
    hostile: bool = False  # an attacker created it, so that it is mistaken for an attempt
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
        outcome = outcome_of(self.job.status, self.job.secondary, self.job.failure)
        return outcome.cause if outcome else None

    @property
    def where(self) -> str:
        return f"attempt {self.number} of {self.lineage} ({self.name})"


@dataclass(slots=True)
class InvariantChecker:
    """All jobs of one history, and the checks on them."""

    world: World
    ledger: MemoryLedger
    limits: Mapping[FailureCause, int]  # the highest limit in any policy of this history
    edited: bool  # whether policies change in this history
    lives: list[Life] = field(default_factory=list)
    intervals: Callable[[datetime], list[tuple[datetime, Policy]]] | None = None  # the policies at a time, and since when

    def job_named(self, name: str) -> Life | None:
        """The job that now has this name."""
        return next((life for life in reversed(self.lives) if life.name == name and life.deleted_at is None), None)

    # What users and services do.

    def job_created(self, name: str, *, owned: bool = False, hostile: bool = False) -> Life:
        """Record a job that a user or a service created. It is the root of its own lineage, with any tags."""
        job = self.world.jobs[name]
        life = Life(job=job, lineage=root_of(self.world, job), number=1, ours=False, owned=owned, hostile=hostile)
        self.lives.append(life)
        return life

    def deleted(self, life: Life) -> None:
        life.deleted_at = self.world.now

    # What the controller does.

    def create(self, call: Callable[[], Any], request: dict[str, Any]) -> Any:
        """Create a job for the controller, and check this act."""
        name = request["TrainingJobName"]
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        lineage = LineageId.parse(tags.get(LINEAGE_TAG, ""))
        answer = call()
        require(lineage is not None, f"{name} was created without the tag of its lineage")
        assert lineage is not None
        require(request["RoleArn"] in ROLES, f"no other role is passed: {name} was created with {request['RoleArn']}")
        probing = self.ledger.lineages.load(lineage).intent(f"probe/{name}")
        if probing is not None:
            require(probing.claim > 0, f"commit first, then act: {name} was created, and the ledger says {probing}")
            self.job_created(name, owned=True)
            return answer
        said = self.ledger.lineages.load(lineage).intent(f"submit/{name}")
        require(
            said is not None and said.open and said.leased_until is not None and isinstance(said.action, Submit),
            f"commit first, then act: {name} was created, and the ledger of {lineage} says {said}",
        )
        assert said is not None
        assert isinstance(said.action, Submit)
        assert said.leased_until is not None
        require(said.leased_until > self.world.now, f"the lease outlives the call: {name} was created after {said.leased_until}")
        submit = said.action
        called_off = called_off_numbers(self.ledger.lineages.load(lineage), submit.about)
        require(submit.number not in called_off, f"what was called off is not submitted: {name} was created")
        require(submit.identity != FORGED, f"what nobody decided is not performed: {name} was created")
        life = Life(
            job=self.world.jobs[name], lineage=lineage, number=submit.number, ours=True, owned=False, about=submit.about,
            cause=submit.cause,
        )  # fmt: skip
        self._check_one_live_attempt(life)
        self._check_submitted_once(life)
        self._check_one_writer_per_prefix(life)
        self._check_claimed(life)
        self._check_not_owned(life)
        self._check_budget(life)
        self._check_not_halted(f"{life.where} was created")
        passed = over_cap(life, self)
        require(not passed, passed)
        self.lives.append(life)
        return answer

    def stop(self, call: Callable[[], Any], name: str) -> Any:
        """Stop a job for the controller, and check this act."""
        life = self.job_named(name)
        answer = call()
        assert life is not None
        require(not life.owned, f"no owned job is touched: {life.where} was stopped")
        said = self.ledger.lineages.load(life.lineage).intent(f"stop/{name}")
        require(
            said is not None and said.claim > 0, f"commit first, then act: {life.where} was stopped, and the ledger says {said}"
        )
        assert said is not None
        assert isinstance(said.action, Stop)
        by_a_rule = said.action.purpose is not Purpose.MOVE
        goes_on = said.action.purpose is not Purpose.RULE
        require(
            not goes_on or life.job.request["RoleArn"] in ROLES,
            f"a job whose role may not be passed is not stopped to go on: {life.where} was stopped",
        )
        require(not (life.ours and by_a_rule), f"no attempt of ours is stopped by a rule: {life.where} was stopped")
        require(life.job.phase is not Phase.UPLOADING, f"nothing is stopped while it uploads: {life.where}")
        self._check_not_halted(f"{life.where} was stopped")
        life.stopped_by_us = True
        return answer

    def _check_interval(self, stop: Stop) -> None:
        """A rule with ``applies_to: new`` stops no job that was created before its policy took force, most recently."""
        life = self.job_named(stop.about)
        if life is None or self.intervals is None or stop.because.startswith(ASKED_BY):
            return
        now = self.world.now
        current = [*self.intervals(now), *self.intervals(now - READ_BEFORE)]  # a decision is made shortly before its commit
        may = (
            since <= life.job.created_at or any(rule.applies_to is AppliesTo.RUNNING for rule in policy.rules)
            for since, policy in current
        )  # fmt: skip
        require(any(may), f"no rule for new jobs stops one from before its interval: {life.where} is to be stopped")

    def _check_not_halted(self, what: str) -> None:
        """During a halt, only acts that began before it take effect, within one lease."""
        halt = self.ledger.halted
        require(halt is None or self.world.now < halt.since + LEASE, f"no act during a halt: {what}")

    def _check_one_live_attempt(self, new: Life) -> None:
        alive = [life.name for life in self.lives if life.lineage == new.lineage and life.alive]
        require(not alive, f"never two live attempts of one lineage: {new.where} beside {alive}")

    def _check_submitted_once(self, new: Life) -> None:
        """Each attempt is submitted once. It may be submitted again if a user deleted it before the controller saw it."""
        seen = self.ledger.lineages.load(new.lineage).entry(Started, new.name)
        same = [life for life in self.lives if life.lineage == new.lineage and life.number == new.number]
        before = [life.where for life in same if life.deleted_at is None or seen]
        require(not before, f"each attempt is submitted once: {new.where} after {before}")

    def _check_one_writer_per_prefix(self, new: Life) -> None:
        """No attempt begins while another attempt with its role writes to its checkpoint prefix or below it."""
        mine = prefix_of(new)
        for life in self.lives:
            theirs = prefix_of(life)
            if mine and theirs and life.ours and life.alive and life.lineage != new.lineage:
                require(not mine.waits_for(theirs), f"never two live jobs of ours on one prefix: {new.where} beside {life.where}")

    def _check_claimed(self, new: Life) -> None:
        """An attempt has a claim on its checkpoint prefix before it is created, so that no other attempt begins there."""
        wanted = prefix_of(new)
        held = wanted is None or claim_key(wanted) in self.ledger.held
        require(held, f"a prefix is claimed before its attempt is created: {new.where} writes to {wanted}")

    def _check_not_owned(self, new: Life) -> None:
        before = [
            life for life in self.lives if life.name == new.about and (life.lineage == new.lineage or self._is_same(life, new))
        ]
        require(before, f"no request is guessed: {new.where} repeats {new.about}, which never was of this lineage")
        require(not any(life.owned for life in before), f"no owned job is touched: {new.where} repeats one")

    def _is_same(self, life: Life, new: Life) -> bool:
        """Whether a user created a job with exactly an attempt's request, name and role, which the ledger records as the attempt.

        The first job of a lineage is distinguished from others with its name by its CreationTime.
        """
        known = self.ledger.lineages.load(new.lineage).entry(Started, life.name)
        attempt = known is not None and life.name != new.lineage.root
        return attempt and not life.hostile and life.job.request["RoleArn"] in ROLES

    def _check_budget(self, new: Life) -> None:
        others = {life.number: life.cause for life in self.lives if life.lineage == new.lineage and life.number != new.number}
        tries = Counter(others.values())
        assert new.cause is not None
        if isinstance(new.cause, MoveCause):
            once = new.cause not in (MoveCause.REPAIR, MoveCause.CHANGED_BACK) or not tries[new.cause]
            require(once, f"a job is repaired once, and goes back once: {new.where}")
            return
        most = self.limits.get(new.cause, 0)
        require(tries[new.cause] < most, f"budgets are kept: {new.where} is one more than {most} for {new.cause}")

    # What the controller decides and commits.

    def checking_decide(self, decide: Callable[[Facts], Decision]) -> Callable[[Facts], Decision]:
        """The function ``decide`` with a check of the law: after a decision is committed, deciding again adds nothing."""

        def checked(facts: Facts) -> Decision:
            decision = decide(facts)
            require(not decision.problems, f"no decider raises: {decision.problems} on {facts.job.name}")
            if decision:
                ledger = ledger_with(facts.lineage)
                committed = ledger.lineages.commit(facts.lineage, decision.leased(facts.now, facts.now + LEASE))
                require(committed, f"the law: {facts.job.name} has a decision that cannot be committed: {decision}")
                again = decide(replace(facts, lineage=ledger.lineages.load(facts.lineage.id)))
                require(not again, f"the law: {facts.job.name} has a second decision: {again}")
            return decision

        return checked

    def committed(self, before: Lineage, decision: Decision) -> None:
        """Check a committed decision against the lineage before it."""
        known = {e.key for e in before.entries} & {e.key for e in decision.entries}
        require(not known, f"each entry is written once: {before.id} writes {known} again")
        followed = {
            i.action.about for i in decision.intents
            if isinstance(i.action, Submit) or (isinstance(i.action, Announce) and i.action.topic in FINAL_TOPICS)
        }  # fmt: skip
        # A forged row that seems to be claimed is looked up first. What it displaced is decided again then.
        followed |= {
            i.action.about for i in before.open_intents() if isinstance(i.action, Submit) and i.action.identity == FORGED
        }
        after = replace(before, entries=before.entries + decision.entries)
        withdrawn = [
            i.key for i in decision.withdrawn
            if isinstance(i.action, Submit) and i.action.about not in followed and i.action.identity != FORGED
            and not called_off_numbers(after, i.action.about)
        ]  # fmt: skip
        require(self.edited or not withdrawn, f"no submission is withdrawn: {before.id} withdraws {withdrawn}")
        for intent in decision.intents:
            if isinstance(intent.action, Stop) and intent.action.purpose is not Purpose.MOVE:
                self._check_interval(intent.action)
            if isinstance(intent.action, Announce) and intent.action.topic in FINAL_TOPICS:
                made = [
                    life.where for life in self.lives
                    if life.lineage == before.id and life.about == intent.action.about
                    and (life.deleted_at is None or before.entry(Started, life.name))  # a deleted attempt may be unknown
                ]  # fmt: skip
                require(not made, f"no attempt is given up and submitted again: {intent.key} beside {made}")

    def closing(self, lineage: LineageId, key: str, closed: IntentResult) -> None:
        """Check an intent that is being closed: a Stop is Done only if the job has ended or was deleted."""
        intent = self.ledger.lineages.load(lineage).intent(key)
        if intent is None or not isinstance(intent.action, Stop) or closed is not IntentResult.DONE:
            return
        alive = [life for life in self.lives if life.lineage == lineage and life.name == intent.action.about and life.alive]
        require(not alive, f"a stop is done when the job has ended: {key} is closed, and {intent.action.about} runs")


def root_of(world: World, job: TrainingJob) -> LineageId:
    """The lineage that a user's job begins."""
    return LineageId(account=world.account, region=world.region, root=job.name, created_at=job.created_at)


def prefix_of(life: Life) -> Any:
    """The claim of a job on its checkpoint prefix; None without a prefix."""
    config = life.job.request.get("CheckpointConfig")
    if not config:
        return None
    role = life.job.request["RoleArn"]
    return claim_of(config["S3Uri"], job=life.name, lineage=str(life.lineage), created_at=life.job.created_at, role=role)
