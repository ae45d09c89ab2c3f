"""A history: some hours in which calls may fail, then hours without faults until nothing is left to do, then the checks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from controller.jobs.failure import FailureCause
from controller.ledger.halt import Halt
from controller.policy.policy import Policy
from controller.runtime import discover, reconcile, sweep
from controller.runtime.market_signals import note_signal
from controller.runtime.outbox.drain import drain
from controller.runtime.perform.perform import TRIES_MAX
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.answers import Unreachable
from controller.runtime.ports.schedule import DiscoverPass
from controller.runtime.read_events import Trigger
from infra.local.sagemaker.client import Client
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.world import World
from tests.builders import BEGIN
from tests.simulation import actors, harness, policies_and_tags
from tests.simulation.canceller import Canceller
from tests.simulation.faults import Faults
from tests.simulation.faulty_ports import FaultyS3
from tests.simulation.harness import BUCKETS, Bus, CheckedLedger, MemoryCheckpoints, Rollout
from tests.simulation.lambdas import Killed, Lambdas
from tests.simulation.memory import MemoryOutbox
from tests.simulation.replace_function import replaced
from tests.simulation.stranger import Stranger
from tests.simulation.workspace import Workspace
from tests.simulation.world_invariants import InvariantChecker, Violation, require

FAULT_PERIOD: Final = timedelta(hours=4)
SETTLING_TIME: Final = timedelta(hours=60)  # after the faults; the controller waits one day for usage that never appears
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
CLAIMS_MAX: Final = 100  # claims of one intent; a call without a response is no try, so tries alone do not limit them
RETRIES: Final = (timedelta(minutes=1), timedelta(minutes=2))  # how Lambda retries an asynchronous invocation
EXPECTED: Final = (reconcile.Outpaced, Unreachable, Killed)


@dataclass(slots=True)
class History:
    """Everything that one seed decides. Fewer ``jobs`` or a shorter ``fault_period`` make it smaller, to minimise a failure."""

    seed: int
    faults: Faults | None = None
    jobs: int | None = None
    fault_period: timedelta = FAULT_PERIOD
    lambdas: Lambdas = field(init=False)
    checker: InvariantChecker = field(init=False)
    ledger: CheckedLedger = field(init=False)
    outbox: MemoryOutbox = field(init=False)
    slack: Workspace = field(init=False)
    events: Bus = field(init=False)
    world: World = field(init=False)
    policies: list[Policy] = field(init=False)
    rollout: Rollout = field(init=False)
    broken: set[str] = field(init=False)
    late: Counter[str] = field(default_factory=Counter)
    _waits: Counter[str] = field(default_factory=Counter)
    _drained_minutes: int = 0  # minutes since the last check in which drain ended its last pass that had a channel
    _drain_ended: bool = False

    def __post_init__(self) -> None:
        self.faults = faults = self.faults or Faults.drawn(self._stream("faults"))
        calls = {name: getattr(faults, name) for name in ("event_lost", "event_duplicated", "event_late", "event_reordered")}
        more = self._stream("ambition")
        extended = more.random() < 0.5
        quotas = {"quotas": more.choice(policies_and_tags.QUOTAS)} if extended else {}
        fixed = {"stuck_for": (2000, 9000), "on_demand_late": faults.late_starts}
        settings = WorldSettings.drawn(self._stream("knobs"), **calls, **quotas, **fixed)
        supply = self._stream("weather")
        self.world = World(
            BEGIN,
            seed=self.seed,
            settings=settings,
            capacity_of=lambda _: actors.spot_capacity(supply, BEGIN),
            script_for=actors.script_of,
        )
        rules = self._stream("policies")
        self.policies = [actors.policy(rules, n) for n in range(1 + faults.edit_policy)]
        self.policies = [policies_and_tags.more(more, policy) for policy in self.policies] if extended else self.policies
        self.policies = policies_and_tags.capped(self._stream("caps"), self.policies)
        if faults.break_rules:
            self.policies = policies_and_tags.repairing(self._stream("repairs"), self.policies)
        self.extend_request = partial(policies_and_tags.with_deadline_tags, more, begin=BEGIN) if extended else None
        self.ledger, self.outbox, self.events = CheckedLedger(), MemoryOutbox(), Bus()
        self.checker = InvariantChecker(self.world, self.ledger, self._limits(), edited=faults.edit_policy > 0)
        self.ledger.checker = self.checker
        self.lambdas = Lambdas(BEGIN, faults, self._stream("lambdas"), self.world.advance_to)
        self.slack = Workspace(self.lambdas, self._stream("slack"), self._is_sick)
        roots = actors.NAMES[: self.jobs or self._stream("jobs").choice([2, 3, 5])]
        self.broken = set(roots[: faults.broken])
        self._silent: set[str] = set()
        self.roots = roots
        self.rollout = Rollout(self.lambdas, self.ledger, [(BEGIN, self.policies[0])])
        self.checker.intervals = self.rollout.intervals
        buckets = self._stream("buckets")
        s3 = FaultyS3(self.lambdas, buckets, buckets.sample(BUCKETS, faults.denied_buckets))
        checkpoints = MemoryCheckpoints(
            self.world, lambda: self.lambdas.now, others=faults.other_files, seed=self.seed, fails=s3.fails
        )  # fmt: skip
        self.ports = harness.ports(
            self.lambdas, Client(self.world, validate=False), self.checker, self.ledger, self.outbox, self.slack,
            self.rollout, self._silent, checkpoints, self.events,
        )  # fmt: skip
        self._minute = BEGIN
        self._looks, self._looked_before = self._stream("looks"), set()

    extend_request: Callable[[dict[str, Any]], dict[str, Any]] | None = field(init=False)
    _silent: set[str] = field(init=False)
    roots: tuple[str, ...] = field(init=False)
    ports: Ports = field(init=False)
    _minute: datetime = field(init=False)
    _world_at: datetime | None = None
    _looks: Random = field(init=False)
    _looked_before: set[datetime] = field(init=False)

    def run(self) -> None:
        """Run until nothing is left to do, and check the invariants. Raises Violation."""
        with replaced((reconcile, "decide", self.checker.checking_decide)):
            self._plan()
            while (at := self._next_at()) is not None and at <= BEGIN + self.fault_period + SETTLING_TIME:
                self._advance(at)

    @property
    def faults_end_at(self) -> datetime:
        return BEGIN + self.fault_period

    # The plan of the faults.

    def _plan(self) -> None:
        assert self.faults is not None
        more_faults = partial(actors.with_faults, self._stream("requests"), self.faults)
        users = actors.Users(self._stream("people"), self.world, self.checker, (self.extend_request, more_faults))
        when = self._stream("times")
        stranger = Stranger(self._stream("stranger"), self.world, self.checker)
        for name in self.roots:
            self._at(BEGIN + timedelta(seconds=when.randrange(2400)), partial(users.begin, name))
        acts: dict[Callable[[], object], int] = {
            users.stop: self.faults.stop_jobs, users.delete: self.faults.delete_jobs, users.reuse_name: self.faults.reuse_names,
            users.take_next_name: self.faults.take_names, users.clone_tags: self.faults.clone_tags,
            stranger.squat_name: self.faults.squat_names, stranger.remove_tags: self.faults.remove_tags,
            stranger.forge_tags: self.faults.forge_tags, stranger.forge_row: self.faults.forge_rows,
        }  # fmt: skip
        for act, times in acts.items():
            for _ in range(times):
                self._while_faults_happen(when, act)
        breaks = self._stream("breaks")
        breakers = replace(users, rng=self._stream("breakers"))
        for _ in range(self.faults.break_rules):
            self._while_faults_happen(breaks, breakers.break_rule)
        canceller, moments = (
            Canceller(self._stream("canceller"), self.ledger, harness.Clock(self.lambdas)),
            self._stream("cancels"),
        )
        for _ in range(self.faults.call_off):
            self._while_faults_happen(moments, canceller.call_off)
        warned = self._stream("warnings")
        for number in range(self.faults.other_fleets):
            self._while_faults_happen(warned, partial(self._warn, number))
        for edited in self.policies[1:]:
            self._while_faults_happen(when, partial(self._deploy, edited))
        if len(self.policies) > 1 and (back := self._stream("rollback")).random() < 0.5:
            self._while_faults_happen(back, partial(self._deploy, self.policies[0]))
        for _ in range(self.faults.halts):
            called_at = BEGIN + self.fault_period * when.uniform(0.05, 0.8)
            self._at(called_at, self._halt)
            self._at(called_at + timedelta(minutes=when.randrange(5, 60)), partial(self.ledger.halts.set_halt, None))
        self._plan_outages("outages", self.faults.outages, "down")
        self._plan_outages("silent tags", self.faults.silent_tags, "tags_down")
        self._plan_outages("silent S3", self.faults.silent_s3, "s3_down")
        breaks_at = BEGIN + when.choice([timedelta(0), HOUR])  # before the controller has seen them, or later
        self._at(breaks_at, partial(self._silent.update, self.broken))
        self.lambdas.at(self.faults_end_at, self._end_faults)

    def _while_faults_happen(self, when: Random, act: Callable[[], object]) -> None:
        self._at(BEGIN + self.fault_period * when.uniform(0.05, 1), act)

    def _at(self, when: datetime, act: Callable[[], object]) -> None:
        def acting() -> None:
            self.world.advance_to(self.lambdas.now)
            act()

        self.lambdas.at(when, acting)

    def _deploy(self, policy: Policy) -> None:
        self.rollout.history.append((self.lambdas.now, policy))

    def _halt(self) -> None:
        self.ledger.halts.set_halt(Halt(why="a test", who="somebody", since=self.lambdas.now))

    def _warn(self, number: int) -> None:
        """EC2 sends a warning about another fleet of the account, with instances of the same family."""
        event = actors.spot_warning(number, self.lambdas.now)
        self.lambdas.invoke("spot_warning", lambda: note_signal(event, self.ports), self._check_expected)

    def _plan_outages(self, stream: str, count: int, what: str) -> None:
        """Plan times of 20 minutes to 3 hours in which a service fails."""
        outages = self._stream(stream)
        for _ in range(count):
            begins_at = BEGIN + self.fault_period * outages.uniform(0.05, 0.9)
            self._at(begins_at, partial(self._set_down, what, True))
            self._at(begins_at + timedelta(minutes=outages.randrange(20, 180)), partial(self._set_down, what, False))

    def _set_down(self, what: str, down: bool) -> None:
        setattr(self.lambdas, what, down and self.lambdas.now < self.faults_end_at)

    def _end_faults(self) -> None:
        """End the faults of calls. Broken jobs stay broken, and events keep their faults."""
        self.lambdas.faults = Faults()
        self.lambdas.down = self.lambdas.tags_down = self.lambdas.s3_down = False
        self.ledger.halts.set_halt(None)

    # Time.

    def _next_at(self) -> datetime | None:
        """The next time at which anything happens; None if nothing is left to do."""
        self._world_at = self.world.next_at()
        self._look_before(self._world_at)
        moments = [at for at in (self.lambdas.next_at(), self._world_at) if at is not None]
        soon = min(moments, default=None)
        if soon is not None and soon <= self._minute + MINUTE:
            return soon
        clock_at = self._clock_at(soon)
        return min((at for at in (soon, clock_at) if at is not None), default=None)

    def _look_before(self, change_at: datetime | None) -> None:
        """Perhaps run functions right before the next change of a job."""
        assert self.faults is not None
        if not self.faults.late_looks or change_at is None or change_at in self._looked_before:
            return
        look_at, alive = change_at - timedelta(seconds=1), [life.name for life in self.checker.lives if life.alive]
        if alive and self.lambdas.now < look_at < self.faults_end_at:
            self._looked_before.add(change_at)
            for name in alive:
                if self._looks.random() < self.faults.late_looks:
                    self.lambdas.at(look_at, partial(self._trigger, name))

    def _clock_at(self, soon: datetime | None) -> datetime | None:
        """The next whole minute at which a scheduled function has work. Idle minutes are skipped."""
        trigger_at = list(self._trigger_times())
        if self.outbox.channels():
            trigger_at.append(self.lambdas.now)
        hour = self._minute.replace(minute=0) + HOUR
        if soon is None and not trigger_at and self.lambdas.now > self.faults_end_at and self._discovered():
            return None
        first = max(min([*trigger_at, hour]), self._minute + timedelta(microseconds=1))
        return BEGIN + -((BEGIN - first) // MINUTE) * MINUTE

    def _trigger_times(self) -> Iterator[datetime]:
        """When the sweep has work: for open intents, and for user requests that wait."""
        yield from (at for row in self.ledger.rows.values() for at in row.trigger_at.values())
        yield from (at for waiting in self.ledger.requests.values() for at, _ in waiting.values())

    def _discovered(self) -> bool:
        """Whether both passes of discover are beyond the last change of a job. The second retries what failed in the first."""
        latest = max((life.job.modified_at for life in self.checker.lives), default=BEGIN)
        passed = [self.ledger.passes.passed_until(which) for which in DiscoverPass]
        return all(until is not None and until > latest + timedelta(minutes=20) for until in passed)

    def _is_sick(self, text: str) -> bool:
        """Whether Slack returns an error for a message, because of the lineages in it."""
        assert self.faults is not None
        sick = [name for name in self.roots if self._stream(f"sick/{name}").random() < self.faults.sick_messages]
        return any(re.search(rf"\b{name}\b", text) for name in sick)

    def _check_others_go_on(self) -> None:
        """While Slack returns errors for some messages, no other message waits for two hours.

        Minutes in which drain's last pass with a channel was killed or failed do not count. A card may show the name of another
        job; then messages that belong to the card wait too.
        """
        queued = [message for queue in self.outbox.queues.values() for message in queue.values()]
        well = {m.key for m in queued if m.has_text and not self.slack.is_sick(str(m)) and not self._beside_sick(m.key)}
        self._waits = Counter({key: self._waits[key] + self._drained_minutes for key in well})
        self._drained_minutes = 0
        late = [key for key, minutes in self._waits.items() if minutes > 120]
        require(not late, f"what Slack takes goes on while it answers other messages with errors: {late}")

    def _beside_sick(self, key: str) -> bool:
        """Whether a text for which Slack returned an error contains the root of a message's lineage."""
        root = re.compile(rf"\b{re.escape(key.split('/')[2])}\b")
        return any(root.search(text) for text in self.slack.unanswered)

    def _check_nothing_is_late(self) -> None:
        """After the faults, no intent of a job that SageMaker describes is overdue for an hour. Broken jobs delay no others."""
        if self.lambdas.now < self.faults_end_at + 2 * HOUR:
            return
        for channel, queue in self.outbox.queues.items():
            waiting = [message.key for message in queue.values() if message.at < self.lambdas.now - HOUR]
            require(not waiting, f"no channel's oldest message is older than an hour: {waiting} in {channel}")
        for lineage, row in self.ledger.rows.items():
            if lineage.root not in self.broken:
                late = [i.key for i in row.intents.values() if i.open and i.trigger_at < self.lambdas.now - HOUR]
                require(not late, f"no intent is overdue: {late} of {lineage}")
                endless = [i.key for i in row.intents.values() if i.tries > TRIES_MAX or i.claim > CLAIMS_MAX]
                require(not endless, f"rest is reached in bounded rounds: {endless} of {lineage}")

    def _has_changes(self) -> bool:
        """Whether discover could find a job. Idle hours after the faults are skipped, and noted as if discover had run."""
        if self.lambdas.now <= self.faults_end_at:
            return True
        since = min(self.ledger.passes.passed_until(which) or BEGIN for which in DiscoverPass) - timedelta(minutes=20)
        if any(life.job.modified_at >= since for life in self.checker.lives):
            return True
        for which in DiscoverPass:
            self.ledger.passes.note_passed(which, self.lambdas.now - timedelta(hours=6))
        return False

    def _advance(self, at: datetime) -> None:
        self.lambdas.now = at
        if self._world_at is not None and self._world_at <= at:
            self.world.advance_to(at)
            for delivery in self.world.drain_events():
                self._trigger(delivery.name)
        if self.lambdas.next_at() == at:
            self.lambdas.step()
        whole = BEGIN + (at - BEGIN) // MINUTE * MINUTE
        if whole > self._minute:
            self._minute = whole
            self._run_minute(whole)

    # The functions, as they are deployed.

    def _trigger(self, name: str, tries: int = 0) -> None:
        def ended(problem: BaseException | None) -> None:
            self._check_expected(problem)
            if problem is not None and tries < len(RETRIES):
                self.lambdas.at(self.lambdas.now + RETRIES[tries], lambda: self._trigger(name, tries + 1))

        self.lambdas.invoke(f"job_changed {name}", lambda: reconcile.reconcile(Trigger(job=name), self.ports), ended)

    def _run_minute(self, minute: datetime) -> None:
        if minute.minute == 0:
            self._check_nothing_is_late()
            self._check_others_go_on()
        if minute.minute == 0 and self._has_changes():
            self.lambdas.invoke("discover", lambda: self._run_pass(discover.discover), self._check_expected)
        if any(at <= minute for at in self._trigger_times()):
            self.lambdas.invoke("sweep", lambda: self._run_pass(sweep.sweep), self._check_expected)
        if self.outbox.channels():
            self._drained_minutes += self._drain_ended
            self.lambdas.invoke("drain", self._drain, self._drained)

    def _drain(self) -> None:
        done = drain(self.ports)
        if done.sent or done.paused or not done.shut:  # drain had a channel
            self._drain_ended = True

    def _drained(self, problem: BaseException | None) -> None:
        self._check_expected(problem)
        if problem is not None:
            self._drain_ended = False

    def _run_pass(self, pass_: Callable[[Ports], sweep.SweepResult]) -> None:
        done = pass_(self.ports)
        for name, problem in done.failed:
            self.lambdas.note("clock", f"{name}: {type(problem).__name__}: {problem}")
            self._check_expected(problem)

    @staticmethod
    def _check_expected(problem: BaseException | None) -> None:
        if problem is not None and not isinstance(problem, EXPECTED):
            raise Violation(f"no unexpected exception: {type(problem).__name__}: {problem}") from problem

    # Small functions.

    def _stream(self, what: str) -> Random:
        """A random stream for each purpose, so that a history without one kind of fault keeps the others. The names are part of
        the seed.
        """
        return Random(f"{self.seed}/{what}")  # noqa: S311 - a simulation, not a secret

    def _limits(self) -> dict[FailureCause, int]:
        limits: dict[FailureCause, int] = {}
        for policy in self.policies:
            for block in policy.resubmissions:
                for cause in FailureCause:
                    budget, _ = block.budget_of(cause)
                    limits[cause] = max(limits.get(cause, 0), budget.limit if budget else 0)
        return limits
