"""The lifecycle of a training job, as discrete events on a virtual clock.

    WAITING ─ capacity ─> LAUNCHING ─> DOWNLOADING ─> TRAINING ─> UPLOADING ─> ENDED (Completed)
       ^  ^                   │             │            │            │
       │  └── capacity gone ──┘             └─ capacity ─┤            │        any failure ─> ENDED (Failed),
       │                                       gone      v            │        or WAITING while RetryStrategy lasts
       └──────────────────────────────────────────  INTERRUPTED       │
    anywhere: StopTrainingJob, MaxWait or MaxRuntime ─> STOPPING ─> ENDED (Stopped)

A job has one timer, for the earliest step that is possible in its phase. A new phase replaces the timer. If the supply of a spot
pool shrinks, jobs are interrupted; if it grows, the jobs that have waited longest launch first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from infra.local.sagemaker.capacity import CapacityOf
from infra.local.sagemaker.checkpoints import Checkpoints
from infra.local.sagemaker.failures import CAPACITY, INTERNAL
from infra.local.sagemaker.faults import Faults, PlannedFailures, Span
from infra.local.sagemaker.job import Run, TrainingJob
from infra.local.sagemaker.phase import Phase
from infra.local.sagemaker.settings import WorldSettings
from infra.local.sagemaker.spot_pool import Pool
from infra.local.sagemaker.timeline import Timeline, to_ms

GRACE_S = 120
NO_CAPACITY = "Insufficient capacity error from EC2 while launching instances, retrying!"
PREPARING = "Preparing the instances for training"


class Lifecycle:
    """The lifecycles of all jobs. `on_status_change` is called after each change of a job's status."""

    def __init__(
        self,
        timeline: Timeline,
        *,
        rng: Random,
        faults: Faults,
        settings: WorldSettings,
        capacity_of: CapacityOf,
        checkpoints: Checkpoints,
        on_status_change: Callable[[TrainingJob], None],
    ) -> None:
        self._timeline, self._checkpoints = timeline, checkpoints
        self._rng, self._faults, self._settings = rng, faults, settings
        self._on_status_change = on_status_change
        self._capacity_of = capacity_of
        self._pools: dict[str, Pool] = {}
        self._failures = PlannedFailures()

    def admit(self, job: TrainingJob) -> None:
        """Start a new job."""
        self._show(job, "InProgress", "Starting")
        self._wait(job)

    # Phases, in the order in which a job enters them.

    def _wait(self, job: TrainingJob) -> None:
        job.phase = Phase.WAITING
        if job.spot:
            self._serve_pool(self._queue(job))
        elif self._faults.has_no_on_demand_capacity():
            pending_s = job.limit("MaxPendingTimeInSeconds")
            if pending_s:
                self._show(job, "InProgress", "Pending")
                self._timeline.set(job, (self._in(pending_s), self._exceed_max_pending))
            else:
                job.transitions[-1].message = NO_CAPACITY
                self._timeline.set(job, (self._after(self._settings.on_demand_search), self._find_no_capacity))
        else:
            self._launch(job)

    def _launch(self, job: TrainingJob) -> None:
        job.phase = Phase.LAUNCHING
        job.transitions[-1].message = PREPARING
        late_by = timedelta(0) if job.spot else self._faults.on_demand_late_by()
        launched_at = self._after(self._settings.launch) + late_by
        self._timeline.set(job, (launched_at, self._download), (job.wait_ends_at, self._exceed_max_wait))

    def _download(self, job: TrainingJob) -> None:
        if self._fails(job, Phase.LAUNCHING):
            return
        job.phase = Phase.DOWNLOADING
        job.started_at = job.started_at or self._timeline.now
        runtime_ends_at = self._timeline.now + job.runtime_left
        job.runs.append(Run(self._timeline.now, restored_s=self._checkpoints.restore(job)))
        self._show(job, "InProgress", "Downloading")
        self._timeline.set(
            job,
            (self._after(self._settings.download), self._train),
            (runtime_ends_at, self._exceed_max_runtime),
            (job.wait_ends_at, self._exceed_max_wait),
        )

    def _train(self, job: TrainingJob) -> None:
        if self._fails(job, Phase.DOWNLOADING):
            return
        job.phase = Phase.TRAINING
        run, script = job.runs[-1], job.script
        runtime_ends_at = run.started_at + job.runtime_left
        run.trained_at = self._timeline.now
        self._show(job, "InProgress", "Training")
        will_fail = self._failures.next(job, Phase.TRAINING) is not None
        fails_at = self._in(max(script.fails_after_s - run.restored_s, 1)) if will_fail else None
        self._timeline.set(
            job,
            (fails_at, self._fail_in_training),
            (job.work_done_at, self._upload),
            (runtime_ends_at, self._exceed_max_runtime),
            (job.wait_ends_at, self._exceed_max_wait),
        )
        if self._checkpoints.on_save:
            self._save_while_training(job)

    def _fail_in_training(self, job: TrainingJob) -> None:
        self._checkpoints.save(job, self._timeline.now)
        self._fails(job, Phase.TRAINING)

    def _upload(self, job: TrainingJob) -> None:
        self._checkpoints.save(job, self._timeline.now)
        job.phase = Phase.UPLOADING
        self._show(job, "InProgress", "Uploading")
        self._timeline.set(job, (self._after(self._settings.upload) + self._stuck(job), self._complete))

    def _finish(self, job: TrainingJob) -> None:
        self._checkpoints.save(job, self._timeline.now)
        self._complete(job)

    def _complete(self, job: TrainingJob) -> None:
        if not self._fails(job, Phase.UPLOADING):
            self._end(job, "Completed", "Completed")

    # Interruptions.

    def _interrupt(self, job: TrainingJob) -> None:
        if job.phase is Phase.LAUNCHING:
            self._queue(job)
            return
        self._checkpoints.save(job, self._timeline.now, at_once=self._settings.sigterm_at_interruption)
        job.close_run(self._timeline.now, interrupted=True)
        job.phase = Phase.INTERRUPTED
        self._show(job, "InProgress", "Interrupted")
        self._timeline.set(job, (self._after(self._settings.requeue), self._restart), (job.wait_ends_at, self._exceed_max_wait))

    def _restart(self, job: TrainingJob) -> None:
        if self._settings.restarts_show_starting:
            self._show(job, "InProgress", "Starting")
        self._wait(job)

    # Stops and failures.

    def stop(self, job: TrainingJob, secondary: str = "Stopped") -> None:
        """Stop a job: its container has two minutes after SIGTERM. `secondary` is the secondary status at the end."""
        phase = job.phase
        job.phase = Phase.STOPPING
        if job.spot:
            self._pool(job).waiting.pop(job, None)
        gone_at, done_at = self._after(self._settings.shutdown), None
        if phase is Phase.UPLOADING:
            done_at = gone_at = self._after(self._settings.upload)
        elif phase is Phase.TRAINING:
            gone_at = self._in(min(job.script.exits_after_s, GRACE_S))
            done_at = None if self._failures.next(job, phase) else job.work_done_at
        self._show(job, "Stopping", "Stopping")
        if done_at and done_at <= gone_at and self._settings.completion_beats_stop:
            self._timeline.set(job, (done_at, self._finish))
        else:
            self._timeline.set(job, (gone_at + self._stuck(job), lambda job: self._stopped(job, phase, secondary)))

    def _stopped(self, job: TrainingJob, phase: Phase, secondary: str) -> None:
        if phase is Phase.TRAINING:
            self._checkpoints.save(job, self._timeline.now, at_once=job.script.saves_on_sigterm)
        self._end(job, "Stopped", secondary)

    def _exceed_max_wait(self, job: TrainingJob) -> None:
        self.stop(job, "MaxWaitTimeExceeded")

    def _exceed_max_runtime(self, job: TrainingJob) -> None:
        self.stop(job, "MaxRuntimeExceeded")

    def _exceed_max_pending(self, job: TrainingJob) -> None:
        self.stop(job, self._settings.pending_timeout_secondary)

    def _find_no_capacity(self, job: TrainingJob) -> None:
        self._fail(job, CAPACITY)

    def _fails(self, job: TrainingJob, phase: Phase) -> bool:
        reason = self._failures.take(job, phase)
        if reason is not None:
            self._fail(job, reason)
        return reason is not None

    def _fail(self, job: TrainingJob, reason: str) -> None:
        if job.retries_left and reason.startswith(INTERNAL.partition(":")[0]):
            job.retries_left -= 1
            job.close_run(self._timeline.now)
            self._release(job)
            self._show(job, "InProgress", "Starting")
            self._wait(job)
            return
        job.failure = reason
        self._end(job, "Failed", "Failed")

    def _end(self, job: TrainingJob, status: str, secondary: str) -> None:
        job.close_run(self._timeline.now)
        job.phase = Phase.ENDED
        job.timer += 1
        if job.started_at or self._settings.end_time_if_never_started:
            job.ended_at = self._timeline.now
        self._show(job, status, secondary)
        job.transitions[-1].ended_at = self._timeline.now
        self._release(job)

    # Pools.

    def _pool(self, job: TrainingJob) -> Pool:
        kind = job.pool[0]
        if kind not in self._pools:
            self._pools[kind] = Pool(self._capacity_of(kind))
        return self._pools[kind]

    def _queue(self, job: TrainingJob) -> Pool:
        pool = self._pool(job)
        pool.waiting[job] = job.pool[1]
        job.phase = Phase.WAITING
        job.transitions[-1].message = NO_CAPACITY
        self._timeline.set(job, (job.wait_ends_at, self._exceed_max_wait))
        return pool

    def _serve_pool(self, pool: Pool) -> None:
        now = self._timeline.now
        for job in pool.reclaim(now, self._rng):
            self._interrupt(job)
        for job in pool.allocate(now):
            self._launch(job)
        self._timeline.set(pool, (pool.next_change(now), self._serve_pool))

    def _release(self, job: TrainingJob) -> None:
        if job.spot and (pool := self._pool(job)).holding.pop(job, 0):
            self._serve_pool(pool)

    # Bookkeeping.

    def _show(self, job: TrainingJob, status: str, secondary: str) -> None:
        job.enter(self._timeline.now, status, secondary)
        self._on_status_change(job)

    def _after(self, span: Span) -> datetime:
        return self._timeline.now + timedelta(milliseconds=int(1000 * self._rng.uniform(*span)))

    def _in(self, seconds: float) -> datetime:
        return to_ms(self._timeline.now + timedelta(seconds=seconds))

    def _stuck(self, job: TrainingJob) -> timedelta:
        return self._faults.stuck_for() or timedelta(seconds=int(job.script.stuck_s))

    def _save_while_training(self, job: TrainingJob) -> None:
        self._checkpoints.save(job, self._timeline.now)
        if job.prefix and job.script.checkpoint_every_s:
            self._timeline.add(job, self._in(job.script.checkpoint_every_s), self._save_while_training)
