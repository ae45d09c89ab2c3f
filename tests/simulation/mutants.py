"""The path without one of its fences at a time: each must be caught. ``python -m tests.simulation.mutants`` prints the table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import Pool
from typing import Any

from controller.aws.sagemaker import documents
from controller.aws.sagemaker.jobs import ATTEMPT_TAG, SageMakerJobs
from controller.decide import resubmit, wakeups
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.ledger.intent import IntentResult
from controller.ledger.lineage import Lineage, LineageId
from controller.runtime import discover, perform, reconcile, sweep
from controller.runtime.ports import Done, Later, Trigger
from tests.simulation import memory, world_invariants
from tests.simulation.harness import SeenLedger
from tests.simulation.memory import MemoryLedger
from tests.simulation.replace_function import Change, changed
from tests.simulation.run import lived

SEEDS_MAX = 300
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def instead(new: Any) -> Any:
    return lambda _: new


def _perform_first(settle: Any) -> Any:
    def performing(name: str, ports: Any) -> Any:
        job = ports.jobs.describe(name)
        if job is None:
            return None
        facts, decided = reconcile.decided(job, ports)
        decision = decided.leased(facts.now, facts.now + reconcile.LEASE)
        for intent in decision.intents:
            if intent.leased_until:
                perform.perform(intent, facts.lineage, ports, reconcile.reconcile)
        return settle(name, ports)

    return performing


def _random_names(_: Any) -> Any:
    numbers = itertools.count()
    return lambda lineage, number: f"{lineage.root[:40]}-{next(numbers):06d}"


def _unversioned(commit: Any) -> Any:
    return lambda self, lineage, decision: commit(self, replace(lineage, version=self.head(lineage.id)), decision)


def _close_first(carry_out: Any) -> Any:
    def closing_first(intent: Any, lineage: Any, ports: Any, again: Any) -> Any:
        ports.ledger.close(lineage.id, intent, IntentResult.DONE, "")
        return carry_out(intent, lineage, ports, again)

    return closing_first


def _taken_by_all(_: Any) -> Any:
    return lambda self, lineage, intent, *, now, leased_until: intent.leased(leased_until)


def _withdrawing_all(new_to: Any) -> Any:
    def withdrawing(self: Any, lineage: Any, about: str) -> Any:
        said = {i.key for i in self.intents}
        return replace(new_to(self, lineage, about), withdrawn=tuple(i for i in lineage.open_intents(about) if i.key not in said))

    return withdrawing


def _watching_the_living(keep_watch: Any) -> Any:
    return lambda facts: keep_watch(facts) if facts.job.alive else Decision()


def _stop_at_once(stop: Any) -> Any:
    def stopping(self: Any, name: str) -> Any:
        answer = stop(self, name)
        return Done("asked") if isinstance(answer, Later) else answer

    return stopping


def _rest_first(_: Any) -> Any:
    def load(self: Any, lineage: Any) -> Any:
        rest = self.rest(lineage)
        return replace(rest, version=self.head(lineage))

    return load


def _claimed_by_all(_: Any) -> Any:
    def claim(self: Any, claim: Any) -> Any:
        self.held[memory._place(claim)] = claim
        return ()

    return claim


def _forgetful(_: Any) -> Any:
    def submit(action: Any, lineage: Any, ports: Any, again: Any) -> Any:
        claim = perform._claim(action, lineage)
        if claim and ports.ledger.claim(claim):
            return Later("others write there")
        answer = ports.jobs.submit(action, lineage.id)
        if isinstance(answer, Done):
            again(Trigger(job=action.job), ports)
        elif claim:
            ports.ledger.release(claim)
        return answer

    return submit


def _tags_believed(number_of: Any) -> Any:
    def believing(self: Any, job: Any) -> Any:
        said = job.tags.get(ATTEMPT_TAG)
        return number_of(self, job) or (int(said) if said else None)

    return believing


def _ageless(_: Any) -> Any:
    return classmethod(lambda cls, job: cls(account=job.account, region=job.region, root=job.name, created_at=LONG_AGO))


def _ageless_too(root_of: Any) -> Any:
    return lambda world, job: replace(root_of(world, job), created_at=LONG_AGO)


def _ageless_number(number_of: Any) -> Any:
    return lambda self, job: 1 if job.name == self.id.root else number_of(self, job)


def _never_discovering(_: Any) -> Any:
    return lambda ports: sweep.SweepResult()


def _judged_anew(too_old: Any) -> Any:
    return lambda facts, block: too_old(facts, block) or facts.job.ended_at < facts.policy.in_force_at


UNCONDITIONAL: Change = (memory, "_fits", instead(lambda row, decision: True))  # if-absent is half of the version's net

MUTANTS: Mapping[str, tuple[Change, ...]] = {
    # The nine of the architecture page.
    "perform before commit": ((reconcile, "_settle", _perform_first),),
    "random names": ((resubmit, "attempt_name", _random_names),),
    "never close": ((MemoryLedger, "close", instead(lambda self, lineage, intent, closed, why: True)),),
    "commit without version": ((MemoryLedger, "commit", _unversioned), UNCONDITIONAL),
    "no new_to": ((Decision, "new_to", instead(lambda self, lineage, about: self)),),
    "no sweep": ((sweep, "sweep", instead(lambda ports: sweep.SweepResult())),),
    "no discover": ((discover, "discover", _never_discovering),),
    "trust the event": ((reconcile, "_taken", instead(lambda intents, lineage, now, ports: iter(()))),),
    "close before perform": ((perform, "_carry_out", _close_first),),
    # The fences.
    "perform what others hold": ((MemoryLedger, "take", _taken_by_all),),
    "no lease": ((reconcile, "LEASE", instead(timedelta(0))),),
    "withdraw what is performed": ((Decision, "new_to", _withdrawing_all), UNCONDITIONAL),
    "no wake": ((wakeups, "schedule_wakeups", instead(lambda facts: Decision())),),
    "no wake after the ending": ((wakeups, "schedule_wakeups", _watching_the_living),),
    "stop closes at once": ((SageMakerJobs, "stop", _stop_at_once),),
    "a deleted job is not let go of": ((reconcile, "_let_go", instead(lambda name, lineage, ports: None)),),
    "a failing ring is not set back": ((MemoryLedger, "delay", instead(lambda self, overdue, trigger_at: None)),),
    "a failing ring ends the pass": (
        (sweep, "trigger_job", instead(lambda trigger, ports: reconcile.reconcile(trigger, ports) and None)),
    ),
    "a lineage without its birth": (
        (LineageId, "of", _ageless), (world_invariants, "root_of", _ageless_too), (Lineage, "number_of", _ageless_number),
    ),
    "tags are believed": ((Lineage, "number_of", _tags_believed),),
    "a taken name is ours": ((SageMakerJobs, "_carries", instead(lambda self, described, lineage: True)),),
    "older attempts yield intents": ((Facts, "newest", instead(True)),),
    "a stale description is believed": ((reconcile, "_stale", instead(lambda facts: False)),),
    "the head is read last": ((SeenLedger, "load", _rest_first), UNCONDITIONAL),
    "claims are not read before Create": ((MemoryLedger, "claim", _claimed_by_all),),
    "an earlier try is forgotten": ((perform, "_submit", _forgetful),),
    "Create before the commit is known": ((reconcile, "replace", instead(lambda lineage, entries: lineage)),),
    "an ending is forgotten by the next policy": ((resubmit, "_too_old", _judged_anew),),
    # Finishing the job.
    "a halt is not asked for": ((perform, "check_limits", instead(lambda intent, lineage, ports: None)),),
    "what was moved is forgotten": ((resubmit, "_moved", instead(lambda facts, block, cause: Decision())),),
    "what is repaired is forgotten": ((resubmit, "_repaired", instead(lambda facts, stop, block: Decision())),),
    "owners are not known": ((documents, "service_of", instead(lambda described, tags: None)),),
}  # fmt: skip
"""What each mutant changes."""


def caught(name: str, first: int = 0) -> tuple[int, str] | None:
    """The first seed that catches a mutant, and what it says; None when 300 seeds do not."""
    with changed(*MUTANTS[name]):
        for seed in range(first, first + SEEDS_MAX):
            _, violation = lived(seed)
            if violation:
                return seed, violation
    return None


def main(names: Sequence[str] = tuple(MUTANTS)) -> int:
    """Print which seed catches which mutant; exit code 1 when one escapes."""
    escaped = 0
    with Pool() as pool:
        for name, found in zip(names, pool.imap(caught, names), strict=True):
            escaped += found is None
            print(f"{name:38} {'ESCAPED' if found is None else f'seed {found[0]}: {found[1][:120]}'}", flush=True)
    print(f"{len(names) - escaped} caught, {escaped} escaped")
    return 1 if escaped else 0


if __name__ == "__main__":
    raise SystemExit(main())
