"""What a training job's container does, which SageMaker does not know in advance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.sagemaker.failures import FAILURES, Failure
from infra.local.sagemaker.phase import Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a container does. Work is measured in seconds of training.

    `fails_times` limits how often jobs with the same hyperparameters fail, so that a resubmitted job succeeds after a temporary
    failure. None: they always fail.
    """

    work_s: float = 1800
    checkpoint_every_s: float | None = 300  # None: it never writes a checkpoint, also with a CheckpointConfig
    saves_on_sigterm: bool = True
    fails: Failure | None = None
    fails_after_s: float = 60  # seconds of work, for a failure in training
    fails_times: int | None = None
    exits_after_s: float = 20  # from SIGTERM to the end of the process; SageMaker waits at most 120 s
    stuck_s: float = 0  # the additional time of Stopping or Uploading


def read_script(request: Mapping[str, Any]) -> Script:
    """Read a script from a request's hyperparameters, so that each request of the demo contains its own script.

    Hyperparameters: work_s, checkpoint_every_s ("never" for none), saves_on_sigterm ("false"), fails_with (a key of FAILURES or a
    FailureReason), fails_in (starting, downloading, training, uploading), fails_after_s, fails_times, exits_after_s, stuck_s.
    """
    found: Mapping[str, str] = request.get("HyperParameters") or {}
    plan: dict[str, Any] = {name: float(found[name]) for name in SECONDS if name in found}
    if found.get("checkpoint_every_s") == "never":
        plan["checkpoint_every_s"] = None
    elif "checkpoint_every_s" in found:
        plan["checkpoint_every_s"] = float(found["checkpoint_every_s"])
    if "saves_on_sigterm" in found:
        plan["saves_on_sigterm"] = found["saves_on_sigterm"] == "true"
    if "fails_times" in found:
        plan["fails_times"] = int(found["fails_times"])
    if "fails_with" in found:
        failure = FAILURES.get(found["fails_with"]) or Failure(found["fails_with"])
        plan["fails"] = Failure(failure.reason, PHASES[found["fails_in"]]) if "fails_in" in found else failure
    return Script(**plan)


SECONDS = ("work_s", "fails_after_s", "exits_after_s", "stuck_s")
PHASES: Mapping[str, Phase] = {
    "starting": Phase.LAUNCHING,
    "downloading": Phase.DOWNLOADING,
    "training": Phase.TRAINING,
    "uploading": Phase.UPLOADING,
}
