"""Messages about the policy itself: a guard that holds a rule back, a waiver that ends, a document that is refused."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from controller.ledger.messages.facts import OfJob
from controller.ledger.messages.kind import MessageKind
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SurpriseHeld(OfJob):
    """A new revision of a rule would act on more jobs than its guard allows; the job is the one that was too many."""

    kind: ClassVar = MessageKind.SURPRISE_HELD
    policy: str
    revision: str
    jobs: int
    teams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningFlagged(OfJob):
    """A definition of a tuning job breaks a rule. The job has the tuning job's name, and is like those that it starts.

    ``definition`` is empty where there is one without a name; ``fix`` is JSON.
    """

    kind: ClassVar = MessageKind.TUNING_FLAGGED
    definition: str
    policy: str
    severity: str
    field: str
    found: str
    wanted: str
    fix: str = ""
    mode: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRefused:
    """SageMaker refused somebody's CreateTrainingJob.

    ``why`` is a ``CreateRefusal``; ``holders`` are jobs that hold the quota.
    """

    kind: ClassVar = MessageKind.CREATE_REFUSED
    name: str
    why: str
    caller: str
    role: str
    team: str
    instance_type: str
    instances: int
    spot: bool
    quota: str = ""
    limit: int | None = None
    used: int | None = None
    asked: int | None = None
    holders: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverExpiring:
    """A waiver of the policy ends soon; ``rules`` and what it says are text of the policy file."""

    kind: ClassVar = MessageKind.WAIVER_EXPIRING
    waiver: str
    rules: str
    expires: datetime
    reason: str
    owner: str
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefused:
    """The policy document at ``place`` is not in force, since ``problem``. ``revision`` is in force instead.

    ``stands_in``: no good version is known, so the packaged policy is used, and nothing enforces.
    """

    kind: ClassVar = MessageKind.POLICY_REFUSED
    place: str
    problem: str
    revision: str
    stands_in: bool = False
