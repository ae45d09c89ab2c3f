"""What a job would do if it were let: the part of a training job that only its container knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.sagemaker.failures import FAILURES, Failure
from infra.local.sagemaker.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A container's plan.

    Work is counted in seconds of training. `fails_times` failures are spread over all jobs with the same hyperparameters, so
    that a resubmitted twin of a job that failed for a passing reason succeeds; None fails every time.
    """

    work_s: float = 1800
    checkpoint_every_s: float | None = 300  # None: never writes a checkpoint, whatever CheckpointConfig says
    saves_on_sigterm: bool = True
    fails: Failure | None = None
    fails_after_s: float = 60  # of work, when it fails in training
    fails_times: int | None = None
    leaves_after_s: float = 20  # from SIGTERM to the end of the process; SageMaker waits 120 s at most
    stuck_s: float = 0  # how long Stopping or Uploading hangs


def read_script(request: Mapping[str, Any]) -> Script:
    """Read the plan out of a request's hyperparameters, so that a demo says it in the request itself.

    Hyperparameters: work_s, checkpoint_every_s ("never" for none), saves_on_sigterm ("false"), fails_with (a key of FAILURES or a
    FailureReason), fails_in (starting, downloading, training, uploading), fails_after_s, fails_times, leaves_after_s, stuck_s.
    """
    said: Mapping[str, str] = request.get("HyperParameters") or {}
    plan: dict[str, Any] = {name: float(said[name]) for name in SECONDS if name in said}
    if said.get("checkpoint_every_s") == "never":
        plan["checkpoint_every_s"] = None
    elif "checkpoint_every_s" in said:
        plan["checkpoint_every_s"] = float(said["checkpoint_every_s"])
    if "saves_on_sigterm" in said:
        plan["saves_on_sigterm"] = said["saves_on_sigterm"] == "true"
    if "fails_times" in said:
        plan["fails_times"] = int(said["fails_times"])
    if "fails_with" in said:
        failure = FAILURES.get(said["fails_with"]) or Failure(said["fails_with"])
        plan["fails"] = Failure(failure.reason, PHASES[said["fails_in"]]) if "fails_in" in said else failure
    return Script(**plan)


SECONDS = ("work_s", "fails_after_s", "leaves_after_s", "stuck_s")
PHASES: Mapping[str, Phase] = {
    "starting": Phase.LAUNCHING,
    "downloading": Phase.DOWNLOADING,
    "training": Phase.TRAINING,
    "uploading": Phase.UPLOADING,
}
