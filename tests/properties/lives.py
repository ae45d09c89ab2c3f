"""Draws random histories of lineages: what happens to the jobs, what the controller sees, and how its calls end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random

from hypothesis import strategies as st

from controller.decide import decide
from controller.decide.decision import Decision, Need
from controller.decide.facts import Facts
from controller.jobs.checkpoint import CheckpointScan
from controller.jobs.claim import claim_of
from controller.jobs.failure import FailureCause, RetryChange
from controller.jobs.job import Job, Outcome, Service
from controller.jobs.request import change_from_json
from controller.ledger.entry import Entry, UserRequested, Waived
from controller.ledger.intent import Intent, IntentResult, Submit
from controller.ledger.lineage_id import LineageId
from controller.policy.mode import Mode
from controller.policy.policy import AppliesTo, Policy
from controller.policy.resubmission import Budget, DeadlineSettings, FallbackKind, FallbackStep, Guarantee, InterruptionLimit
from controller.policy.user_request import UserRequest
from controller.runtime.timeouts import LEASE
from tests import builders
from tests.simulation.memory import MemoryLedger

MINUTES = (0, 1, 3, 30, 200, 200, 1500)
RETRYABLE = [Outcome.STARVED, Outcome.CAPACITY, Outcome.INTERNAL, Outcome.QUOTA]
OUTCOMES = (*Outcome, *RETRYABLE * 5)
HISTORIES = ((), (3600,), (3600, 4000, 4200), (9000, 9000, 10_000, 9500))
ANSWERS = (
    IntentResult.DONE,
    IntentResult.DONE,
    IntentResult.DONE,
    IntentResult.REFUSED,
    IntentResult.ABANDONED,
    "later",
    None,
)  # None: the function was killed before it wrote


def any_policy(rng: Random) -> Policy:
    """A random policy of up to two rules and one resubmit block. It took force before, at or after the first job's creation."""
    rules = [
        builders.rule(f"rule-{n}", mode=rng.choice(list(Mode)), applies_to=rng.choice(list(AppliesTo)))
        for n in range(rng.choice([0, 1, 1, 2]))
    ]
    causes = [cause for cause in FailureCause if cause.next is not RetryChange.NEVER and rng.random() < 0.7]
    block = builders.block(
        mode=rng.choice([*[Mode.ENFORCE] * 8, Mode.WARN, Mode.AUDIT]), within_s=rng.choice([60, 21_600, 21_600, 21_600]),
        causes={cause: any_budget(rng) for cause in causes},
        ladder=rng.choice(LADDERS), on_demand=rng.random() < 0.8,
        interruption_limit=rng.choice([None, InterruptionLimit(more_than=1, within_s=36_000)]),
        deadline=DeadlineSettings(finish_within_s=rng.choice([None, 7200, 36_000]), guarantee=rng.choice(list(Guarantee))),
        cap_micros=rng.choice([None, None, None, 2_000_000]),
    )  # fmt: skip
    return builders.policy(
        f"r{rng.randrange(9)}", rules=tuple(rules), resubmissions=(block,) if rng.random() < 0.9 else (),
        in_force_at=builders.BEGIN + rng.choice([-1, 0, 1]) * timedelta(minutes=5),
    )  # fmt: skip


def any_budget(rng: Random) -> Budget:
    """A random budget, with or without the further values that its cause needs."""
    return builders.budget(
        rng.choice([0, 1, 2, 3, 3]), jitter=rng.choice([0.0, 0.1]),
        beginnings=rng.choice([(), ("AlgorithmError", "ClientError")]),
        instance_type=rng.choice([None, "ml.g5.12xlarge"]), volume_gb=rng.choice([None, 500]),
    )  # fmt: skip


LADDERS = (
    (),
    (),
    (
        FallbackStep(kind=FallbackKind.SAME),
        FallbackStep(kind=FallbackKind.INSTANCE_TYPES, values=("ml.g5.4xlarge", "ml.g4dn.xlarge")),
    ),
    (
        FallbackStep(kind=FallbackKind.SAME),
        FallbackStep(kind=FallbackKind.EQUIVALENTS),
        FallbackStep(kind=FallbackKind.ON_DEMAND),
    ),
    (
        FallbackStep(kind=FallbackKind.SAME),
        FallbackStep(kind=FallbackKind.SUBNETS, values=("subnet-0b",)),
        FallbackStep(kind=FallbackKind.ON_DEMAND),
    ),
)
TAGS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"spotwarden:deadline": "2026-03-02T14:00:00Z", "spotwarden:expected-runtime": "90m"},
    {"spotwarden:deadline": "2026-03-02 14:00"},
    {"spotwarden:expected-runtime": "0"},
    {"spotwarden:expected-runtime": "3h"},
)


def any_job(rng: Random) -> Job:
    """A random first job that was just created."""
    return builders.job(
        rng.choice(["bert", "bert-r02"]), spot=rng.random() < 0.7, secondary="Starting",
        checkpoint_uri=rng.choice([None, "s3://checkpoints/bert/", "s3://checkpoints/"]),
        service=rng.choice([*[None] * 9, Service.TUNING]),
        unrepeatable=rng.choice([*[None] * 9, "it is serverless"]), tags={"team": "vision"} | rng.choice(TAGS),
        subnets=rng.choice([(), ("subnet-0a",)]),
    )  # fmt: skip


@dataclass(slots=True)
class Life:
    """A lineage: its attempts in the world, and the ledger of a controller that looks at them now and then."""

    now: datetime
    policy: Policy
    attempts: dict[int, Job]
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    history: tuple[int, ...] = ()

    @property
    def id(self) -> LineageId:
        return LineageId.of(self.attempts[1])

    def take(self, intent: Intent) -> Intent | None:
        """Claim a due intent, as reconcile does before it performs one."""
        if not intent.due(self.now):
            return None
        return self.ledger.lineages.take(self.id, intent, now=self.now, leased_until=self.now + LEASE)

    def facts(self, number: int) -> Facts:
        lineage, about = self.ledger.lineages.load(self.id), self.attempts[number]
        other = claim_of("s3://checkpoints/b", job="other", lineage="o", created_at=self.now)
        claims = (*self.ledger.claims.claims_on("checkpoints"), other)
        read = self.now.minute % 3 > 0  # two of three looks read the history and the checkpoints
        return Facts(
            now=self.now, job=about, number=number, lineage=lineage, policy=self.policy, rate=builders.rate(),
            claims=claims if about.alive else None, history=self.history if read else None,
            checkpoint_scan=self.scan(about) if read else None, looked_up=frozenset(Need),
        )  # fmt: skip

    def scan(self, about: Job) -> CheckpointScan | None:
        """The checkpoint scan of the job. It is empty in a third of the histories, and fails in another third."""
        if about.checkpoint_uri is None:
            return None
        kind = len(self.history) % 3
        newest_at = about.intervals[-1].start + timedelta(minutes=20) if kind and about.intervals else None
        return CheckpointScan(
            uri=about.checkpoint_uri, scanned_at=self.now, objects=int(bool(newest_at)), bytes_seen=0, newest_at=newest_at,
            complete=True, problem="the bucket does not exist" if kind == 2 else None,
        )  # fmt: skip


def learn(facts: Facts, decision: Decision, ledger: MemoryLedger | None = None) -> Facts:
    """The facts after a decision was committed as reconcile commits it: with a lease on each due intent."""
    ledger = ledger or builders.ledger_with(facts.lineage)
    assert ledger.lineages.commit(facts.lineage, decision.leased(facts.now, facts.now + LEASE)), (
        "the commit was refused although nobody else wrote"
    )
    return replace(
        facts, lineage=ledger.lineages.load(facts.lineage.id), placement=None
    )  # so that the next facts show that EC2 was called


def live(seed: int) -> Facts:
    """The facts at the end of a random history with a few decisions."""
    rng = Random(seed)  # noqa: S311 - repeatable, not secret
    root = any_job(rng)
    life = Life(now=root.created_at, policy=any_policy(rng), attempts={1: root}, history=rng.choice(HISTORIES))
    for _ in range(rng.choice([0, 1, 3, 6, 12, 20])):
        facts = life.facts(rng.choice([max(life.attempts), *sorted(life.attempts)]))
        learn(facts, decide(facts), life.ledger)
        for intent in life.ledger.lineages.load(life.id).open_intents():
            held = life.take(intent) or (intent if intent.leased_until else None)
            if held is not None:
                _answer(life, held, rng.choice(ANSWERS))
        life.now += timedelta(minutes=rng.choice(MINUTES))
        number = max(life.attempts)
        life.attempts[number] = _later(rng, life.attempts[number], life.now)
        if rng.random() < 0.1:
            life.policy = any_policy(rng)
        if rng.random() < 0.15:
            _ask(rng, life)
    return life.facts(rng.choice(sorted(life.attempts)))


SEEDS = st.integers(0, 2**32)
lives = SEEDS.map(live)  # by a seed: hypothesis prefers first choices and seldom draws a third attempt
policies = SEEDS.map(lambda seed: any_policy(Random(seed)))  # noqa: S311 - repeatable, not secret


def _answer(life: Life, intent: Intent, answer: IntentResult | str | None) -> None:
    """Record the result of performing an intent. A submission that took effect adds an attempt."""
    if answer == "later":
        life.ledger.lineages.put_off(life.id, intent, due_at=life.now + timedelta(minutes=5), why="throttled")
    elif isinstance(answer, IntentResult):
        life.ledger.lineages.close(life.id, intent, answer, "test")
        if isinstance(intent.action, Submit) and answer is IntentResult.DONE:
            root = life.attempts[1]
            changes = change_from_json(intent.action.changes)
            again = builders.attempt(
                intent.action.number, life.id, spot=changes.get("EnableManagedSpotTraining", root.spot), created_at=life.now,
                started_at=None, intervals=(), tags=root.tags,
            )  # fmt: skip
            life.attempts[intent.action.number] = replace(again, checkpoint_uri=root.checkpoint_uri)


def _ask(rng: Random, life: Life) -> None:
    """Record a random user request about the newest attempt, or a waiver, as the Slack interactions do."""
    job, lineage = life.attempts[max(life.attempts)], life.ledger.lineages.load(life.id)
    if rng.random() < 0.3:
        entry: Entry = Waived(
            job=job.name, at=life.now, team="vision", policy="rule-0", who="U1", reason="r", ticket="t",
            until=life.now + timedelta(hours=rng.choice([1, 30])),
        )  # fmt: skip
    else:
        tried = [submit.number for submit, _ in lineage.submits()]
        number = 0 if job.alive else max([max(life.attempts), *tried]) + 1
        ask = rng.choice([UserRequest.TRY_AGAIN, UserRequest.ON_DEMAND, UserRequest.STOP])
        entry = UserRequested(job=job.name, at=life.now, team="vision", request=ask, who="U1", number=number)
    if entry.key not in lineage.standing():
        assert life.ledger.lineages.commit(lineage, Decision(entries=(entry,)))


def _later(rng: Random, before: Job, now: datetime) -> Job:
    """The job some time later: unchanged, interrupted, stopping, ended, or ended with usage."""
    what = rng.choice(["same", "interrupted", "stopping", "ended", "ended", "measured", "measured"])
    if not before.alive:
        return replace(before, usage=builders.usage()) if what == "measured" else before
    match what:
        case "interrupted":
            return replace(before, interrupted_at=tuple(sorted({*before.interrupted_at, now})))
        case "stopping":
            return replace(before, status="Stopping", secondary="Stopping", stopping_at=before.stopping_at or now)
        case "ended" | "measured":
            return builders.ended(before, rng.choice(OUTCOMES), ended_at=now)
        case _:
            return before


def starving(policy: Policy, causes: list[Outcome]) -> tuple[Life, list[Submit]]:
    """Run a lineage whose attempts all fail, with these outcomes in turn. Returns its history and its submissions."""
    life, submitted = Life(now=builders.BEGIN, policy=policy, attempts={1: builders.job()}), []
    for number in count(1):
        life.now += timedelta(hours=1)
        outcome = causes[(number - 1) % len(causes)]
        life.attempts[number] = builders.ended(life.attempts[number], outcome, ended_at=life.now, usage=builders.usage())
        learn(life.facts(number), decide(life.facts(number)), life.ledger)
        life.now += timedelta(hours=3)
        for intent in life.ledger.lineages.load(life.id).open_intents():
            taken = life.take(intent)
            if taken is not None:
                _answer(life, taken, IntentResult.DONE)
                submitted += [taken.action] if isinstance(taken.action, Submit) else []
        if number + 1 not in life.attempts:
            return life, submitted
    raise AssertionError("count() ends never")
