"""Finds jobs whose change arrived in no event: SageMaker's delivery to EventBridge is best effort (EventBridge user guide).

AWS documents that ListTrainingJobs applies StatusEquals after it has cut a page. Filters by time are assumed to do the same, and
so to save no call. Discover therefore lists jobs unfiltered, newest first, until a page ends with a job too old to change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from controller.decide.decision import DeciderProblem
from controller.runtime.ports.all_ports import Ports
from controller.runtime.ports.aws import CHANGES_FOR, ListedJob
from controller.runtime.ports.schedule import DiscoverPass, PassPosition
from controller.runtime.read_events import Trigger
from controller.runtime.sweep import SweepResult, trigger_job
from controller.runtime.timeouts import TIME_LIMIT

FIRST_LOOK_BACK = timedelta(hours=24)  # before the installation: changes that the first run looks for
OVERLAP = timedelta(minutes=10)  # of a pass with the one before
RECENT = timedelta(days=2)  # before the changes: creation of the jobs that the first pass reads
SECOND_LOOK = timedelta(hours=6)  # between second passes
FIRST_SHARE = 0.6  # of the time limit, while the second pass has work
NAMES_MAX = 1000  # of jobs that were created in one second


def discover(ports: Ports) -> SweepResult:
    """Trigger every job that changed since the last pass, newest first.

    The first pass, each hour, reads jobs created up to two days before the changes that it looks for. Older jobs are known: each
    is watched by its open Wake. The second pass, every six hours, reads all jobs that can still change. It triggers those that
    changed since its last run and were too old for the first pass. It also triggers others that changed over six hours ago,
    since the first pass may have failed on them. At the installation, its first run triggers older jobs that have not ended.

    A pass that is cut off by time, an error or the end of its function continues there in the next run. A job is noted as done
    before it is triggered, so that a job that ends the function does not block the jobs after it.
    """
    started_at = ports.clock.now()
    ports.policies.current()  # so that a policy is in force, whatever jobs there are
    passes = ports.ledger.passes
    complete, installs = (passes.passed_until(DiscoverPass.FIRST) is not None, passes.passed_until(DiscoverPass.SECOND) is None)
    second = _second_upto(started_at, ports) if complete or installs else None
    first_ends_at = started_at + TIME_LIMIT * (FIRST_SHARE if second else 1)
    done = _first_pass(started_at, first_ends_at, ports)
    second = second or (None if done.left else _second_upto(started_at, ports))
    return done + _second_pass(second, started_at + TIME_LIMIT, ports) if second else done


def _first_pass(started_at: datetime, ends_at: datetime, ports: Ports) -> SweepResult:
    """Complete a pass that was cut off, then run the pass of this hour."""
    done, upto = SweepResult(), None
    while not done.left and (upto is None or upto < started_at - OVERLAP):  # a run that Lambda retries needs no further pass
        passed = ports.ledger.passes.passed_until(DiscoverPass.FIRST)
        position = _position(DiscoverPass.FIRST, passed, started_at, ports)
        done += _Pass(DiscoverPass.FIRST, position, passed, ends_at, ports).run(_since(passed, position.upto) - RECENT)
        upto = position.upto
    return done


def _second_pass(upto: datetime, ends_at: datetime, ports: Ports) -> SweepResult:
    passed = ports.ledger.passes.passed_until(DiscoverPass.SECOND)
    position = _position(DiscoverPass.SECOND, passed, upto, ports)
    return _Pass(DiscoverPass.SECOND, position, passed, ends_at, ports).run(position.upto - CHANGES_FOR)


def _second_upto(started_at: datetime, ports: Ports) -> datetime | None:
    """The time until which the second pass reads changes; None where it is not due. A pass that was cut off is due."""
    upto, passed = started_at - SECOND_LOOK, ports.ledger.passes.passed_until(DiscoverPass.SECOND)
    if passed is None:
        return upto - FIRST_LOOK_BACK  # so that the next second pass also looks at what the very first pass triggers
    if upto - passed >= SECOND_LOOK:
        return upto
    position = ports.ledger.passes.position(DiscoverPass.SECOND)
    return upto if position is not None and position.upto > passed else None


def _since(passed: datetime | None, upto: datetime) -> datetime:
    return (passed or upto - FIRST_LOOK_BACK) - OVERLAP


def _position(which: DiscoverPass, passed: datetime | None, upto: datetime, ports: Ports) -> PassPosition:
    """The position where the pass was cut off, or that of a new pass."""
    position = ports.ledger.passes.position(which)
    unfinished = position is not None and (passed is None or position.upto > passed)
    return position if position is not None and unfinished else PassPosition(upto=upto)


@dataclass(slots=True)
class _Pass:
    """One pass over the list of all jobs, until ``ends_at``. ``passed`` is the time until which earlier passes read changes."""

    which: DiscoverPass
    position: PassPosition
    passed: datetime | None
    ends_at: datetime
    ports: Ports

    def run(self, oldest: datetime) -> SweepResult:
        """Read jobs, newest first, until one was created before ``oldest``; trigger those that changed.

        The clock is read before each call.
        """
        done, resumed = SweepResult(), self.position
        while True:
            if self._out_of_time:
                return done + self._cut_off()
            page = self.ports.jobs.newest(self.position.token)
            if page is None and not resumed.token and self.position.created_at == resumed.created_at is not None:
                return self._over(done)  # refused again at the same job: older jobs cannot be read, and new ones must not wait
            if page is None:  # the token is refused: read from the first page, and skip done jobs by their creation time
                self.position = resumed = replace(self.position, token="")
                continue
            for job in page.jobs:
                if _is_done(job, resumed) or job.created_at < oldest or not self._changed(job):
                    continue
                if self._out_of_time:
                    return done + self._cut_off()
                self._note(_behind(self.position, (job,)))
                done += self._trigger(job.name)
            if page.token in ("", self.position.token) or (page.jobs and page.jobs[-1].created_at < oldest):
                return self._over(done)
            self._note(
                replace(_behind(self.position, (job for job in page.jobs if not _is_done(job, resumed))), token=page.token)
            )

    def _changed(self, job: ListedJob) -> bool:
        upto, installs = self.position.upto, self.passed is None
        found = job.modified_at >= _since(self.passed, upto)
        if self.which is DiscoverPass.FIRST:
            return found or (installs and not job.ended)
        began_at = upto + SECOND_LOOK + (FIRST_LOOK_BACK if installs else timedelta())
        too_old_for_first = job.created_at < began_at - RECENT
        if installs:
            return too_old_for_first and not job.ended
        return found and (too_old_for_first or job.modified_at <= upto)

    def _trigger(self, name: str) -> SweepResult:
        result = trigger_job(Trigger(job=name), self.ports)
        if isinstance(result, Exception):
            return SweepResult(triggered=1, failed=((name, result),))
        problems: tuple[tuple[str, DeciderProblem], ...] = tuple((name, problem) for problem in result.problems)
        unaccounted = ((name, result.unaccounted),) if result.unaccounted else ()
        return SweepResult(triggered=1, problems=problems, unaccounted=unaccounted)

    def _over(self, done: SweepResult) -> SweepResult:
        self.ports.ledger.passes.note_passed(self.which, self.position.upto)
        return done

    def _note(self, position: PassPosition) -> None:
        self.position = position
        self.ports.ledger.passes.note_position(self.which, position)

    def _cut_off(self) -> SweepResult:
        at = self.position.created_at
        where = f"at jobs created {at:%Y-%m-%d %H:%M}" if at else "at its beginning"
        return SweepResult(left=f"time limit reached in {self.which} {where}")

    @property
    def _out_of_time(self) -> bool:
        return self.ports.clock.now() > self.ends_at


def _is_done(job: ListedJob, position: PassPosition) -> bool:
    """Whether a pass that stands at a position has already looked at a job."""
    if position.created_at is None:
        return False
    return job.created_at > position.created_at or (job.created_at == position.created_at and job.name in position.names)


def _behind(position: PassPosition, jobs: Iterable[ListedJob]) -> PassPosition:
    """The position after these jobs are done as well."""
    done = list(jobs)
    if not done:
        return position
    moments = [job.created_at for job in done] + ([position.created_at] if position.created_at else [])
    created_at = min(moments)
    known = position.names if position.created_at == created_at else ()
    names = dict.fromkeys([*known, *(job.name for job in done if job.created_at == created_at)])
    return replace(position, created_at=created_at, names=tuple(names)[-NAMES_MAX:])
