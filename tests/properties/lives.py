"""Draws the lives of lineages: what the world does, what the controller learns, how its calls are answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from hypothesis import strategies as st

from controller.checkpoint import claim_of
from controller.decide import decide
from controller.decision import Decision
from controller.facts import Facts
from controller.failure import Cause
from controller.intent import Closed, Intent, Submit
from controller.job import Ending, Job, Service
from controller.lineage import LineageId
from controller.policy import Mode, Policy, Reach
from controller.shell.limits import LEASE
from tests import builders
from tests.simulation.memory import MemoryLedger

MINUTES = (0, 1, 3, 30, 200, 200, 1500)
RETRYABLE = [ending for ending in Ending if ending.cause is not None and ending.cause.retryable]
ENDINGS = (*Ending, *RETRYABLE * 5)
ANSWERS = (Closed.DONE, Closed.DONE, Closed.DONE, Closed.REFUSED, Closed.ABANDONED, "later", None)  # None: died before it wrote


def any_policy(rng: Random) -> Policy:
    """Any policy of up to two rules and one resubmit block; it took force before, at or after the first job's birth."""
    rules = [
        builders.rule(f"rule-{n}", mode=rng.choice(list(Mode)), applies_to=rng.choice(list(Reach)))
        for n in range(rng.choice([0, 1, 1, 2]))
    ]
    causes = [cause for cause in Cause if cause.retryable and rng.random() < 0.9]
    block = builders.block(
        mode=rng.choice([*[Mode.ENFORCE] * 8, Mode.WARN, Mode.AUDIT]), within_s=rng.choice([60, 21_600, 21_600, 21_600]),
        causes={cause: builders.budget(rng.choice([0, 1, 2, 3, 3])) for cause in causes},
    )  # fmt: skip
    return builders.policy(
        f"r{rng.randrange(9)}", rules=tuple(rules), resubmissions=(block,) if rng.random() < 0.9 else (),
        in_force_at=builders.BEGIN + rng.choice([-1, 0, 1]) * timedelta(minutes=5),
    )  # fmt: skip


def any_job(rng: Random) -> Job:
    """A root job that was just created."""
    return builders.job(
        rng.choice(["bert", "bert-r02"]), spot=rng.random() < 0.7, secondary="Starting",
        checkpoint_uri=rng.choice([None, "s3://checkpoints/bert/", "s3://checkpoints/"]),
        service=rng.choice([*[None] * 9, Service.TUNING]),
        unrepeatable=rng.choice([*[None] * 9, "it is serverless"]),
    )  # fmt: skip


@dataclass(slots=True)
class Life:
    """One lineage: its attempts as the world has them, and the ledger of a controller that looks at them now and then."""

    now: datetime
    policy: Policy
    attempts: dict[int, Job]
    ledger: MemoryLedger = field(default_factory=MemoryLedger)

    @property
    def id(self) -> LineageId:
        return LineageId.of(self.attempts[1])

    def take(self, intent: Intent) -> Intent | None:
        """Claim an intent that is due, as reconcile does before it performs one."""
        if not intent.due(self.now):
            return None
        return self.ledger.take(self.id, intent, now=self.now, leased_until=self.now + LEASE)

    def facts(self, number: int) -> Facts:
        lineage, about = self.ledger.load(self.id), self.attempts[number]
        other = claim_of("s3://checkpoints/b", job="other", lineage="o", created_at=self.now)
        claims = (*self.ledger.claims("checkpoints"), other)
        return Facts(
            now=self.now, job=about, number=number, lineage=lineage, policy=self.policy, rate=builders.rate(),
            claims=claims if about.alive else None,
        )  # fmt: skip


def learn(facts: Facts, decision: Decision, ledger: MemoryLedger | None = None) -> Facts:
    """The same facts after a decision was committed, as reconcile does: what is due is leased to whoever commits it."""
    books = ledger or builders.ledger_with(facts.lineage)
    assert books.commit(facts.lineage, decision.leased(facts.now, facts.now + LEASE)), (
        "nobody else wrote, yet the commit was refused"
    )
    return replace(facts, lineage=books.load(facts.lineage.id))


def live(seed: int) -> Facts:
    """Facts as they are reached by living: a few looks at a lineage to which things happen."""
    rng = Random(seed)  # noqa: S311 - a property wants the same chances again
    root = any_job(rng)
    life = Life(now=root.created_at, policy=any_policy(rng), attempts={1: root})
    for _ in range(rng.choice([0, 1, 3, 6, 12, 20])):
        facts = life.facts(rng.choice([max(life.attempts), *sorted(life.attempts)]))
        learn(facts, decide(facts), life.ledger)
        for intent in life.ledger.load(life.id).open_intents():
            held = life.take(intent) or (intent if intent.leased_until else None)
            if held is not None:
                _answer(life, held, rng.choice(ANSWERS))
        life.now += timedelta(minutes=rng.choice(MINUTES))
        number = max(life.attempts)
        life.attempts[number] = _later(rng, life.attempts[number], life.now)
        if rng.random() < 0.1:
            life.policy = any_policy(rng)
    return life.facts(rng.choice(sorted(life.attempts)))


SEEDS = st.integers(0, 2**32)
lives = SEEDS.map(
    live
)  # drawn by a seed: choices that hypothesis itself draws lean to the first, and seldom reach a third attempt
policies = SEEDS.map(lambda seed: any_policy(Random(seed)))  # noqa: S311


def _answer(life: Life, intent: Intent, answer: Closed | str | None) -> None:
    """Write the world's answer to a performance down; a submission that took effect is a new attempt."""
    if answer == "later":
        life.ledger.put_off(life.id, intent, due_at=life.now + timedelta(minutes=5), why="throttled")
    elif isinstance(answer, Closed):
        life.ledger.close(life.id, intent, answer, "made up")
        if isinstance(intent.action, Submit) and answer is Closed.DONE:
            root = life.attempts[1]
            again = builders.attempt(intent.action.number, life.id, spot=root.spot, created_at=life.now)
            life.attempts[intent.action.number] = replace(again, checkpoint_uri=root.checkpoint_uri)


def _later(rng: Random, before: Job, now: datetime) -> Job:
    """The job a while later: the same, interrupted, stopping, over, or over with its usage."""
    what = rng.choice(["same", "interrupted", "stopping", "ended", "ended", "measured", "measured"])
    if not before.alive:
        return replace(before, usage=builders.usage()) if what == "measured" else before
    match what:
        case "interrupted":
            return replace(before, interrupted_at=tuple(sorted({*before.interrupted_at, now})))
        case "stopping":
            return replace(before, status="Stopping", secondary="Stopping", stopping_at=before.stopping_at or now)
        case "ended" | "measured":
            return builders.ended(before, rng.choice(ENDINGS), ended_at=now)
        case _:
            return before


def starving(policy: Policy, causes: list[Ending]) -> tuple[Life, list[Submit]]:
    """Play a lineage whose every attempt ends badly, in the given ways and then again and again; say what was submitted."""
    life, submitted = Life(now=builders.BEGIN, policy=policy, attempts={1: builders.job()}), []
    for number in count(1):
        life.now += timedelta(hours=1)
        ending = causes[(number - 1) % len(causes)]
        life.attempts[number] = builders.ended(life.attempts[number], ending, ended_at=life.now, usage=builders.usage())
        learn(life.facts(number), decide(life.facts(number)), life.ledger)
        life.now += timedelta(hours=3)
        for intent in life.ledger.load(life.id).open_intents():
            taken = life.take(intent)
            if taken is not None:
                _answer(life, taken, Closed.DONE)
                submitted += [taken.action] if isinstance(taken.action, Submit) else []
        if number + 1 not in life.attempts:
            return life, submitted
    raise AssertionError("count() ends never")
