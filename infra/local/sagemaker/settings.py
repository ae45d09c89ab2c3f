"""Facts about SageMaker that AWS's documentation does not state, as settings. A seed can choose their values.

The controller must work with all values. A comment that begins with "unknown" is a question that the documentation does not
answer; "seen" names what was observed. Faults and their probabilities are in ``faults``.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from infra.local.sagemaker.faults import FaultSettings, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSettings(FaultSettings):
    """The answers to open questions, and durations. The settings of faults are inherited."""

    # Status and events.
    interrupted_sends_event: bool = True  # unknown: is a change to InProgress/Interrupted sent as an event?
    restarts_show_starting: bool = True  # unknown: the documented lifecycles show restarts both with and without Starting
    sigterm_at_interruption: bool = False  # unknown: may a container save a checkpoint when its spot instance is taken?
    completion_beats_stop: bool = True  # unknown: does a job that finishes while Stopping end Completed?
    pending_timeout_secondary: str = "Stopped"  # unknown: the secondary status of a job that timed out in Pending
    end_time_if_never_started: bool = True  # unknown: has a job that never launched a TrainingEndTime?
    deleting_s: float = 0  # unknown: how long a deleted job is shown as Deleting, while its name cannot be used
    times_as: Literal["number", "digits", "iso", "mixed"] = "number"  # seen: integers (real events), digit strings (the guide)
    absent_as: Literal["null", "missing", "mixed"] = "null"  # seen: explicit null (real events), no such key (the guide)
    tags_as: Literal["map", "list", "mixed"] = "map"  # seen: a map (real events), a list (the schema registry)

    # The bill.
    billable_as: Literal["equivalent", "wall-clock"] = "equivalent"  # unknown: two AWS texts define it differently
    usage_delay_s: float | None = 0  # unknown: how long after the end usage appears in Describe; None = never
    usage_if_never_trained: Literal["absent", "zero"] = "absent"  # unknown: usage of a job that got no instance

    # What is refused, and how.
    taken_name_code: Literal["ResourceInUse", "ValidationException"] = "ResourceInUse"  # unknown: the code; the text is known
    capable_needs_checkpoints: bool = False  # unknown: is a capable built-in without CheckpointConfig limited to one hour?
    refuse_sagemaker_tags: bool = False  # unknown: are tags that begin with "sagemaker:" refused?
    refuse_groups_on_spot: bool = True  # unknown: instance groups with spot
    refuse_plans_on_spot: bool = True  # unknown: training plans with spot
    quotas: Mapping[str, int] = field(default_factory=dict)  # name ("ml.p3.2xlarge for spot training job usage") -> instances
    not_offered: tuple[str, ...] = ()  # instance types that the region does not have
    tags_lag_s: float = 0  # unknown: how long after CreateTrainingJob ListTags returns no tags
    pipeline_lag_s: float = 0  # unknown: how long after a job's creation its pipeline step shows it
    tags_per_page: int = 50  # unknown: the number of tags on a page of ListTags; a job can have 50
    describe_empties: bool = False  # seen: AlgorithmName "", ContainerEntrypoint [] and VpcConfig {} if none was requested
    describe_algorithm_image: bool = False  # unknown: does Describe show a TrainingImage beside AlgorithmName?
    describe_selected: bool = False  # unknown: SelectedInstanceType and -Count for jobs without InstancePreferences

    # Durations, in seconds.
    launch: Span = (60, 180)
    download: Span = (30, 240)
    upload: Span = (10, 60)
    requeue: Span = (5, 60)  # from Interrupted to the next Starting
    shutdown: Span = (2, 20)  # from Stopping to Stopped if no container is running

    # The discount of spot on the on-demand price, drawn once for each pool.
    discount: tuple[float, float] = (0.45, 0.75)
    discounts: Mapping[str, float] = field(default_factory=dict)  # instance type -> its discount, in place of a drawn one

    @classmethod
    def drawn(cls, rng: random.Random, **fixed: Any) -> WorldSettings:
        """Draw settings: random answers to the open questions, random probabilities of faults. ``fixed`` fields are not drawn."""
        drawn: dict[str, Any] = {name: rng.choice(choices) for name, choices in CHOICES.items()}
        return cls(**(drawn | fixed))


CHOICES: Final[Mapping[str, tuple[Any, ...]]] = {
    "interrupted_sends_event": (True, False),
    "restarts_show_starting": (True, False),
    "sigterm_at_interruption": (True, False),
    "completion_beats_stop": (True, False),
    "pending_timeout_secondary": ("Stopped", "MaxPendingTimeExceeded", "MaxRuntimeExceeded"),
    "end_time_if_never_started": (True, False),
    "deleting_s": (0, 0, 30),
    "times_as": ("number", "digits", "iso", "mixed"),
    "absent_as": ("null", "missing", "mixed"),
    "tags_as": ("map", "list", "mixed"),
    "billable_as": ("equivalent", "equivalent", "wall-clock"),
    "usage_delay_s": (0, 120, 900, None),
    "usage_if_never_trained": ("absent", "zero"),
    "taken_name_code": ("ResourceInUse", "ValidationException"),
    "capable_needs_checkpoints": (True, False),
    "refuse_sagemaker_tags": (True, False),
    "refuse_groups_on_spot": (True, False),
    "refuse_plans_on_spot": (True, False),
    "tags_per_page": (50, 3),
    "describe_empties": (True, False),
    "describe_algorithm_image": (True, False),
    "describe_selected": (True, False),
    "event_lost": (0.0, 0.05, 0.3),
    "event_duplicated": (0.0, 0.2, 0.5),
    "event_late": (0.0, 0.1),
    "event_reordered": (0.0, 0.2, 0.5),
    "on_demand_shortage": (0.0, 0.0, 0.1),
    "stuck": (0.0, 0.0, 0.02),
    "pipeline_lag_s": (0, 60, 240),
    "tags_lag_s": (0, 0, 30, 180),
}
"""The values that `WorldSettings.drawn` chooses from."""
