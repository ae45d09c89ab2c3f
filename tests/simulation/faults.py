"""The faults: each has a probability or a count, which the seed decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The faults of one seed: probabilities for each call or event, and counts for each history. 0: never."""

    # What happens to the calls of a function, per call.
    kill_before: float = 0.0  # the function is killed before the call
    kill_after: float = 0.0  # the function is killed after the call took effect
    throttle: float = 0.0  # the call is throttled, and has no effect
    lose_answer: float = 0.0  # the call takes effect, and its response is lost
    stall: float = 0.0  # the function stalls before the call for up to 50 s; its timeout is 45 s
    slow: float = 0.0  # the call takes seconds to arrive, and arrives even if the function is killed meanwhile

    # What happens to events, per event.
    event_lost: float = 0.0
    event_duplicated: float = 0.0
    event_late: float = 0.0
    event_reordered: float = 0.0

    # What users do, per history.
    stop_jobs: int = 0
    delete_jobs: int = 0
    reuse_names: int = 0  # a job is deleted, and another is created with its name
    take_names: int = 0  # a job is created with the name of the controller's next attempt
    clone_tags: int = 0  # a job is created with all tags of another
    edit_policy: int = 0
    halts: int = 0
    squat_names: int = 0  # a stranger's job, of another role, image and output, with the name of the controller's next attempt
    remove_tags: int = 0  # the controller's own tags are removed from a job
    forge_tags: int = 0  # a job gets the tags of an attempt of another lineage, or of a probe
    forge_rows: int = 0  # a Submit that nobody decided is written into the ledger
    break_rules: int = 0  # a user or a tuner creates an on-demand job that the rule of the policy forbids

    # When functions look at a job, per change of any job.
    late_looks: float = 0.0  # functions look at jobs right before they change, and read on seconds after the description

    # Failures of services, for hours per history or for single calls.
    outages: int = 0  # all calls to SageMaker fail, for up to three hours
    silent_tags: int = 0  # only ListTags fails, for up to three hours
    empty_pages: float = 0.0  # a page of ListTrainingJobs is empty, and is not the last one

    # Slack's responses, per call or per lineage.
    odd_answers: float = 0.0  # an error, a proxy's page, a wait of a day, a closed connection, or an ok that is no boolean
    sick_messages: float = 0.0  # all messages about a lineage get a server error

    # S3's responses, per history or per call.
    silent_s3: int = 0  # S3 does not respond, for up to three hours
    slow_down: float = 0.0  # S3 answers SlowDown
    denied_buckets: int = 0  # the controller's role may not list one of the buckets

    # What people do with attempts, per history.
    call_off: int = 0  # a person calls off an attempt that waits

    # What looks like a checkpoint, an interruption or a failure of the user's code, but is not: per prefix, history or job.
    other_files: float = 0.0  # a checkpoint prefix has logs, empty and temporary files, newer than all checkpoints
    open_prefixes: float = 0.0  # a checkpoint prefix has no slash at its end, so other prefixes begin with it
    other_fleets: int = 0  # EC2 sends warnings about another fleet of the same instance family
    late_starts: float = 0.0  # an on-demand job starts after 28 to 58 minutes
    tied_code: float = 0.0  # a job's code fails on other instances than those it was written for

    # Permanent failures.
    broken: int = 0  # jobs that SageMaker never describes: each call times out

    @classmethod
    def drawn(cls, rng: Random) -> Faults:
        """Draw faults. Most seeds have few kinds of faults, so that each kind also occurs alone."""
        return cls(**{name: rng.choice(chances) for name, chances in CHANCES.items()})

    def kinds(self) -> list[str]:
        """The names of the faults that can happen."""
        return [f.name for f in fields(self) if getattr(self, f.name)]

    def without(self, *names: str) -> Faults:
        return replace(self, **dict.fromkeys(names, 0))


CHANCES: Final[Mapping[str, tuple[Any, ...]]] = {
    "kill_before": (0, 0, 0.01, 0.05),
    "kill_after": (0, 0, 0.01, 0.05),
    "throttle": (0, 0, 0.02, 0.1),
    "lose_answer": (0, 0, 0.01, 0.05),
    "stall": (0, 0, 0.02, 0.1),
    "slow": (0, 0, 0.05, 0.2),
    "event_lost": (0, 0.1, 0.6),
    "event_duplicated": (0, 0.5, 1.0),
    "event_late": (0, 0.2),
    "event_reordered": (0, 0.5),
    "stop_jobs": (0, 0, 1),
    "delete_jobs": (0, 0, 1, 2),
    "reuse_names": (0, 0, 1),
    "take_names": (0, 0, 1, 2),
    "clone_tags": (0, 0, 1),
    "edit_policy": (0, 0, 1, 3),
    "broken": (0, 0, 0, 2),
    "halts": (0, 0, 0, 1, 2),
    "squat_names": (0, 0, 1, 4),
    "remove_tags": (0, 0, 1, 4),
    "forge_tags": (0, 0, 1, 4),
    "forge_rows": (0, 0, 0, 2),
    "outages": (0, 0, 0, 1, 2),
    "empty_pages": (0, 0, 0.3),
    "call_off": (0, 0, 2, 6),
    "other_files": (0, 0.3, 0.8),
    "open_prefixes": (0, 0, 0.5, 1.0),
    "other_fleets": (0, 0, 20),
    "late_starts": (0, 0, 0.3, 1.0),
    "tied_code": (0, 0, 0.5),
    "break_rules": (0, 0, 0, 3),
    "late_looks": (0, 0, 0, 0, 0, 0, 0, 0.5),
    "silent_tags": (0, 0, 0, 1, 2),
    "odd_answers": (0, 0, 0.05, 0.3),
    "sick_messages": (0, 0, 0, 0.5),
    "silent_s3": (0, 0, 0, 1, 2),
    "slow_down": (0, 0, 0, 0.1),
    "denied_buckets": (0, 0, 0, 0, 1),
}
"""The values among which ``Faults.drawn`` chooses."""
