"""Messages about rules and the policy: a guard that holds a rule back, a waiver that ends, a document that is refused.

Also about requests of other people: a tuning job that breaks a rule, a CreateTrainingJob that SageMaker refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from controller.ledger.messages.facts import OfJob
from controller.ledger.messages.kind import MessageKind
from controller.units.value import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SurpriseHeld(OfJob):
    """A new revision of a rule would act on more jobs than its guard allows; ``job`` is the first above the limit.

    ``jobs`` and ``teams`` count those on which it would have acted.
    """

    kind: ClassVar = MessageKind.SURPRISE_HELD
    policy: str
    revision: str
    jobs: int
    teams: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningFlagged(OfJob):
    """A training job definition of a tuning job breaks a rule. ``job`` has the tuning job's name and the definition's resources.

    ``definition`` is its name, empty for one without. ``fix`` is a part of a request as JSON.
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

    ``why`` is a ``CreateRefusal``. ``quota`` is the name of the limit, ``limit`` its value, ``used`` what is in use of it, and
    ``asked`` what the request needs; ``holders`` are jobs that use the quota.
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
    """A waiver in the policy file ends soon. All texts are those of the file."""

    kind: ClassVar = MessageKind.WAIVER_EXPIRING
    waiver: str
    rules: str
    expires: datetime
    reason: str
    owner: str
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefused:
    """The policy document at ``place`` is not in force because of ``problem``. ``revision`` is in force instead.

    ``stands_in``: no valid version is known, so the policy in the package is used, and no rule enforces.
    """

    kind: ClassVar = MessageKind.POLICY_REFUSED
    place: str
    problem: str
    revision: str
    stands_in: bool = False
