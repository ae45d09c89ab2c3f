"""Computes when a job must be finished, how much training remains, and whether the job must leave spot to meet its deadline.

The deadline is the ``spotwarden:deadline`` tag (``controller.jobs.directives``), else the policy's ``finish_within``, counted
from the creation of the first attempt. The remaining work is the expected runtime less the progress that checkpoints prove. While
nothing interrupts an attempt, all its training counts. The expected runtime is the ``spotwarden:expected-runtime`` tag, else a
quantile of the family's completed runs. MaxRuntimeInSeconds is no estimate, because SageMaker's default is a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decide.deadline.spot_or_on_demand import (
    AttemptState,
    DeadlineState,
    Move,
    MoveCosts,
    choose,
    earliest_finish,
    is_lost,
)
from controller.decide.facts import Facts
from controller.decide.phase_times import learned
from controller.jobs.spot_possible import why_not_spot
from controller.ledger.entry import CheckpointScanned, Started
from controller.ledger.messages.kind import MoveReason
from controller.ledger.move_cause import MoveCause
from controller.policy.resubmission import DeadlineSettings, Resubmission
from controller.savings.job_history import RUNS_MIN, quantile
from controller.units.value import dataclass

GRACE_S = 120  # from SIGTERM to SIGKILL after StopTrainingJob (SageMaker's API reference)
SWEEP_S = 60  # the longest time from when an intent is due until a sweep performs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How a job stands to its deadline at one time, and the choice between spot and on-demand that follows.

    ``expected_s`` are the training seconds of the whole job, ``costs`` those of a move. ``finish_at`` is the earliest finish: of
    the attempt, or on-demand from now on. ``lost`` means that nothing can meet the deadline any more. ``move`` and ``why`` are
    the choice, ``look_at`` is when to choose again at the latest.
    """

    deadline: datetime
    expected_s: int
    state: DeadlineState
    costs: MoveCosts
    lost: bool
    move: Move
    look_at: datetime
    finish_at: datetime
    why: MoveReason


def deadline_of(facts: Facts, settings: DeadlineSettings) -> datetime | None:
    """When the job must be finished: by its tag, else by the policy. None without a deadline, or before the tags were read."""
    if facts.undirected:
        return None
    if facts.directives.deadline is not None or settings.finish_within_s is None:
        return facts.directives.deadline
    return facts.lineage.id.created_at + timedelta(seconds=settings.finish_within_s)


def expected_s(facts: Facts, settings: DeadlineSettings) -> int | None:
    """The expected training seconds of the whole job; None without a tag and without enough history."""
    if facts.directives.expected_s is not None:
        return facts.directives.expected_s
    runs = facts.history or ()
    return quantile(runs, settings.quantile) if len(runs) >= RUNS_MIN else None


def proven_lineage_s(facts: Facts) -> int:
    """Training seconds that checkpoints prove, of this attempt and of earlier ones with the same checkpoint prefix."""
    uri = facts.job.checkpoint_uri
    return _proven_before_s(facts) + facts.proven_training_s if uri is not None else 0


def _proven_before_s(facts: Facts) -> int:
    """Training seconds of earlier attempts that checkpoints below this attempt's prefix prove."""
    uri = facts.job.checkpoint_uri
    before = {
        e.job: e.proven_s for e in facts.lineage.entries
        if isinstance(e, CheckpointScanned) and e.uri == uri and e.problem is None and e.job != facts.job.name
        and _latest(facts, e)
    }  # fmt: skip
    return sum(before.values()) if uri is not None else 0


def trained_lineage_s(facts: Facts) -> int:
    """Training seconds that count if nothing stops the attempt from now on: also those that no checkpoint proves yet."""
    return _proven_before_s(facts) + facts.trained_so_far_s


def outlook(facts: Facts, block: Resubmission, at: datetime | None = None) -> Outlook | None:
    """The outlook of the job now, or, with ``at``, of a job that still waits for capacity at that later time.

    None where there is no deadline, or no estimate of the work.
    """
    settings = block.deadline
    deadline, total_s = deadline_of(facts, settings), expected_s(facts, settings)
    if deadline is None or total_s is None:
        return None
    now = max(at or facts.now, facts.job.created_at)  # clocks differ: now is never before the job's creation
    remaining_s = max(total_s - proven_lineage_s(facts), 0)
    state = DeadlineState(
        now=now, deadline=deadline, remaining_s=remaining_s, left_s=_left_s(facts, total_s, remaining_s),
        attempt=_attempt_state(facts) if at is None else AttemptState.WAITING,
        since=facts.job.intervals[-1].start if facts.job.intervals else facts.job.created_at, moves=_moves(facts),
        spot_seen=facts.spot_seen if settings.back_to_spot and _can_return(facts) else None,
    )  # fmt: skip
    costs = move_costs(learned(settings, facts.phase_times), resumable=facts.resumable)
    choice = choose(state, costs)
    return Outlook(
        deadline=deadline, expected_s=total_s, state=state, costs=costs, move=choice.move, look_at=choice.look_at,
        lost=is_lost(state), finish_at=earliest_finish(state, costs), why=choice.why,
    )  # fmt: skip


def _left_s(facts: Facts, total_s: int, remaining_s: int) -> int:
    """The training seconds left if nothing stops the attempt: 0 once it uploads its model, even if more was expected."""
    return 0 if facts.job.trained_to_the_end else min(max(total_s - trained_lineage_s(facts), 0), remaining_s)


def move_costs(settings: DeadlineSettings, *, resumable: bool) -> MoveCosts:
    """The time that a move costs: grace period, upload, two sweeps, the start on-demand and the restore.

    On spot an interruption may also lose one checkpoint interval (``reserve_s``). Without a checkpoint it is 0, because then all
    of the training remains in any case.
    """
    overhead_s = GRACE_S + settings.upload_s + 2 * SWEEP_S + settings.start_s + settings.restore_s
    return MoveCosts(
        overhead_s=overhead_s, margin_s=settings.margin_s, reserve_s=settings.checkpoint_every_s if resumable else 0,
        stay_s=settings.stay_s, moves_max=settings.moves_max,
    )  # fmt: skip


def _attempt_state(facts: Facts) -> AttemptState:
    """What the attempt does now, and where. ``UNPROVEN``: without a checkpoint, all of a run on spot may have to be repeated."""
    if not facts.job.spot:
        return AttemptState.ON_DEMAND
    if not (facts.job.training or facts.job.trained_to_the_end):
        return AttemptState.WAITING
    return AttemptState.SPOT if facts.resumable else AttemptState.UNPROVEN


def _can_return(facts: Facts) -> bool:
    """Whether a job may return to spot after a move: SageMaker can run it on spot, and it has a checkpoint prefix."""
    return why_not_spot(facts.job) is None and facts.job.checkpoint_uri is not None


def _moves(facts: Facts) -> int:
    moved = (MoveCause.DEADLINE, MoveCause.RETURN)
    return sum(submit.cause in moved for submit, _ in facts.lineage.submits())


def _latest(facts: Facts, one: CheckpointScanned) -> bool:
    """Whether this is the latest scan of its attempt."""
    return all(
        e.at <= one.at
        for e in facts.lineage.entries
        if isinstance(e, CheckpointScanned) and e.job == one.job and e.problem is None
    )


def spot_wait_s(facts: Facts) -> int | None:
    """The MaxWaitTimeInSeconds of the lineage's last attempt on spot; None where none is known."""
    waited = [e for e in facts.lineage.entries if isinstance(e, Started) and e.spot and e.wait_s_max]
    return max(waited, key=lambda e: e.at).wait_s_max if waited else None
