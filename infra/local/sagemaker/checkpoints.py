"""The checkpoints of jobs: how many seconds of work are saved below each S3 prefix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from infra.local.sagemaker.job import TrainingJob

Saved = Callable[[str, float, datetime], None]


class Checkpoints:
    """Saved work by prefix. A job restores it when it starts, and saves it while it trains."""

    def __init__(self, on_save: Saved | None) -> None:
        self.held: dict[str, tuple[float, datetime]] = {}  # prefix -> seconds of work, saved at
        self.on_save = on_save

    def restore(self, job: TrainingJob) -> float:
        """Return how many seconds of work are saved below a job's prefix."""
        return self.held[job.prefix][0] if job.prefix in self.held else 0

    def save(self, job: TrainingJob, now: datetime, *, at_once: bool = False) -> None:
        """Save the newest checkpoint that a job has reached by now. With `at_once`, save all work until now."""
        every_s, prefix = job.script.checkpoint_every_s, job.prefix
        if prefix is None or every_s is None or not job.runs or (trained_at := job.runs[-1].trained_at) is None:
            return
        restored_s = job.runs[-1].restored_s
        done_s = min(restored_s + (now - trained_at).total_seconds(), job.script.work_s)
        kept_s = done_s if at_once else done_s // every_s * every_s
        if kept_s > max(restored_s, self.held[prefix][0] if prefix in self.held else 0):
            saved_at = trained_at + timedelta(seconds=kept_s - restored_s)
            self.held[prefix] = kept_s, saved_at
            if self.on_save:
                self.on_save(prefix, kept_s, saved_at)
