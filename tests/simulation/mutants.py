"""Mutants: the code without one of its fences. Seeds must catch each. ``python -m tests.simulation.mutants`` prints them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import Pool
from typing import Any

from controller.aws import s3_checkpoints
from controller.aws.sagemaker import ownership, read_job
from controller.aws.sagemaker.jobs import SageMakerJobs
from controller.decide import deduplicate, wakeups
from controller.decide.decision import Decision
from controller.decide.facts import Facts
from controller.decide.resubmit import resubmit, submission
from controller.ledger import lineage
from controller.ledger.intent import IntentResult
from controller.ledger.lineage import ATTEMPT_TAG, Lineage
from controller.ledger.lineage_id import LineageId
from controller.runtime import discover, reconcile, sweep
from controller.runtime.gather import gather
from controller.runtime.outbox import batches, drain
from controller.runtime.perform import perform
from controller.runtime.ports.answers import Done, Later, Unreachable
from controller.runtime.read_events import Trigger
from controller.savings import interruption_rates
from tests.simulation import world_invariants
from tests.simulation.faulty_ports import FaultyLedger
from tests.simulation.memory import MemoryLedger, lineages
from tests.simulation.memory.lineages import claim_key
from tests.simulation.replace_function import Replacement, replaced
from tests.simulation.run import run_history

SEEDS_MAX = 300
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def replace_by(new: Any) -> Any:
    return lambda _: new


def _perform_first(settle: Any) -> Any:
    def performing(trigger: Any, ports: Any) -> Any:
        job = ports.jobs.describe(trigger.job)
        if job is None:
            return reconcile.Reconciled(lineage=None)
        facts, decided = reconcile.decided(job, ports, trigger.created_in)
        decision = decided.leased(facts.now, facts.now + reconcile.LEASE)
        for intent in decision.intents:
            if intent.leased_until:
                perform.perform(intent, facts.lineage, ports, reconcile.reconcile)
        return settle(trigger, ports)

    return performing


def _random_names(_: Any) -> Any:
    numbers = itertools.count()
    return lambda lineage, number, *_: f"{lineage.root[:40]}-{next(numbers):06d}" if number > 1 else lineage.root


def _unversioned(commit: Any) -> Any:
    return lambda self, lineage, decision: commit(self, replace(lineage, version=self.head(lineage.id)), decision)


def _close_first(carry_out: Any) -> Any:
    def closing_first(intent: Any, lineage: Any, ports: Any, again: Any) -> Any:
        ports.ledger.lineages.close(lineage.id, intent, IntentResult.DONE, "")
        return carry_out(intent, lineage, ports, again)

    return closing_first


def _take_always(_: Any) -> Any:
    return lambda self, lineage, intent, *, now, leased_until: intent.leased(leased_until, now)


def _withdraw_all(new_to: Any) -> Any:
    def withdrawing(decision: Any, lineage: Any, about: str) -> Any:
        said = {i.key for i in decision.intents}
        return replace(
            new_to(decision, lineage, about), withdrawn=tuple(i for i in lineage.open_intents(about) if i.key not in said)
        )

    return withdrawing


def _wake_only_live_jobs(keep_watch: Any) -> Any:
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


def _claim_always(_: Any) -> Any:
    def claim(self: Any, claim: Any, **_: Any) -> Any:
        self.held[claim_key(claim)] = claim
        return ()

    return claim


def _submit_without_memory(_: Any) -> Any:
    def submit(_: Any, action: Any, lineage: Any, ports: Any, again: Any) -> Any:
        claim = perform._claim(action, lineage)
        if claim and ports.ledger.claims.claim(claim):
            return Later("others write there")
        answer = ports.jobs.submit(action, lineage.id)
        if isinstance(answer, Done):
            again(Trigger(job=action.job), ports)
        elif claim:
            ports.ledger.claims.release(claim)
        return answer

    return submit


def _find_by_tag(_: Any) -> Any:
    def submitters(job: Any, own: Any, lineages: Any) -> Any:
        found = LineageId.parse(job.tags.get(lineage.LINEAGE_TAG, ""))
        return [found] if found is not None and found != own else []

    return submitters


def _trust_tags(number_of: Any) -> Any:
    def believing(self: Any, job: Any) -> Any:
        said = job.tags.get(ATTEMPT_TAG)
        return number_of(self, job) or (int(said) if said else None)

    return believing


def _lineage_without_creation_time(_: Any) -> Any:
    return classmethod(lambda cls, job: cls(account=job.account, region=job.region, root=job.name, created_at=LONG_AGO))


def _root_without_creation_time(root_of: Any) -> Any:
    return lambda world, job: replace(root_of(world, job), created_at=LONG_AGO)


def _number_without_creation_time(number_of: Any) -> Any:
    return lambda self, job: 1 if job.name == self.id.root else number_of(self, job)


def _discover_nothing(_: Any) -> Any:
    return lambda ports: sweep.SweepResult()


def _without_last_slash(listing: Any) -> Any:
    return lambda client, bucket, prefix, *, open_: listing(client, bucket, prefix.rstrip("/") if open_ else prefix, open_=open_)


def _warnings_counted(with_warnings: Any) -> Any:
    def counting(memory: Any, signals: Any) -> Any:
        counted = with_warnings(memory, signals)
        return replace(counted, interruptions=counted.interruptions + counted.warnings)

    return counting


def _tags_or_none(tags: Any) -> Any:
    def read(self: Any, arn: str) -> Any:
        try:
            return tags(self, arn)
        except Unreachable:
            return {}

    return read


def _affords_all(afford: Any) -> Any:
    return lambda facts, changes, *, capped=True: afford(facts, changes, capped=False)


def _old_before_policy(too_old: Any) -> Any:
    return lambda facts, block: too_old(facts, block) or facts.job.ended_at < facts.policy.in_force_at


# Without the "if absent" conditions, only the version of a lineage prevents double writes.
UNCONDITIONAL: Replacement = (lineages, "_fits", replace_by(lambda row, decision: True))

IN_ORDER: Replacement = (sweep, "LATE", replace_by(timedelta(days=9)))  # always the oldest first, also if it is very late

MUTANTS: Mapping[str, tuple[Replacement, ...]] = {
    # The steps of the path.
    "perform before commit": ((reconcile, "_act_until_nothing_is_new", _perform_first),),
    "random names": ((lineage, "attempt_name", _random_names),),
    "never close": ((MemoryLedger, "close", replace_by(lambda self, lineage, intent, closed, why: True)),),
    "commit without version": ((MemoryLedger, "commit", _unversioned), UNCONDITIONAL),
    "no new_to": ((deduplicate, "new_to", replace_by(lambda decision, lineage, about: decision)),),
    "no sweep": ((sweep, "sweep", replace_by(lambda ports: sweep.SweepResult())),),
    "no discover": ((discover, "discover", _discover_nothing),),
    "trust the event": ((reconcile, "_claimed_when_due", replace_by(lambda intents, lineage, now, ports: iter(()))),),
    "close before perform": ((perform, "_carry_out", _close_first),),
    # The fences.
    "perform a leased intent": ((MemoryLedger, "take", _take_always),),
    "no lease": ((reconcile, "LEASE", replace_by(timedelta(0))),),
    "withdraw a leased intent": ((deduplicate, "new_to", _withdraw_all), UNCONDITIONAL),
    "no wake": ((wakeups, "schedule_wakeups", replace_by(lambda facts: Decision())),),
    "no wake after the end": ((wakeups, "schedule_wakeups", _wake_only_live_jobs),),
    "stop closes at once": ((SageMakerJobs, "stop", _stop_at_once),),
    "a deleted job keeps its intents": ((reconcile, "_abandon_open_intents", replace_by(lambda name, lineage, ports: None)),),
    "a failing trigger is not delayed": (
        (MemoryLedger, "delay", replace_by(lambda self, overdue, trigger_at: None)), IN_ORDER,
    ),
    "a failing trigger ends the pass": (
        (sweep, "trigger_job", replace_by(lambda trigger, ports: reconcile.reconcile(trigger, ports))), IN_ORDER,
    ),
    "a lineage without its creation time": (
        (LineageId, "of", _lineage_without_creation_time), (world_invariants, "root_of", _root_without_creation_time),
        (Lineage, "number_of", _number_without_creation_time),
    ),
    "tags are trusted": ((gather, "_submitters", _find_by_tag), (Lineage, "number_of", _trust_tags)),
    "a taken name counts as ours": (
        (perform, "is_sent", replace_by(lambda intent, job: True)), (lineage, "is_sent", replace_by(lambda intent, job: True)),
    ),
    "a stored row counts as decided": ((Decision, "confirms", replace_by(lambda self, intent: intent)),),
    "any role is passed": ((SageMakerJobs, "_not_passable", replace_by(lambda self, described: None)),),
    "older attempts yield intents": ((Facts, "newest", replace_by(True)),),
    "a stale description is used": ((reconcile, "_stale", replace_by(lambda facts: False)),),
    "the head is read last": ((FaultyLedger, "load", _rest_first), UNCONDITIONAL),
    "claims are not read before Create": ((MemoryLedger, "claim", _claim_always),),
    "an earlier try is forgotten": ((perform, "_submit", _submit_without_memory),),
    "Create before the commit is known": ((reconcile, "replace", replace_by(lambda lineage, entries: lineage)),),
    "the next policy drops an outcome": ((resubmit, "_too_old", _old_before_policy),),
    # Moves, repairs and limits.
    "a halt is not checked": ((perform, "why_not_now", replace_by(lambda intent, lineage, ports: None)),),
    "a lineage's cap is not asked": ((submission, "afford", _affords_all),),
    "a team's cap is not asked": ((MemoryLedger, "spend", replace_by(lambda self, *spent: True)),),
    "a moved job is forgotten": ((resubmit, "_moved", replace_by(lambda facts, block, cause: Decision())),),
    "a repaired job is forgotten": ((resubmit, "_repaired", replace_by(lambda facts, stop, block: Decision())),),
    "what our change broke is left": ((resubmit, "changed_by_us", replace_by(lambda facts: False)),),
    "any file is a checkpoint": ((s3_checkpoints, "checkpoint_files", replace_by(lambda files, ignore=(): tuple(files))),),
    "a sibling's files are a job's own": ((s3_checkpoints, "_Listing", _without_last_slash),),
    "warnings are interruptions": ((interruption_rates, "_with_warnings", _warnings_counted),),
    "a message without an answer is not passed over": (
        (drain, "PASSED_OVER", replace_by(timedelta(days=2))),
        (batches, "LATE", replace_by(timedelta(days=2))),
    ),
    "tags without an answer are none": ((SageMakerJobs, "_tags", _tags_or_none),),
    "owners are unknown": (
        (read_job, "service_of", replace_by(lambda described, tags: None)),
        (ownership, "service_of", replace_by(lambda described, tags: None)),
    ),
}  # fmt: skip
"""The replacements of each mutant."""


def caught(name: str, first: int = 0) -> tuple[int, str] | None:
    """The first seed that catches a mutant, and its report; None if 300 seeds do not."""
    with replaced(*MUTANTS[name]):
        for seed in range(first, first + SEEDS_MAX):
            _, violation = run_history(seed)
            if violation:
                return seed, violation
    return None


def main(names: Sequence[str] = tuple(MUTANTS)) -> int:
    """Print which seed catches which mutant. Exit code 1 if one is not caught."""
    missed = 0
    with Pool() as pool:
        for name, found in zip(names, pool.imap(caught, names), strict=True):
            missed += found is None
            print(f"{name:38} {'NOT CAUGHT' if found is None else f'seed {found[0]}: {found[1][:120]}'}", flush=True)
    print(f"{len(names) - missed} caught, {missed} not caught")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
