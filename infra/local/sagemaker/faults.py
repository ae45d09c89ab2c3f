"""Which jobs fail, where, and how often their twins have failed before."""

from __future__ import annotations

import json
from collections import Counter

from infra.local.sagemaker.job import TrainingJob
from infra.local.sagemaker.phase import Phase


class Mishaps:
    """Counts failures by work: jobs with the same hyperparameters do the same and share their bad luck."""

    def __init__(self) -> None:
        self._met: Counter[str] = Counter()

    def ahead(self, job: TrainingJob, phase: Phase) -> str | None:
        """Say the FailureReason that waits for a job in a phase, if one does."""
        script = job.script
        if script.fails is None or script.fails.phase is not phase:
            return None
        over = script.fails_times is not None and self._met[_work(job)] >= script.fails_times
        return None if over else script.fails.reason

    def meet(self, job: TrainingJob, phase: Phase) -> str | None:
        """Say the reason and count it."""
        reason = self.ahead(job, phase)
        if reason is not None:
            self._met[_work(job)] += 1
        return reason


def _work(job: TrainingJob) -> str:
    return json.dumps(job.request.get("HyperParameters") or {}, sort_keys=True)
